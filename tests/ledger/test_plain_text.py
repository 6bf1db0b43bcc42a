"""hledger, a tool that others wrote, adds up the same balances as we do, to the unit."""

import asyncio
import csv
import subprocess
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from ledger.balances import balances
from ledger.clock import DAY_MS
from ledger.errors import JournalDamaged
from ledger.plain_text import plain_text
from ledger.posting import Posting, commodity_of
from ledger.sqlite_store import SqliteStore
from ledger.time_text import day_of, day_text, parse_time, time_text
from tests.books import memory_folder, money
from tests.ledger.busy_books import BusyBooks
from tests.ledger.forge import edited, make_world

Sums = dict[str, int]


@pytest.fixture(scope="module")
def small() -> Iterator[SqliteStore]:
    with memory_folder() as folder:
        make_world(SqliteStore(Path(folder)))
        yield SqliteStore(Path(folder))


def hledger(journal: str, *arguments: str) -> str:
    done = subprocess.run(
        ["hledger", "-f", "-", *arguments],
        input=journal,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def exported(store: SqliteStore, days: range | None = None) -> str:
    return "".join(f"{line}\n" for line in plain_text(store, days))


def theirs(journal: str) -> Sums:
    """What hledger makes of it: minor units, by account."""
    table = hledger(journal, "balance", "--flat", "-E", "-N", "-O", "csv")
    sums = {}
    for row in csv.DictReader(table.splitlines()):
        amount, _, commodity = row["balance"].partition(" ")
        sums[row["account"]] = money(amount, commodity).amount_minor if commodity else 0
    return sums


def ours(store: SqliteStore) -> Sums:
    return {
        Posting(a.book, a.owner, a.pot, 0).ledger_account: minor
        for a, minor in balances(store).by_account.items()
    }


def test_the_small_world_balances_there_as_here(small: SqliteStore) -> None:
    journal = exported(small)

    hledger(journal, "check")

    assert theirs(journal) == ours(small)
    assert {commodity_of(name.rpartition(":")[2]) for name in ours(small)} == {
        "QAR",
        "AVIOS",
    }


@pytest.mark.slow
def test_busy_books_balance_there_as_here() -> None:
    async def live(store: SqliteStore) -> None:
        books = BusyBooks(store, seed=11)
        await books.open_wallets()
        await books.live(600)
        await books.aclose()

    with memory_folder() as folder:
        store = SqliteStore(Path(folder))
        asyncio.run(live(store))
        journal = exported(store)

        assert theirs(journal) == ours(store)
        assert len(ours(store)) > 60


def test_an_amount_that_does_not_balance_is_refused_there(small: SqliteStore) -> None:
    """Or the two tests above would prove nothing."""
    spoilt = exported(small).replace("  1000.00 QAR", "  1000.01 QAR", 1)

    with pytest.raises(AssertionError, match="sum should be 0"):
        hledger(spoilt, "check")


def test_an_entry_is_a_transaction_with_its_place_and_time(small: SqliteStore) -> None:
    assert exported(small).split("\n\n")[1] == (
        "2026-01-01 * (0-4) transfer sent trf_mnnlqqnsc5ieo4pj2ygttfyeaaaaaaab\n"
        "    ; at: 2026-01-01T00:00:00.000Z\n"
        "    safeguarded:QAR  1000.00 QAR\n"
        "    transit:QAR  -1000.00 QAR"
    )


def test_a_day_has_its_own_entries_only(small: SqliteStore) -> None:
    whole = exported(small)
    day = day_of("2026-01-01")

    assert exported(small, day) == whole
    for other in (day_of("2025-12-31"), day_of("2026-01-02")):
        assert "QAR" not in exported(small, other)


def test_days_begin_and_end_at_midnight_utc() -> None:
    day = day_of("2026-01-01")

    assert len(day) == DAY_MS
    assert [day_text(at_ms) for at_ms in (day[0] - 1, day[0], day[-1], day.stop)] == [
        "2025-12-31",
        "2026-01-01",
        "2026-01-01",
        "2026-01-02",
    ]
    assert parse_time(time_text(day[-1])) == day[-1]


def test_it_is_written_as_it_is_read() -> None:
    """The first lines are there before any journal was opened: this one is gone."""
    with memory_folder() as folder:
        store = SqliteStore(Path(folder))
        make_world(store)
        lines = plain_text(store)

        assert next(lines).startswith("; Written by")
        store.path(1).write_bytes(b"no journal at all")
        assert "safeguarded:QAR" in "".join(islice(lines, 40))


def test_a_damaged_entry_ends_it_and_is_named() -> None:
    with memory_folder() as folder:
        store = SqliteStore(Path(folder))
        make_world(store)
        with edited(store, 0) as db:
            db.execute("UPDATE entries SET body = x'c1c1' WHERE seq = 9")

        with pytest.raises(JournalDamaged, match="entry 9 cannot be decoded"):
            exported(store)
