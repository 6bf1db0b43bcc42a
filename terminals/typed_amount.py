"""Typed amounts: what a cashier keys in, in major units, as whole minor units.

    "240.00" and QAR -> 24000     "500" and JPY -> 500     "1.250" and BHD -> 1250

Digits and one point, nothing else: a comma separates thousands in one country and decimals
in the next, so it is refused rather than guessed. Text is cut into whole and part and read
as integers; a float would lose a unit somewhere above 2^53 and round silently below.

No message repeats what was typed: scanners and customers type into the wrong field too, and
it may be a payment code or a PIN.

    AmountRefused
        NotAnAmount         not digits with at most one point
        TooManyDecimals     the currency has no such small part
        AmountOutOfRange    zero, or more than any wallet can hold
"""

import re

from ledger.money import AMOUNT_MINOR_MAX, Money, exponent, format_minor

# [0-9], not \d: that takes the digits of every script. 16 of them hold AMOUNT_MINOR_MAX.
_TYPED = re.compile(r"([0-9]{1,16})(?:\.([0-9]{1,16}))?")

EXAMPLE_MINOR = 24_000


class AmountRefused(ValueError):
    """Base: the text is not an amount of this currency. The cashier may type again."""


class NotAnAmount(AmountRefused):
    def __init__(self, commodity: str) -> None:
        super().__init__(
            "that is not an amount: type digits and at most one point, like "
            f"{format_minor(EXAMPLE_MINOR, commodity).replace(',', '')}"
        )


class TooManyDecimals(AmountRefused):
    def __init__(self, commodity: str) -> None:
        places = exponent(commodity)
        super().__init__(
            f"{commodity} has {places} decimals at the most"
            if places
            else f"{commodity} has no decimals"
        )


class AmountOutOfRange(AmountRefused):
    def __init__(self, commodity: str) -> None:
        largest = format_minor(AMOUNT_MINOR_MAX, commodity)
        super().__init__(f"an amount is more than zero and at most {largest} {commodity}")


def parse_amount(typed: str, commodity: str) -> Money:
    """Raises AmountRefused, and UnknownCommodity of the ledger."""
    places = exponent(commodity)
    match = _TYPED.fullmatch(typed)
    if match is None:
        raise NotAnAmount(commodity)
    whole, part = match[1], match[2] or ""
    if len(part) > places:
        raise TooManyDecimals(commodity)
    amount_minor = int(whole + part.ljust(places, "0"))
    if not 0 < amount_minor <= AMOUNT_MINOR_MAX:
        raise AmountOutOfRange(commodity)
    return Money(amount_minor, commodity)
