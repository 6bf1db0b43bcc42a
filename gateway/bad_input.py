"""What is wrong with a body, in a sentence that names the field and the value.

The value is shown short, and masked where it may be a secret. What could be the number of a payment
card is refused before anything is logged or kept: this gateway never wants one.
"""

import re
from collections.abc import Iterator

import msgspec

from channels.problem import Problem

# Luhn-valid digit runs of 13 to 19: what a card number looks like (ISO/IEC 7812-1).
_DIGITS = re.compile(rb"(?:\d[ -]?){12,18}\d")
_SHOWN_CHARS_MAX = 48
_SECRET_FIELDS = ("code", "key")
_AT = re.compile(r" - at `(?P<path>[^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+|\.\.\.)\]")


def decode_problem(raw: bytes, error: Exception) -> Problem:
    message = str(error)
    found = _AT.search(message)
    if not isinstance(error, msgspec.ValidationError):
        return Problem(400, "not-json", f"The body is not JSON: {message}.")
    path = found["path"] if found else "$"
    reason = message[: found.start()] if found else message
    return Problem(400, "bad-request", f"{reason}, got {_shown(raw, path)}.", field=path)


def _shown(raw: bytes, path: str) -> str:
    """The value at this path of the body, as short JSON."""
    try:
        value = msgspec.json.decode(raw or b"{}")
    except msgspec.DecodeError:
        return "something that cannot be shown"
    for name, index in _STEP.findall(path):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and index.isdigit() and int(index) < len(value):
            value = value[int(index)]
        else:
            return "nothing"
    if path.endswith(_SECRET_FIELDS) or _holds_card_number(str(value)):
        return "a value that is not shown"
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_CHARS_MAX else text[:_SHOWN_CHARS_MAX] + "…"


def refuse_card_numbers(raw: bytes, body: msgspec.Struct) -> None:
    """Raise a Problem if any text of the body holds what looks like a card number.

    By field, not by pattern: a payment code may hold such a run by chance, and is exempt.
    """
    if not _DIGITS.search(raw):
        return
    for path, text in _texts("$", msgspec.to_builtins(body)):
        if not path.endswith(".code") and _holds_card_number(text):
            raise Problem(
                400,
                "card-number-refused",
                "This field holds what looks like a payment card number. Never send one here.",
                field=path,
            )


def _texts(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _texts(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts(f"{path}[{index}]", inner)


def _holds_card_number(text: str) -> bool:
    for run in re.findall(r"\d+", re.sub(r"(?<=\d)[ -](?=\d)", "", text)):
        if any(
            luhn_valid(run[start : start + length])
            for length in range(13, 20)
            for start in range(len(run) - length + 1)
        ):
            return True
    return False


def luhn_valid(digits: str) -> bool:
    """ISO/IEC 7812-1 annex B: double every second digit from the right, sum the digits."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
