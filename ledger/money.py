"""Money: an integer of minor units and its commodity.

A commodity is an ISO 4217 currency (three letters) or a points unit (four letters or more,
so the two can never be confused). There is no float in the house, and no amount without
its commodity.
"""

from functools import cache

import msgspec
from iso4217 import Currency

# The largest integer that every JSON reader keeps exactly (RFC 8259 section 6: IEEE 754
# doubles). A wallet that a browser cannot display is no use to its owner.
AMOUNT_MINOR_MAX = 2**53 - 1

# Points units and their exponents. One airline programme; more are one line each.
POINTS_UNITS = {"AVIOS": 0}


class UnknownCommodity(ValueError):
    """The code is neither an ISO 4217 currency with minor units nor one of our points units."""

    def __init__(self, code: str) -> None:
        super().__init__(f"{code!r} is not an ISO 4217 currency or a points unit")
        self.code = code


@cache
def exponent(commodity: str) -> int:
    """How many decimal places the commodity has: QAR 2, JPY 0, BHD 3, AVIOS 0.

    Raises UnknownCommodity, also for the ISO codes that have no minor unit at all (gold,
    testing): nobody can owe an exact amount of them.
    """
    if commodity in POINTS_UNITS:
        return POINTS_UNITS[commodity]
    try:
        places = Currency(commodity).exponent
    except ValueError:
        raise UnknownCommodity(commodity) from None
    if places is None:
        raise UnknownCommodity(commodity)
    return int(places)


class Money(msgspec.Struct, frozen=True, array_like=True):
    """An amount in minor units: Money(24000, "QAR") is 240.00 riyals."""

    amount_minor: int
    commodity: str

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.commodity)} {self.commodity}"


def format_minor(amount_minor: int, commodity: str) -> str:
    """The amount as people write it, with the commodity's own number of decimals."""
    places = exponent(commodity)
    sign = "-" if amount_minor < 0 else ""
    whole, part = divmod(abs(amount_minor), 10**places)
    return f"{sign}{whole:,}.{part:0{places}d}" if places else f"{sign}{whole:,}"
