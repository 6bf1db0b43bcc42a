import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import AMOUNT_MINOR_MAX, Money, UnknownCommodity, format_minor
from terminals.typed_amount import (
    AmountOutOfRange,
    AmountRefused,
    NotAnAmount,
    TooManyDecimals,
    parse_amount,
)

COMMODITIES = st.sampled_from(["QAR", "JPY", "BHD", "AVIOS"])


@pytest.mark.parametrize(
    ("typed", "commodity", "amount_minor"),
    [
        ("240", "QAR", 24_000),
        ("240.5", "QAR", 24_050),
        ("240.00", "QAR", 24_000),
        ("0.01", "QAR", 1),
        ("007", "QAR", 700),
        ("500", "JPY", 500),
        ("1.25", "BHD", 1_250),
        ("1.001", "BHD", 1_001),
        ("18400", "AVIOS", 18_400),
        ("90071992547409.91", "QAR", AMOUNT_MINOR_MAX),
    ],
)
def test_major_units_become_minor_ones(
    typed: str, commodity: str, amount_minor: int
) -> None:
    assert parse_amount(typed, commodity) == Money(amount_minor, commodity)


@given(st.integers(1, AMOUNT_MINOR_MAX), COMMODITIES)
def test_every_amount_can_be_typed_as_it_is_printed(
    amount_minor: int, commodity: str
) -> None:
    typed = format_minor(amount_minor, commodity).replace(",", "")

    assert parse_amount(typed, commodity) == Money(amount_minor, commodity)


@given(st.text(), COMMODITIES)
def test_any_text_is_an_amount_or_is_refused(typed: str, commodity: str) -> None:
    try:
        amount = parse_amount(typed, commodity)
    except AmountRefused:
        return
    assert 0 < amount.amount_minor <= AMOUNT_MINOR_MAX


NOT_AMOUNTS = [
    "", " ", "-1", "+1", "1,000.00", "1,50", ".50", "240.", "1.2.3", "1e3", "0x10", "1_000",
    "240 ", "nan", "٢٤٠", "\uff12\uff14\uff10", "12345678901234567", "hQVDUFYwMW", "240.00\n",
]  # fmt: skip


@pytest.mark.parametrize("typed", NOT_AMOUNTS)
def test_what_is_not_digits_and_one_point_is_refused(typed: str) -> None:
    with pytest.raises(NotAnAmount):
        parse_amount(typed, "QAR")


@pytest.mark.parametrize("typed", ["PIN-4711", "4711.471147", "471147114711471147114711"])
def test_what_was_typed_is_not_repeated(typed: str) -> None:
    with pytest.raises(AmountRefused) as refused:
        parse_amount(typed, "QAR")
    assert "4711" not in str(refused.value)


@pytest.mark.parametrize(("typed", "commodity"), [("1.001", "QAR"), ("1.0", "JPY")])
def test_a_part_that_the_currency_lacks_is_refused(typed: str, commodity: str) -> None:
    with pytest.raises(TooManyDecimals):
        parse_amount(typed, commodity)


@pytest.mark.parametrize("typed", ["0", "0.00", "90071992547409.92", "9999999999999999"])
def test_nothing_and_too_much_are_refused(typed: str) -> None:
    with pytest.raises(AmountOutOfRange):
        parse_amount(typed, "QAR")


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(UnknownCommodity):
        parse_amount("1", "QQQ")
