"""What is SQLite's own; what every store keeps is in tests/contracts/test_journal_contract.py."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from ledger import sqlite_store
from ledger.entry import GENESIS_HASH, Place, build, seal
from ledger.errors import AppendFailed, Happened, StoreUnreadable
from ledger.events import AccountFrozen
from ledger.journal import Mark
from ledger.sqlite_store import SqliteStore
from tests.books import account_of
from tests.house.tree import ROOT

ENTRY = seal(build(account_of("amira"), AccountFrozen(), Place(1, 0)), GENESIS_HASH)

# A writer that says which entry was committed, each time that append() has returned.
WRITER = """
import sys
from pathlib import Path
from ledger.entry import GENESIS_HASH, Place, build, seal
from ledger.events import AccountFrozen
from ledger.ids import AccountId
from ledger.sqlite_store import SqliteStore

journal = SqliteStore(Path(sys.argv[1])).writer(0)
seq, last = 0, GENESIS_HASH
while True:
    seq += 1
    sealed = seal(build(AccountId(bytes(15)), AccountFrozen(), Place(seq, 0)), last)
    journal.append([sealed])
    last = sealed.hash
    print(seq, flush=True)
"""


def pragma(db: sqlite3.Connection, name: str) -> object:
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_journal_asks_for_a_sync_with_each_commit(store: SqliteStore) -> None:
    with closing(store.writer(0)) as journal:
        assert pragma(journal._db, "journal_mode") == "wal"
        assert pragma(journal._db, "synchronous") == 2  # FULL


@pytest.mark.slow
def test_what_a_killed_writer_committed_is_there(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert writer.stdout is not None
    said = [int(writer.stdout.readline()) for _ in range(50)]
    os.kill(writer.pid, signal.SIGKILL)
    said += [int(line) for line in writer.stdout.read().split()]
    writer.stdout.close()
    writer.wait()

    with closing(store.writer(0)) as journal:
        entries = journal.read(0, 10_000)
        assert said == list(range(1, len(said) + 1))
        assert len(said) <= len(entries) <= len(said) + 1
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))


def test_a_start_folds_the_log_into_the_file(store: SqliteStore) -> None:
    journal = store.writer(0)
    journal.append([ENTRY])
    log = store.path(0).with_name(store.path(0).name + "-wal")
    assert log.stat().st_size > 0

    with closing(store.writer(0)):
        assert log.stat().st_size == 0
    journal.close()


def test_a_start_is_refused_while_a_reader_hangs(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "BUSY_MS", 1)
    with closing(store.writer(0)) as journal, closing(store.reader(0)) as reader:
        reader._db.execute("BEGIN")
        reader.tip()
        journal.append([ENTRY])

        with pytest.raises(StoreUnreadable, match="a reader hangs"):
            store.writer(0)


def test_a_lock_that_is_not_given_is_said_and_nothing_happened(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "BUSY_MS", 1)
    with closing(store.writer(0)) as journal, closing(store.writer(0)) as other:
        other._db.execute("BEGIN IMMEDIATE")

        with pytest.raises(AppendFailed) as caught:
            journal.append([ENTRY])

        assert caught.value.happened is Happened.NO


def test_of_an_error_that_nobody_knows_the_outcome_is_unknown(store: SqliteStore) -> None:
    """The disk could not be read or written: the commit may come back after a crash."""
    with closing(store.writer(0)) as journal:
        journal._db.execute("DROP TABLE mark")

        with pytest.raises(AppendFailed) as caught:
            journal.append([ENTRY], [], Mark(1))

        assert caught.value.happened is Happened.UNKNOWN


def test_of_a_tip_that_cannot_be_read_nothing_happened(store: SqliteStore) -> None:
    with closing(store.writer(0)) as journal:
        journal._db.execute("DROP TABLE entries")

        with pytest.raises(AppendFailed) as caught:
            journal.append([ENTRY])

        assert caught.value.happened is Happened.NO


def test_the_errors_name_the_partition_and_what_is_known(store: SqliteStore) -> None:
    with closing(store.writer(3)) as journal:
        journal._db.execute("PRAGMA query_only=ON")

        with pytest.raises(AppendFailed, match=r"partition 3: append failed .* done: no"):
            journal.append([ENTRY])


@pytest.mark.parametrize("content", [b"", b"this is no database, and never was one " * 100])
def test_a_file_that_is_no_journal_cannot_be_read(
    store: SqliteStore, content: bytes
) -> None:
    store.path(0).parent.mkdir(parents=True)
    store.path(0).write_bytes(content)

    with pytest.raises(StoreUnreadable, match=r"partition-0000\.sqlite"):
        store.reader(0)


def test_a_file_that_is_no_database_cannot_be_written(store: SqliteStore) -> None:
    store.path(0).parent.mkdir(parents=True)
    store.path(0).write_bytes(b"this is no database, and never was one " * 100)

    with pytest.raises(StoreUnreadable):
        store.writer(0)


def test_a_page_that_was_overwritten_is_said_when_it_is_read(store: SqliteStore) -> None:
    with closing(store.writer(0)) as journal:
        journal.append([ENTRY])
    whole = store.path(0).read_bytes()
    store.path(0).write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))

    with pytest.raises(StoreUnreadable):
        store.reader(0)


def test_a_reader_cannot_write(store: SqliteStore) -> None:
    store.writer(0).close()
    with (
        closing(store.reader(0)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader._db.execute("DELETE FROM entries")


def test_a_mark_that_cannot_be_decoded_is_said(store: SqliteStore) -> None:
    with closing(store.writer(0)) as journal:
        journal._db.execute("INSERT INTO mark VALUES (1, ?)", (b"\xc1",))

        with pytest.raises(StoreUnreadable, match="the mark"):
            journal.mark()
