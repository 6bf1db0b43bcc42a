import pytest

from services.merchants import (
    MalformedMerchant,
    Merchant,
    MerchantDetails,
    UnknownMerchant,
    create_merchant,
    find_merchants,
    get_merchant,
)
from services.mint import RandomBytes
from services.store import Store


def test_a_merchant_is_read_as_it_was_created(store: Store, lounge: Merchant) -> None:
    assert lounge.id.startswith("mer_")
    assert len(lounge.id) == 28
    assert get_merchant(store, lounge.id) == lounge


def test_merchants_are_found_by_id_and_unknown_ones_left_out(
    store: Store, lounge: Merchant, duty_free: Merchant
) -> None:
    found = find_merchants(store, [duty_free.id, lounge.id, "mer_nobody"])

    assert found == {lounge.id: lounge, duty_free.id: duty_free}
    assert find_merchants(store, []) == {}


def test_an_unknown_merchant_is_named_in_the_error(store: Store) -> None:
    with pytest.raises(UnknownMerchant, match="there is no merchant 'mer_nobody'"):
        get_merchant(store, "mer_nobody")


@pytest.mark.parametrize(
    ("mcc", "country", "field"),
    [
        ("458", "QA", "mcc"),
        ("45820", "QA", "mcc"),
        ("4582\n", "QA", "mcc"),
        ("٤٥٨٢", "QA", "mcc"),
        ("4582", "qa", "country"),
        ("4582", "QAT", "country"),
    ],
)
def test_codes_that_are_not_of_their_standard_are_refused(
    store: Store, random_bytes: RandomBytes, mcc: str, country: str, field: str
) -> None:
    details = MerchantDetails(name="Lounge", mcc=mcc, city="Doha", country=country)

    with pytest.raises(MalformedMerchant) as caught:
        create_merchant(store, details, random_bytes=random_bytes)

    assert caught.value.field == field
