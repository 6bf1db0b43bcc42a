"""Journals on SQLite: one file per partition, WAL, synchronous=FULL.

FULL makes SQLite sync the WAL at each commit (sqlite.org/pragma.html#pragma_synchronous): a
commit that returned survives a power cut. NORMAL would not: it may lose the last commits.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec

from ledger.entry import Sealed
from ledger.errors import (
    AppendFailed,
    Fenced,
    Happened,
    JournalDamaged,
    SchemaTooOld,
    StoreError,
    StoreUnreadable,
)
from ledger.ids import AccountId
from ledger.journal import Image, Mark, Tip
from ledger.sqlite_file import damage_of_file
from ledger.sqlite_log import damage_of_log, in_use, log_of
from ledger.sqlite_schema import migrate, require_current

# How long a connection waits for another's lock. Writers are alone; this is for checkpoints,
# which wait for readers, and readers hold their snapshots for one short read only.
BUSY_MS = 5_000

# A flipped bit can make anything of a column. Read as bytes, whatever it is, it is a hash that does
# not fit, and the check names the entry; as a text or nothing it would be a surprise.
_TIP = (
    "SELECT IFNULL(seq, 0), IFNULL(CAST(hash AS BLOB), x'')"
    " FROM entries ORDER BY seq DESC LIMIT 1"
)
_READ = (
    "SELECT seq, IFNULL(CAST(body AS BLOB), x''), IFNULL(CAST(hash AS BLOB), x'')"
    " FROM entries WHERE seq > ? ORDER BY seq LIMIT ?"
)
_ENTRY = (
    "SELECT seq, IFNULL(CAST(body AS BLOB), x''), IFNULL(CAST(hash AS BLOB), x'')"
    " FROM entries WHERE seq = ?"
)
_INSERT = "INSERT INTO entries (seq, body, hash) VALUES (?, ?, ?)"
_IMAGE = (
    "SELECT CAST(account AS BLOB), IFNULL(CAST(seq AS INTEGER), 0),"
    " IFNULL(CAST(due_ms AS INTEGER), 0), IFNULL(CAST(body AS BLOB), x''),"
    " IFNULL(CAST(hash AS BLOB), x'') FROM images WHERE account = ?"
)
_IMAGES = _IMAGE.removesuffix("= ?") + "> ? ORDER BY account LIMIT ?"
_MARK = "SELECT IFNULL(CAST(body AS BLOB), x'') FROM mark"
_SAVE_IMAGE = "INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?)"
_SAVE_MARK = "INSERT OR REPLACE INTO mark VALUES (1, ?)"
_DUE = "SELECT account FROM images WHERE due_ms > 0 AND due_ms <= ? ORDER BY due_ms LIMIT ?"

# What a damaged file makes of a query: its complaint may quote bytes that are no text.
_UNREADABLE = (sqlite3.Error, UnicodeDecodeError)

# Errors after which SQLite has certainly rolled back; of any other, nobody knows.
_NOTHING_HAPPENED = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CONSTRAINT,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_BUSY,
    }
)


class SqliteStore:
    """A folder with one journal file per partition."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, partition: int) -> Path:
        return self._folder / f"partition-{partition:04d}.sqlite"

    def partitions(self) -> list[int]:
        """The partitions that have a journal here, in order."""
        names = sorted(path.stem for path in self._folder.glob("partition-*.sqlite"))
        return [int(name.removeprefix("partition-")) for name in names]

    def prepare(self) -> None:
        """Make the folder, and upgrade what is there. Raises StoreUnreadable, SchemaTooNew,
        JournalDamaged.

        What is current is only looked at: a partition of a killed supervisor may still write it.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        for partition in self.partitions():
            require_sound_log(partition, self.path(partition))
            try:
                self.reader(partition).close()
            except StoreUnreadable:
                self.writer(partition).close()

    def writer(self, partition: int) -> "SqliteJournal":
        self._folder.mkdir(parents=True, exist_ok=True)
        return SqliteJournal(partition, self.path(partition))

    def reader(self, partition: int) -> "SqliteReader":
        path = self.path(partition)
        if not path.exists():
            raise StoreUnreadable(str(path), "there is no such journal")
        return SqliteReader(path)

    def damage(self, partition: int) -> list[str]:
        """What is wrong with the files themselves, whatever their rows say; as sentences that
        name the file. Call it while this process has no connection to the journal.
        """
        path = self.path(partition)
        found = []
        log = damage_of_log(path)
        if log and (log.certain or not in_use(path)):
            found.append(f"{log_of(path).name}: {log.sentence}")
        try:
            with closing(_connect(path, read_only=True)) as db:
                found += [f"{path.name}: {sentence}" for sentence in damage_of_file(db)]
        except SchemaTooOld:
            pass  # nothing is broken: the next start upgrades it
        except (StoreUnreadable, *_UNREADABLE) as error:
            found.append(f"{path.name}: {error}")
        return found


def require_sound_log(partition: int, path: Path) -> None:
    """Before SQLite opens it, and drops what it takes for torn. Raises JournalDamaged."""
    log = damage_of_log(path)
    if log and log.certain:
        raise JournalDamaged(partition, f"{log_of(path).name}: {log.sentence}")


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    mode = "ro" if read_only else "rwc"
    uri = f"{path.absolute().as_uri()}?mode={mode}"
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise StoreUnreadable(str(path), str(error)) from error
    try:
        db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        if read_only:
            db.execute(_TIP).fetchone()
            require_current(db, str(path))
    except _UNREADABLE as error:
        db.close()
        raise StoreUnreadable(str(path), str(error)) from error
    except StoreError:
        db.close()
        raise
    return db


class SqliteReader:
    def __init__(self, path: Path, *, read_only: bool = True) -> None:
        self._path = path
        self._db = _connect(path, read_only=read_only)

    def tip(self) -> Tip:
        rows = self._rows(_TIP)
        return Tip(*rows[0]) if rows else Tip()

    def read(self, after: int, limit: int) -> list[Sealed]:
        return [Sealed(*row) for row in self._rows(_READ, after, limit)]

    def images(self, limit: int, after: bytes = b"") -> list[Image]:
        return [Image(*row) for row in self._rows(_IMAGES, after, limit)]

    def mark(self) -> Mark:
        rows = self._rows(_MARK)
        try:
            return msgspec.msgpack.decode(rows[0][0], type=Mark) if rows else Mark()
        except msgspec.DecodeError as error:
            raise StoreUnreadable(str(self._path), f"the mark: {error}") from error

    def close(self) -> None:
        self._db.close()

    def _rows(self, query: str, *values: int | bytes) -> list[tuple[Any, ...]]:
        try:
            return self._db.execute(query, values).fetchall()
        except _UNREADABLE as error:
            raise StoreUnreadable(str(self._path), str(error)) from error


class SqliteJournal(SqliteReader):
    """The one writer of a partition's file."""

    def __init__(self, partition: int, path: Path) -> None:
        require_sound_log(partition, path)
        super().__init__(path, read_only=False)
        self._partition = partition
        try:
            self._prepare(path)
            self._tip = self.tip()
            self._version = self._data_version()
        except StoreError:
            self.close()
            raise

    def _prepare(self, path: Path) -> None:
        """After a crash the WAL may end in a torn commit: fold it in now, or do not start."""
        try:
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            migrate(self._db, str(path))
            busy, _, _ = self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except _UNREADABLE as error:
            raise StoreUnreadable(str(path), str(error)) from error
        if busy:
            raise StoreUnreadable(
                str(path), "the WAL cannot be checkpointed: a reader hangs"
            )

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._require_tip()
            self._insert(entries, images, mark)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise AppendFailed(self._partition, _happened(error), str(error)) from error
        except StoreUnreadable as error:
            self._roll_back()  # the tip could not be read, so nothing was written after it
            raise AppendFailed(self._partition, Happened.NO, str(error)) from error
        except BaseException:
            self._roll_back()
            raise
        if entries:
            self._tip = Tip(entries[-1].seq, entries[-1].hash)

    def _insert(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> None:
        expected = self._tip.seq
        rows = []
        for entry in entries:
            expected += 1
            assert entry.seq == expected, "sequence numbers have no gaps"
            rows.append((entry.seq, entry.body, entry.hash))
        self._db.executemany(_INSERT, rows)
        if images:
            rows_of_images = [(i.account, i.seq, i.due_ms, i.body, i.hash) for i in images]
            self._db.executemany(_SAVE_IMAGE, rows_of_images)
        if mark:
            self._db.execute(_SAVE_MARK, (msgspec.msgpack.encode(mark),))

    def _roll_back(self) -> None:
        """After an I/O error this may fail too. Then the connection ends with its transaction
        open, and SQLite rolls that back for the next one.
        """
        with suppress(sqlite3.Error):
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")

    def entry(self, seq: int) -> Sealed | None:
        rows = self._rows(_ENTRY, seq)
        return Sealed(*rows[0]) if rows else None

    def image(self, account: AccountId) -> Image | None:
        rows = self._rows(_IMAGE, account)
        return Image(*rows[0]) if rows else None

    def due(self, at_ms: int, limit: int) -> list[AccountId]:
        return [AccountId(row[0]) for row in self._rows(_DUE, at_ms, limit)]

    def require_sole_writer(self) -> None:
        """PRAGMA data_version changes when another connection has written (6 µs)."""
        version = self._data_version()
        if version == self._version:
            return
        self._require_tip()
        self._version = version

    def _require_tip(self) -> None:
        found = self.tip()
        if found != self._tip:
            raise Fenced(self._partition, self._tip.seq, found.seq)

    def _data_version(self) -> int:
        return int(self._rows("PRAGMA data_version")[0][0])


def _happened(error: sqlite3.Error) -> Happened:
    """SQLITE_BUSY is safe too: BEGIN IMMEDIATE took no lock, so nothing was written."""
    code = getattr(error, "sqlite_errorcode", -1) & 0xFF
    return Happened.NO if code in _NOTHING_HAPPENED else Happened.UNKNOWN
