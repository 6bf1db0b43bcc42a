"""Payment numbers: never a card's, drawn again for the same request, and bound to what they pay."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.clock import DAY_MS
from ledger.money import Money
from services.agencies import Agency, NewAgency, create_agency
from services.keyring import Keyring, open_keyring
from services.mint import RandomBytes
from services.payment_numbers import (
    DIGITS,
    Drawn,
    NewNumber,
    NumberRefused,
    _digits,
    cancel_number,
    draw_number,
    find_number,
    list_numbers,
    require_usable,
    well_formed,
)
from services.store import Store
from terminals.card_numbers import holds_card_number, luhn_sum, luhn_valid
from tests.books import memory_folder

NOON = 1_767_225_600_000
TICKET = Money(1_230_000, "QAR")


@pytest.fixture(scope="module")
def keyring() -> Keyring:
    with memory_folder() as folder:
        return open_keyring(Path(folder), random_bytes=Random(3).randbytes)


@pytest.fixture
def agency(store: Store, random_bytes: RandomBytes) -> Agency:
    new = NewAgency(name="Gulf", iata_code="04212342", account="acc_" + "a" * 24)
    return create_agency(store, new, random_bytes=random_bytes, now_ms=NOON)


def draw(store: Store, keyring: Keyring, agency: Agency, asked: bytes = b"key 1") -> Drawn:
    new = NewNumber(
        agency=agency.id,
        amount=TICKET,
        expires_at_ms=NOON + DAY_MS,
        created_by="prn_agent",
        asked=asked,
    )
    return draw_number(store, keyring, new, now_ms=NOON)


@given(asked=st.binary(min_size=16, max_size=16))
def test_no_number_could_be_a_payment_cards(keyring: Keyring, asked: bytes) -> None:
    digits = _digits(keyring, asked)

    assert len(digits) == DIGITS
    assert digits.startswith("0")
    assert not luhn_valid(digits)
    assert not holds_card_number(digits)
    assert not holds_card_number(f"number {digits[:4]} {digits[4:8]} {digits[8:]}")
    assert well_formed(digits)


@given(asked=st.binary(min_size=16, max_size=16), data=st.data())
def test_one_mistyped_digit_is_always_noticed(
    keyring: Keyring, asked: bytes, data: st.DataObject
) -> None:
    digits = _digits(keyring, asked)
    place = data.draw(st.integers(0, DIGITS - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[place]]))

    assert not well_formed(digits[:place] + other + digits[place + 1 :])


@pytest.mark.parametrize(
    "text", ["", "0", "0" * 15, "0" * 17, "\u0660" * 16, "4111111111111111"]
)
def test_what_is_no_number_is_not_looked_up(text: str) -> None:
    assert not well_formed(text)


def test_the_same_request_draws_the_same_number(
    store: Store, keyring: Keyring, agency: Agency
) -> None:
    first, again = draw(store, keyring, agency), draw(store, keyring, agency)
    other = draw(store, keyring, agency, b"key 2")

    assert (again.digits, again.number) == (first.digits, first.number)
    assert (first.replayed, again.replayed) == (False, True)
    assert other.digits != first.digits
    assert len(list_numbers(store, agency.id)) == 2


def test_the_digits_are_stored_nowhere_and_never_printed(
    store: Store, keyring: Keyring, agency: Agency
) -> None:
    drawn = draw(store, keyring, agency)

    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM payment_numbers").fetchall()
    assert drawn.digits not in str(rows)
    assert drawn.digits not in repr(drawn)
    assert drawn.number.masked == "•" * 12 + drawn.digits[-4:]


def test_a_number_is_found_by_its_own_agency_only(
    store: Store, keyring: Keyring, agency: Agency
) -> None:
    drawn = draw(store, keyring, agency)

    found = find_number(store, keyring, agency=agency.id, digits=drawn.digits)
    assert found == drawn.number
    with pytest.raises(NumberRefused) as refused:
        find_number(store, keyring, agency="agy_other", digits=drawn.digits)
    assert refused.value.reason == "number_unknown"


def test_a_number_pays_its_amount_in_its_time_while_it_is_not_cancelled(
    store: Store, keyring: Keyring, agency: Agency
) -> None:
    number = draw(store, keyring, agency).number
    last_ms = NOON + DAY_MS - 1

    def refusal(amount: Money, month: str | None, now_ms: int) -> str | None:
        try:
            require_usable(number, amount, month, now_ms=now_ms)
        except NumberRefused as refused:
            return refused.reason
        return None

    assert refusal(TICKET, None, last_ms) is None
    assert refusal(TICKET, number.expiration, NOON) is None
    assert refusal(TICKET, "0199", NOON) == "number_wrong_expiration"
    assert refusal(TICKET, None, last_ms + 1) == "number_expired"
    assert refusal(Money(1_229_999, "QAR"), None, NOON) == "number_wrong_amount"
    assert refusal(Money(1_230_000, "EUR"), None, NOON) == "number_wrong_amount"
    number = cancel_number(store, number.id, now_ms=NOON)
    assert refusal(TICKET, None, NOON) == "number_cancelled"


def test_the_sum_of_a_number_ends_in_five(keyring: Keyring) -> None:
    sums = {luhn_sum(_digits(keyring, bytes([n] * 16))) % 10 for n in range(50)}

    assert sums == {5}
