"""Numbers of gift cards on a magnetic stripe, as a keyboard-wedge reader types them.

    ;0964378591503104=2812?        track 2 (ISO/IEC 7813): sentinels, number, separator, expiry

Sixteen digits: 0, which no payment card begins with (ISO/IEC 7812-1: reserved for ISO/TC 68), then
fourteen at random, then a check digit after Damm, which finds every wrong digit and every swap of
two neighbours. No run of the number passes the check of payment cards, so no guard against those
takes one for such. Fourteen random digits are not guessed at a till; whoever has read the stripe
can copy it, so it pays from gift cards only.

A bank card's stripe is refused, and forgotten on the spot.
"""

import re
from collections.abc import Callable

NUMBER_DIGITS = 16
_RANDOM_DIGITS = NUMBER_DIGITS - 2
_FIRST = "0"

# A quasigroup of order ten, totally anti-symmetric, as H. Michael Damm gives it (2004).
_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)

# A swipe, or the number as it is printed, typed by hand. %...? is track 1, which some readers
# type before track 2; nothing of it is looked at.
_SWIPE = re.compile(r"(?:%[^?]{0,79}\?)?;([0-9]{1,19})=[0-9]{4,21}\?")
_TYPED = re.compile(r"[0-9]{4}(?: ?[0-9]{4}){3}")


class NotAGiftCard(ValueError):
    """The line is a stripe or a number, and not of a gift card. The message shows none of it."""

    def __init__(self) -> None:
        super().__init__(
            "this stripe is not of a gift card: bank cards are not swiped here"
        )


class NumberMistyped(ValueError):
    def __init__(self) -> None:
        super().__init__("the gift card's number has a wrong digit: swipe again")


def read_line(line: str) -> str | None:
    """The number, if the line is a swipe or a typed number; None for anything else.

    Raises NotAGiftCard, NumberMistyped.
    """
    swiped = _SWIPE.fullmatch(line)
    if swiped:
        number = swiped[1]
    elif _TYPED.fullmatch(line):
        number = line.replace(" ", "")
    elif line.startswith((";", "%")):
        raise NotAGiftCard
    else:
        return None
    if not number.startswith(_FIRST) or len(number) != NUMBER_DIGITS:
        raise NotAGiftCard
    if check_digit(number[:-1]) != number[-1]:
        raise NumberMistyped
    return number


def is_number(text: str) -> bool:
    plain = len(text) == NUMBER_DIGITS and text.isascii() and text.isdigit()
    return plain and text.startswith(_FIRST) and check_digit(text[:-1]) == text[-1]


def draw_number(
    digits: Callable[[], int], looks_like_bank_card: Callable[[str], bool]
) -> str:
    """digits: gives 0 to 9 at random. About one number in three passes for no bank card's."""
    while True:
        body = _FIRST + "".join(str(digits()) for _ in range(_RANDOM_DIGITS))
        number = body + check_digit(body)
        if not looks_like_bank_card(number):
            return number


def check_digit(digits: str) -> str:
    interim = 0
    for digit in digits:
        interim = int(_DAMM[interim][int(digit)])
    return str(interim)
