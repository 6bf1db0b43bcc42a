"""What is wrong with a body, in a sentence that names the field and the value.

A value is shown when it is short and plain, and never where a secret belongs. What could be the
number of a payment card is refused before anything is logged or kept: this gateway never wants one.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from channels.problem import Problem, bad_field
from terminals.card_numbers import holds_card_number, luhn_valid

# Runs of 13 digits or more: what a card number looks like (ISO/IEC 7812-1), if it is Luhn-valid.
_DIGITS = re.compile(rb"[0-9](?:[ -]?[0-9]){12}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
# Longer texts are not repeated: an API key has 35 characters, a payment code above 100.
_SHOWN_CHARS_MAX = 32
_KEY_MARK = "ak_"
# A payment code may hold digits like a card's by chance; of a key only its digest is kept.
_OPAQUE_FIELDS = (".code", ".key")
_AT = re.compile(r" - at `(?P<path>[^`]*)`$")
_ABOUT = re.compile(
    r"^Object (?:missing required|contains unknown) field `(?P<name>.*)`$", re.DOTALL
)
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode


def decode_problem(raw: bytes, error: Exception) -> Problem:
    """The problem of a body that could not be decoded."""
    if isinstance(error, msgspec.ValidationError):
        return _wrong_value(raw, str(error))
    if isinstance(error, UnicodeDecodeError):
        reason = "a text in it is not UTF-8"
    elif isinstance(error, RecursionError):
        reason = "it is nested too deeply"
    else:
        reason = str(error).removeprefix("JSON is malformed: ").lower()
    return Problem(400, "not-json", f"The body is not JSON: {reason}.", field="$")


def _wrong_value(raw: bytes, message: str) -> Problem:
    found = _AT.search(message)
    path = found["path"] if found else "$"
    reason = message[: found.start()] if found else message
    about = _ABOUT.match(reason)
    if about and not _may_show(about["name"]):
        reason = "Object contains unknown field with a name that is not shown"
    elif about:
        path = f"{path}.{about['name']}"
    else:
        reason += _shown(raw, path)
    return bad_field(path, f"{reason}.")


def _shown(raw: bytes, path: str) -> str:
    """The value at this path of the body, in brackets, or nothing if it cannot be shown."""
    try:
        value = msgspec.json.decode(raw)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return ""
    for name, index in _STEP.findall(path):
        value = value[name] if name else value[int(index)]
    if isinstance(value, dict | list) or path.endswith(_OPAQUE_FIELDS):
        return ""
    if isinstance(value, str) and not _may_show(value):
        return " (the value is not shown)"
    if not isinstance(value, str) and luhn_valid(re.sub(r"\D", "", str(value))):
        return " (the value is not shown)"
    return f" (the value was {msgspec.json.encode(value).decode()[:_SHOWN_CHARS_MAX]})"


def _may_show(text: str) -> bool:
    if len(text) > _SHOWN_CHARS_MAX or _KEY_MARK in text:
        return False
    return not holds_card_number(text)


def require_unique_names(raw: bytes) -> None:
    """Raise a Problem if an object names a field twice: readers differ on which one counts.

    Read into objects and written again, such a body has fewer quotes; any other has as many, if no
    backslash hides one. That costs a third of the look at each name.
    """
    if b"\\" not in raw and raw.count(b'"') == _encode(_decode(raw)).count(b'"'):
        return
    json.loads(raw, object_pairs_hook=_unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names: dict[str, Any] = {}
    for name, value in pairs:
        if name in names:
            raise bad_field(f"$..{name}", f"The field `{name}` stands twice in one object.")
        names[name] = value
    return names


def refuse_texts(raw: bytes, body: msgspec.Struct) -> None:
    """Raise a Problem if any text of the body holds a control character, or what looks like a
    card number.

    Most bodies have no text that could: then one look at the bytes is all.
    """
    if b"\\" not in raw and b"\x7f" not in raw and not _DIGITS.search(raw):
        return
    for path, text in _texts("$", msgspec.to_builtins(body)):
        control = _CONTROL.search(text)
        if control:
            shown = f"U+{ord(control[0]):04X}"
            raise bad_field(path, f"This field holds the control character {shown}.")
        if not path.endswith(_OPAQUE_FIELDS) and holds_card_number(text):
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
