"""Numbers of tickets and EMDs: three digits of the airline, nine of a series, a check digit.

The check digit is the nine before it modulo 7, as on real documents. A number that a door which
refuses card numbers would refuse is never made (terminals/card_numbers.py): the next of its hundred
is taken instead, so each serial has a hundred numbers to choose from, and one number.
"""

from terminals.card_numbers import holds_card_number

DIGITS = 13
AIRLINE_DIGITS = 3
CHECK_MODULUS = 7
SPARE = 100
_BODY_END = 1_000_000_000


class SeriesExhausted(Exception):
    """The airline's series has no number left. Its office gives out another."""

    def __init__(self, airline_code: str) -> None:
        super().__init__(
            f"airline {airline_code}: the series of document numbers is used up"
        )


def document_number(airline_code: str, first: int, serial: int) -> str:
    """The serial's number, 13 digits; first: where the series of nine-digit bodies begins.

    Raises SeriesExhausted.
    """
    start = first + serial * SPARE
    if start + SPARE > _BODY_END:
        raise SeriesExhausted(airline_code)
    for body in range(start, start + SPARE):
        number = f"{airline_code}{body:09d}{body % CHECK_MODULUS}"
        if not holds_card_number(number):
            return number
    raise AssertionError("most document numbers are good")


def is_document_number(digits: str) -> bool:
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return False
    return int(digits[AIRLINE_DIGITS:-1]) % CHECK_MODULUS == int(digits[-1])


def printed(number: str) -> str:
    """As documents show it: 000-2400001004."""
    return f"{number[:AIRLINE_DIGITS]}-{number[AIRLINE_DIGITS:]}"


def typed(text: str) -> str:
    """What a person typed, or a scanner read, without dashes and spaces."""
    return text.replace("-", "").replace(" ", "")
