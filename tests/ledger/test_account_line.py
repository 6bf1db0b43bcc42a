from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.account_line import account_line
from ledger.clock import ManualClock
from ledger.commands import FreezeAccount, OpenAccount, UnfreezeAccount
from ledger.entry import Entry, Sealed, unseal
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.sqlite_store import SqliteReader, SqliteStore
from tests.books import OneDesk, account_of, asked

AMIRA, JONAS = account_of("amira"), account_of("jonas")


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path)


@pytest.fixture
def desk(store: SqliteStore) -> Iterator[OneDesk]:
    """Two wallets that are frozen and thawed in turn."""
    desk = OneDesk(store, ManualClock())
    for who in (AMIRA, JONAS):
        desk.ask(asked(OpenAccount(account=who, kind=AccountKind.WALLET, pots=()), "open"))
    busy(desk, 1)
    yield desk
    desk.close()


def busy(desk: OneDesk, number: int) -> None:
    for who in (AMIRA, JONAS):
        desk.ask(asked(FreezeAccount(account=who), f"freeze {number}"))
        desk.ask(asked(UnfreezeAccount(account=who), f"thaw {number}"))


def save_all(desk: OneDesk) -> None:
    while desk.partition.tick():
        pass


def line(store: SqliteStore, account: AccountId) -> list[Entry]:
    with closing(store.reader(0)) as reader:
        return list(account_line(0, reader, account))


def walked(store: SqliteStore, account: AccountId) -> list[Entry]:
    """The same by looking at every entry there is."""
    with closing(store.reader(0)) as reader:
        entries = [unseal(sealed.body) for sealed in reader.read(0, 1_000)]
    return [entry for entry in reversed(entries) if entry.account == account]


def test_without_any_image_the_line_is_found_in_the_tail(
    desk: OneDesk, store: SqliteStore
) -> None:
    assert line(store, AMIRA) == walked(store, AMIRA)
    assert len(line(store, AMIRA)) == 3
    assert desk.partition.residents.last_seq == 7


def test_behind_the_mark_it_is_found_by_the_image(
    desk: OneDesk, store: SqliteStore
) -> None:
    save_all(desk)

    assert line(store, AMIRA) == walked(store, AMIRA)


def test_what_came_after_the_image_is_there_too(desk: OneDesk, store: SqliteStore) -> None:
    save_all(desk)
    busy(desk, 2)

    assert line(store, JONAS) == walked(store, JONAS)
    assert len(line(store, JONAS)) == 5


def test_an_account_that_was_never_opened_has_none(
    desk: OneDesk, store: SqliteStore
) -> None:
    save_all(desk)

    assert line(store, account_of("nobody")) == []


class CountingReader(SqliteReader):
    """Counts the entries that were read."""

    entries_read = 0

    def read(self, after: int, limit: int) -> list[Sealed]:
        page = super().read(after, limit)
        self.entries_read += len(page)
        return page


def test_it_costs_the_account_and_the_tail_and_not_the_journal(
    desk: OneDesk, store: SqliteStore
) -> None:
    for number in range(2, 40):
        busy(desk, number)
    save_all(desk)
    nobody = OpenAccount(account=account_of("nobody"), kind=AccountKind.WALLET, pots=())
    desk.ask(asked(nobody, "open"))
    save_all(desk)
    with closing(CountingReader(store.path(0))) as reader:
        [opened] = account_line(0, reader, account_of("nobody"))

    assert opened.previous == 0
    assert reader.entries_read == 1
