"""Entries balance, whatever happened: there is no way to write one that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import GENESIS_HASH, Place, build, chain, seal, unseal
from ledger.events import Event
from ledger.ids import AccountId, account_text
from ledger.posting import (
    CONSTRAINED,
    Book,
    Legs,
    Posting,
    Unbalanced,
    commodity_of,
    move,
    require_balance,
)
from ledger.postings import postings_of
from tests.books import account_of
from tests.strategies import accounts, legs, minors, money_events, pots

AMIRA = account_of("amira")
books = st.sampled_from(Book)


@given(accounts, money_events)
def test_an_entry_of_any_event_balances_for_each_commodity(
    account: AccountId, event: Event
) -> None:
    lines = build(account, event, Place(1, 0)).postings
    sums: dict[str, int] = {}
    for line in lines:
        commodity = commodity_of(line.pot)
        sums[commodity] = sums.get(commodity, 0) + line.amount_minor

    assert not any(sums.values())


@given(accounts, money_events)
def test_only_the_accounts_own_money_is_constrained(
    account: AccountId, event: Event
) -> None:
    for line in postings_of(account, event):
        assert line.owner == account or line.book not in CONSTRAINED


@given(legs, books, books)
def test_a_move_balances(moved: Legs, debit: Book, credit: Book) -> None:
    lines = move(moved, debit=(debit, AMIRA), credit=(credit, b""))

    require_balance(lines)
    assert len(lines) == 2 * len(moved)


@given(legs, pots, minors, st.sampled_from([1, -1]))
def test_one_line_too_many_is_never_balanced(
    moved: Legs, pot: str, minor: int, sign: int
) -> None:
    lines = move(moved, debit=(Book.AVAILABLE, AMIRA), credit=(Book.TRANSIT, b""))
    lines.append(Posting(Book.TRANSIT, b"", pot, sign * minor))

    with pytest.raises(Unbalanced, match=commodity_of(pot)):
        require_balance(lines)


def test_one_currency_does_not_balance_another() -> None:
    lines = [
        Posting(Book.AVAILABLE, AMIRA, "QAR", 5),
        Posting(Book.TRANSIT, b"", "AVIOS", -5),
    ]

    with pytest.raises(Unbalanced, match="QAR are off by 5"):
        require_balance(lines)


def test_pots_of_one_commodity_balance_each_other() -> None:
    require_balance(
        [
            Posting(Book.AVAILABLE, AMIRA, "QAR/meal", 5),
            Posting(Book.AVAILABLE, AMIRA, "QAR", -5),
        ]
    )


@given(accounts, money_events)
def test_an_entry_comes_back_from_its_bytes_as_it_was(
    account: AccountId, event: Event
) -> None:
    entry = build(account, event, Place(7, 42, 3))
    sealed = seal(entry, GENESIS_HASH)

    assert unseal(sealed.body) == entry
    assert sealed.hash == chain(GENESIS_HASH, sealed.body)


def test_a_line_reads_as_its_ledger_account() -> None:
    lines = [
        Posting(Book.AVAILABLE, AMIRA, "QAR", 1),
        Posting(Book.MERCHANT, b"mer_lounge", "QAR", 1),
        Posting(Book.TRANSIT, b"", "AVIOS", 1),
        Posting(Book.MERCHANT, "mer_café".encode(), "QAR", 1),
    ]

    assert [line.ledger_account for line in lines] == [
        f"available:{account_text(AMIRA)}:QAR",
        "merchant:mer_lounge:QAR",
        "transit:AVIOS",
        r"merchant:mer_caf\xc3\xa9:QAR",
    ]
