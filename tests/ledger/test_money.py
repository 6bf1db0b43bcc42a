import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import (
    AMOUNT_MINOR_MAX,
    POINTS_UNITS,
    Money,
    UnknownCommodity,
    exponent,
    format_minor,
)
from tests.strategies import commodities


@pytest.mark.parametrize(
    ("commodity", "places"), [("QAR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4), ("AVIOS", 0)]
)
def test_a_commodity_has_the_decimals_of_iso_4217(commodity: str, places: int) -> None:
    assert exponent(commodity) == places


@pytest.mark.parametrize(
    "code", ["", "QA", "qar", "QQQ", "XAU", "XXX", "MILES", "QAR/meal"]
)
def test_what_nobody_can_owe_exactly_is_no_commodity(code: str) -> None:
    with pytest.raises(UnknownCommodity, match=repr(code)):
        exponent(code)


def test_points_are_never_mistaken_for_a_currency() -> None:
    assert all(len(code) > 3 for code in POINTS_UNITS)


@pytest.mark.parametrize(
    ("minor", "commodity", "written"),
    [
        (24_000, "QAR", "240.00"),
        (5, "QAR", "0.05"),
        (-5, "QAR", "-0.05"),
        (123_456_789, "QAR", "1,234,567.89"),
        (1_500, "JPY", "1,500"),
        (1, "BHD", "0.001"),
        (AMOUNT_MINOR_MAX, "AVIOS", "9,007,199,254,740,991"),
    ],
)
def test_an_amount_is_written_as_people_write_it(
    minor: int, commodity: str, written: str
) -> None:
    assert format_minor(minor, commodity) == written
    assert str(Money(minor, commodity)) == f"{written} {commodity}"


@given(st.integers(), commodities)
def test_no_digit_is_lost(minor: int, commodity: str) -> None:
    written = format_minor(minor, commodity)

    assert int(written.replace(",", "").replace(".", "")) == minor
    assert len(written.partition(".")[2]) == exponent(commodity)


def test_the_largest_amount_is_one_that_a_browser_reads_exactly() -> None:
    assert AMOUNT_MINOR_MAX == 2**53 - 1
