import pytest

from ledger.currency_numbers import currency_number, currency_of_number
from ledger.money import UnknownCommodity


@pytest.mark.parametrize(
    ("commodity", "number"),
    [("QAR", "634"), ("JPY", "392"), ("BHD", "048"), ("ALL", "008"), ("EUR", "978")],
)
def test_a_currency_is_named_by_its_number(commodity: str, number: str) -> None:
    assert currency_number(commodity) == number
    assert currency_of_number(number) == commodity


@pytest.mark.parametrize("commodity", ["AVIOS", "XAU", "qar", ""])
def test_what_has_no_number_or_no_minor_unit_is_refused(commodity: str) -> None:
    with pytest.raises(UnknownCommodity):
        currency_number(commodity)


@pytest.mark.parametrize(
    "number", ["959", "999", "63", "0634", "", "QAR", "\u0666\u0663\u0664"]
)
def test_a_number_that_no_currency_has_is_refused(number: str) -> None:
    with pytest.raises(UnknownCommodity):
        currency_of_number(number)
