from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.ids import (
    ACCOUNT_BYTES,
    SLOT_COUNT,
    AccountId,
    MalformedId,
    Ref,
    account_text,
    derive_account,
    parse_account,
    parse_payment,
    parse_transfer,
    payment_text,
    slot_of,
    transfer_text,
)
from tests.books import account_of
from tests.strategies import accounts, refs

AMIRA = account_of("amira")

Parse = Callable[[str], AccountId | Ref]
every_parse = pytest.mark.parametrize(
    "parse", [parse_account, parse_payment, parse_transfer]
)


@given(accounts)
def test_an_account_comes_back_from_its_text(account: AccountId) -> None:
    assert parse_account(account_text(account)) == account
    assert len(account_text(account)) == 28


@given(refs)
def test_payments_and_transfers_come_back_from_their_texts(ref: Ref) -> None:
    assert parse_payment(payment_text(ref)) == ref
    assert parse_transfer(transfer_text(ref)) == ref
    assert len(payment_text(ref)) == len(transfer_text(ref)) == 36


@given(accounts)
def test_the_slot_is_the_first_twelve_bits(account: AccountId) -> None:
    assert 0 <= slot_of(account) < SLOT_COUNT
    assert f"{int.from_bytes(account, 'big'):0120b}"[:12] == f"{slot_of(account):012b}"


@every_parse
@given(text=st.text(max_size=60))
def test_any_other_text_is_refused_and_nothing_else_happens(
    parse: Parse, text: str
) -> None:
    with pytest.raises(MalformedId):
        parse(text)


@every_parse
@pytest.mark.parametrize("kind", ["acc_", "pay_", "trf_"])
@given(rest=st.text("abcdefghijklmnopqrstuvwxyz234567=18 ", max_size=40))
def test_only_what_was_encoded_is_decoded(parse: Parse, kind: str, rest: str) -> None:
    """No two texts are the same id: what is read is written again as it was."""
    write: dict[Parse, Callable[..., str]] = {
        parse_account: account_text,
        parse_payment: payment_text,
        parse_transfer: transfer_text,
    }
    try:
        found = parse(kind + rest)
    except MalformedId:
        return
    assert write[parse](found) == kind + rest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "acc_",
        account_text(AMIRA).upper(),
        account_text(AMIRA)[:-1],
        account_text(AMIRA) + "a",
        account_text(AMIRA).replace("acc_", "pay_"),
        payment_text(Ref(AMIRA, 1)),
    ],
)
def test_a_text_that_is_nearly_an_account_is_refused(text: str) -> None:
    with pytest.raises(MalformedId, match="acc_"):
        parse_account(text)


def test_the_same_key_of_the_same_caller_opens_the_same_account() -> None:
    assert derive_account("prn_a", "key") == derive_account("prn_a", "key")
    assert derive_account("prn_a", "key") != derive_account("prn_b", "key")
    assert derive_account("prn_a", "bkey") != derive_account("prn_ab", "key")
    assert len(derive_account("prn_a", "key")) == ACCOUNT_BYTES


def test_the_error_shows_a_bounded_part_of_what_was_given() -> None:
    with pytest.raises(MalformedId) as caught:
        parse_account("x" * 10_000)

    assert len(str(caught.value)) < 120
