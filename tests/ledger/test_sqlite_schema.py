"""The numbered steps of a SQLite journal's tables."""

import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import SchemaTooNew, StoreUnreadable
from ledger.sqlite_schema import MIGRATIONS, migrate, version
from ledger.sqlite_store import SqliteStore

FIRST = ("CREATE TABLE notes (text TEXT)", "INSERT INTO notes VALUES ('first')")
SECOND = ("INSERT INTO notes VALUES ('second')",)
FAILS = ("INSERT INTO notes VALUES ('half')", "INSERT INTO nowhere VALUES (1)")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(opened(path)) as connection:
        yield connection


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False)


def notes(db: sqlite3.Connection) -> list[str]:
    return [text for (text,) in db.execute("SELECT text FROM notes ORDER BY rowid")]


def test_a_new_journal_has_the_version_of_this_release(store: SqliteStore) -> None:
    with closing(store.writer(0)) as journal:
        assert version(journal._db, "") == len(MIGRATIONS)


def test_each_step_is_taken_once_and_only_forward(db: sqlite3.Connection) -> None:
    assert version(db, "here") == 0
    migrate(db, "here", (FIRST,))
    migrate(db, "here", (FIRST, SECOND))
    migrate(db, "here", (FIRST, SECOND))

    assert version(db, "here", 2) == 2
    assert notes(db) == ["first", "second"]
    with pytest.raises(SchemaTooNew):
        migrate(db, "here", (FIRST,))


def test_a_step_that_fails_takes_those_before_it_back(db: sqlite3.Connection) -> None:
    migrate(db, "here", (FIRST,))

    with pytest.raises(sqlite3.OperationalError):
        migrate(db, "here", (FIRST, SECOND, FAILS))

    assert version(db, "here", 3) == 1
    assert notes(db) == ["first"]
    assert not db.in_transaction


def test_of_many_who_begin_together_one_takes_the_step(path: Path) -> None:
    def begin(_: int) -> None:
        with closing(opened(path)) as db:
            migrate(db, "here", (FIRST, SECOND))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(begin, range(8)))

    with closing(opened(path)) as db:
        assert notes(db) == ["first", "second"]


def test_a_newer_schema_is_refused_with_its_reason(store: SqliteStore) -> None:
    store.writer(0).close()
    with closing(opened(store.path(0))) as db:
        db.execute("PRAGMA user_version = 9")

    for attempt in (lambda: store.writer(0), lambda: store.reader(0), store.prepare):
        with pytest.raises(
            SchemaTooNew,
            match=r"partition-0000.sqlite.*version 9.* knows versions up to 1.*upgrade",
        ):
            attempt()


def test_a_file_that_was_only_just_made_is_no_older_release(store: SqliteStore) -> None:
    """A start was killed between its first two steps: the next one finds nothing to read."""
    store.path(0).parent.mkdir(parents=True)
    store.path(0).touch()
    with pytest.raises(StoreUnreadable, match="no such table"):
        store.reader(0)

    store.prepare()

    store.reader(0).close()
