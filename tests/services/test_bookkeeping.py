"""Each entry is told once, whatever ends the bookkeeper, and it all adds up to the ledger."""

import asyncio
import os
from collections.abc import Iterator
from itertools import groupby, pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, select

from ledger.balances import balances
from ledger.posting import Book
from ledger.sqlite_store import SqliteStore
from services.bookkeeping import Bookkeeper, read_places
from services.merchant_tables import DAY_TOTALS, MERCHANT_LINES, PAYMENTS
from services.store import Store, StoreUnavailable
from tests.books import tip_of
from tests.ledger.busy_books import PARTITIONS, BusyBooks


@pytest.fixture
def journals(tmp_path: Path) -> SqliteStore:
    """Some hundred commands of every kind, in three partitions."""
    journals = SqliteStore(tmp_path / "journals")
    asyncio.run(_live(journals))
    return journals


async def _live(journals: SqliteStore) -> None:
    books = BusyBooks(journals, 3)
    await books.open_wallets()
    await books.live(400)
    await books.runtime.close()


@pytest.fixture
def bookkeeper(store: Store, journals: SqliteStore) -> Iterator[Bookkeeper]:
    keeper = Bookkeeper(store, journals, PARTITIONS)
    yield keeper
    keeper.close()


def earned(store: Store) -> dict[tuple[str, str], int]:
    columns = MERCHANT_LINES.c
    query = select(columns.merchant, columns.pot, func.sum(columns.amount_minor)).group_by(
        columns.merchant, columns.pot
    )
    with store.read() as connection:
        return {(row[0], row[1]): row[2] for row in connection.execute(query)}


def left_of_payments(store: Store) -> int | None:
    """What was captured and not given back, as the payments say."""
    left = func.sum(PAYMENTS.c.captured_minor - PAYMENTS.c.refunded_minor)
    with store.read() as connection:
        return connection.execute(select(left)).scalar()


def in_the_ledger(journals: SqliteStore) -> dict[tuple[str, str], int]:
    return {
        (account.owner.decode(), account.pot): -minor
        for account, minor in balances(journals).by_account.items()
        if account.book is Book.MERCHANT
    }


def test_lines_add_up_to_the_stripes_of_the_ledger(
    store: Store, journals: SqliteStore, bookkeeper: Bookkeeper
) -> None:
    while bookkeeper.step():
        pass

    assert earned(store) == in_the_ledger(journals) != {}
    assert read_places(store) == {
        number: tip_of(journals, number).seq for number in range(PARTITIONS)
    }


def test_totals_of_days_add_up_to_the_lines(store: Store, bookkeeper: Bookkeeper) -> None:
    while bookkeeper.step():
        pass

    totals = DAY_TOTALS.c
    with store.read() as connection:
        net = func.sum(totals.captured_minor - totals.refunded_minor)
        told = connection.execute(select(net, func.sum(totals.declined))).one()
        lines = connection.execute(select(func.sum(MERCHANT_LINES.c.amount_minor))).scalar()
        declined = connection.execute(
            select(func.count()).where(PAYMENTS.c.status == "declined")
        ).scalar()
    assert told == (lines, declined)
    assert left_of_payments(store) == lines


def test_a_bookkeeper_that_dies_after_any_write_tells_nothing_twice(
    store: Store, journals: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.bookkeeping.TOLD_AT_ONCE", 7)
    monkeypatch.setattr("services.bookkeeping.TOLD_OF_EACH", 1)
    steps = 0
    busy = True
    while busy:
        keeper = Bookkeeper(store, journals, PARTITIONS)
        busy = keeper.step()
        keeper.close()
        steps += 1

    assert steps > 20
    assert earned(store) == in_the_ledger(journals)
    # Most of what follows a payment stood on a later page than its beginning.
    assert left_of_payments(store) == sum(earned(store).values())


def test_a_page_that_the_store_does_not_take_is_told_again(
    store: Store,
    journals: SqliteStore,
    bookkeeper: Bookkeeper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(Bookkeeper, "_write_place", _refuse)
        with pytest.raises(StoreUnavailable):
            bookkeeper.step()
    assert earned(store) == {}

    while bookkeeper.step():
        pass

    assert earned(store) == in_the_ledger(journals)


def test_what_one_journal_said_is_not_kept_when_the_next_cannot_be_told(
    store: Store,
    journals: SqliteStore,
    bookkeeper: Bookkeeper,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are told in one transaction, so both are told again."""
    write_place = Bookkeeper._write_place

    def refuse_the_last(
        self: Bookkeeper, connection: Connection, partition: int, seq: int
    ) -> None:
        if partition == PARTITIONS - 1:
            raise StoreUnavailable
        write_place(self, connection, partition, seq)

    with monkeypatch.context() as broken:
        broken.setattr(Bookkeeper, "_write_place", refuse_the_last)
        with pytest.raises(StoreUnavailable):
            bookkeeper.step()
    assert read_places(store) == {}

    while bookkeeper.step():
        pass

    assert earned(store) == in_the_ledger(journals)


def test_a_bookkeeper_gives_way_between_its_writes_too(
    store: Store, bookkeeper: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It works through each page several times; a payment that waited for one would be late."""
    monkeypatch.setattr("services.leisure.AT_ONCE", 1)
    happened: list[str] = []
    monkeypatch.setattr(os, "sched_yield", lambda: happened.append("gave way"))
    event.listen(
        store._reader, "before_cursor_execute", lambda *all_: happened.append(all_[2][:6])
    )

    bookkeeper.step()

    runs = [(one, len(list(run))) for one, run in groupby(happened)]
    ways = [count for (_, count), (then, _) in pairwise(runs) if then == "INSERT"]
    payments, lines, days, terminals, *_ = ways
    assert lines == 1
    assert min(payments, days, terminals) > 1


def _refuse(*_arguments: object) -> None:
    raise StoreUnavailable
