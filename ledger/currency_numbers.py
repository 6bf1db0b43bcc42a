"""Currencies by number, as card messages and QR codes spell them: QAR is 634 (ISO 4217)."""

from functools import cache

from iso4217 import Currency

from ledger.money import UnknownCommodity, exponent


@cache
def currency_number(commodity: str) -> str:
    """Its three digits. Raises UnknownCommodity, also for points: they have no number."""
    exponent(commodity)
    try:
        return f"{Currency(commodity).number:03d}"
    except ValueError:
        raise UnknownCommodity(commodity) from None


def currency_of_number(number: str) -> str:
    """The currency with these three digits, "634". Raises UnknownCommodity."""
    commodity = _by_number().get(number)
    if commodity is None:
        raise UnknownCommodity(number[:8])
    return commodity


@cache
def _by_number() -> dict[str, str]:
    """Only those in which somebody can owe an exact amount."""
    return {
        f"{currency.number:03d}": str(currency.code)
        for currency in Currency
        if currency.exponent is not None
    }
