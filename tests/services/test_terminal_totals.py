"""What a terminal did is counted once, and a batch closes when both sides agree to the unit."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from actors.tail import Tail
from ledger.entry import Entry
from ledger.events import Purchased, Refunded, Reversed
from ledger.sqlite_store import SqliteStore
from services.bookkeeping import Bookkeeper
from services.store import Store
from services.terminal_totals import Closing, Totals, close_batch, open_totals
from tests.ledger.busy_books import PARTITIONS, BusyBooks

KEY = bytes(16)


@pytest.fixture
def journals(tmp_path: Path) -> SqliteStore:
    journals = SqliteStore(tmp_path / "journals")
    asyncio.run(_live(journals))
    return journals


async def _live(journals: SqliteStore) -> None:
    books = BusyBooks(journals, 3)
    await books.open_wallets()
    await books.live(400)
    await books.runtime.close()


def told(store: Store, journals: SqliteStore) -> None:
    keeper = Bookkeeper(store, journals, PARTITIONS)
    while keeper.step():
        pass
    keeper.close()


def entries(journals: SqliteStore) -> list[Entry]:
    found: list[Entry] = []
    for partition in range(PARTITIONS):
        tail = Tail(journals, partition)
        while page := tail.next():
            found += page
        tail.close()
    return found


def test_what_a_caller_did_is_counted_as_the_journal_has_it(
    store: Store, journals: SqliteStore
) -> None:
    told(store, journals)
    told(store, journals)  # a bookkeeper that starts again tells nothing twice
    counted: Counter[tuple[str, str]] = Counter()
    for entry in entries(journals):
        if isinstance(entry.event, Purchased):
            counted[entry.caller, "sales"] += sum(
                minor for pot, minor in entry.event.legs.items() if pot == "QAR"
            )
        if isinstance(entry.event, Reversed):
            counted[entry.caller, "reversals"] += entry.event.refunded.get("QAR", 0)
        if isinstance(entry.event, Refunded):
            counted[entry.caller, "refunds"] += entry.event.legs.get("QAR", 0)
    [caller] = {caller for caller, _ in counted}

    totals = open_totals(store, caller, "QAR")

    assert totals.refunds_minor == counted[caller, "refunds"] > 0
    assert totals.reversals_minor == counted[caller, "reversals"] > 0
    assert totals.sales_minor >= counted[caller, "sales"] > 0
    assert totals.sales > totals.refunds > 0


def test_a_batch_closes_when_the_figures_agree_and_the_next_one_is_empty(
    store: Store, journals: SqliteStore
) -> None:
    told(store, journals)
    [caller] = {entry.caller for entry in entries(journals) if entry.caller}
    ours = open_totals(store, caller, "QAR")

    closed = close_batch(store, caller, "QAR", ours, request=KEY, now_ms=1)
    again = close_batch(store, caller, "QAR", ours, request=KEY, now_ms=2)
    empty = close_batch(store, caller, "QAR", Totals(), request=KEY[1:], now_ms=3)

    assert closed == again == Closing(ours, 1)
    assert empty == Closing(Totals(), 2)
    assert open_totals(store, caller, "QAR") == Totals()


@pytest.mark.parametrize("field", Totals.__struct_fields__)
def test_a_batch_with_a_difference_of_one_stays_open_and_names_it(
    store: Store, journals: SqliteStore, field: str
) -> None:
    told(store, journals)
    [caller] = {entry.caller for entry in entries(journals) if entry.caller}
    ours = open_totals(store, caller, "QAR")

    wrong = ours.plus(Totals(**{field: 1}))
    answer = close_batch(store, caller, "QAR", wrong, request=KEY, now_ms=1)

    assert answer == Closing(ours, 0)
    assert close_batch(store, caller, "QAR", ours, request=KEY, now_ms=2).number == 1


def test_net_is_what_the_merchant_is_owed() -> None:
    assert Totals(2, 500, 1, 100, 1, 250).net_minor == 150


def test_who_did_nothing_has_nothing(store: Store) -> None:
    assert open_totals(store, "prn_none", "QAR") == Totals()
