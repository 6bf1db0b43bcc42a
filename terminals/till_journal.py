"""The till's journal: what it has asked for, numbered without gaps, on disk before it is asked.

A till may lose its power between a request and its answer. So an attempt is written, and forced to
the disk, before the request goes out. What is found at the next start is finished first
(terminals/till.py); what has ended stays, without its code, for receipts and the end of the day.

    journal.sqlite    one row for each attempt; its number is the last one + 1, always
    lock              one till per folder: a second one would reverse the first one's sales

    owed     asked for; its end not known, or known and not shown yet
    done     its end was shown to the cashier
    person   the gateway refuses to say; an operator must look, by key and order

The number stands in the idempotency key, after the name of the journal, which is drawn when the
journal is made. So the gateway can say for each number what it knows of it, and a till that was
given an old copy of its disk does not use a key twice without being told.

The payment code stands in the row while the attempt is owed, in a file for its owner only (0600,
folder 0700), because a look-up and a reversal must name the payer, and a till knows no other name
of one. It is a bearer secret for a minute at most; then, or once it was used, only this merchant
can use it, to find or undo its own attempt. It is erased with the end of the attempt, overwritten
with zeros (`secure_delete`), also in SQLite's own journal, which is cut to nothing at each commit.
Refused: to seal it under the till's key. That key lies on the same disk, and when it is changed
after a power loss the reversal could never be asked for.
"""

import base64
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import msgspec

from terminals.attempt import Attempt, FollowUp, Origin, Outcome, Sale

FILE_NAME = "journal.sqlite"
VERSION = 1
NAME_BYTES = 10  # 80 bits: no two journals of an airport meet
_OWED, _DONE, _PERSON = "owed", "done", "person"

_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE attempts (
    seq INTEGER PRIMARY KEY,
    state TEXT NOT NULL,
    paid TEXT,
    body BLOB NOT NULL
) STRICT;
CREATE INDEX attempts_by_payment ON attempts (paid, seq) WHERE paid IS NOT NULL;
CREATE INDEX attempts_by_state ON attempts (state, seq) WHERE state <> 'done';
"""
_PRAGMAS = (
    # Each commit is on the disk, with SQLite's own journal cut and synced, when it returns.
    "PRAGMA journal_mode=TRUNCATE",
    "PRAGMA synchronous=FULL",
    "PRAGMA secure_delete=ON",
    "PRAGMA fullfsync=ON",
)

RandomBytes = Callable[[int], bytes]


class StateInUse(Exception):
    """Another till works on this folder; the cashier or the set-up is to blame."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"another till is running on {folder}; give each its own --state")


class JournalDamaged(Exception):
    """The file is not what was written. A person must look before it is removed."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} is damaged ({why}): keep it, and ask the operator what this till owes"
        )


class TillJournal:
    """Holds the folder's lock from opening to closing.

    Raises StateInUse, JournalDamaged, and OSError when the disk does not take what is written.
    """

    def __init__(self, folder: Path, random_bytes: RandomBytes) -> None:
        self._path = folder / FILE_NAME
        _make(folder)
        self._lock = _lock(folder)
        try:
            self._database = _open(self._path)
            with self._told():
                self._prepare(random_bytes)
                self.name = self._fact("name") or ""
                self._require_no_gap()
        except BaseException:
            self._lock.close()
            raise

    def begin(self, origin: Origin, at_ms: int, request: Sale | FollowUp) -> Attempt:
        """A new attempt, with the next number, durable when this returns."""
        with self._told(), self._database:
            self._database.execute("BEGIN IMMEDIATE")
            seq = self.last_sequence + 1
            attempt = Attempt(
                seq=seq, key=self.key(seq), origin=origin, at_ms=at_ms, request=request
            )
            row = (seq, _OWED, msgspec.json.encode(attempt))
            self._database.execute("INSERT INTO attempts VALUES (?, ?, NULL, ?)", row)
        return attempt

    def key(self, seq: int) -> str:
        """The idempotency key of the attempt with this number."""
        return f"{self.name}-{seq}"

    def write(self, attempt: Attempt) -> None:
        """What has become of it; still owed. Durable when this returns, all of it or nothing."""
        self._set(attempt, _OWED)

    def shown(self, attempt: Attempt) -> None:
        """Its end was shown; nothing is owed any more."""
        assert attempt.result is not None, "an attempt that is shown has an end"
        self._set(attempt, _DONE)

    def give_to_a_person(self, attempt: Attempt) -> None:
        """Its end is not known and will not be asked for again; its code is erased."""
        assert attempt.result is not None, "an attempt that is given away has an end here"
        self._set(attempt, _PERSON)

    def owed(self) -> list[Attempt]:
        """Oldest first."""
        return self._in_state(_OWED)

    def for_a_person(self) -> list[Attempt]:
        return self._in_state(_PERSON)

    def since(self, seq: int) -> Iterator[Attempt]:
        """All with this number or a higher one, in order."""
        query = "SELECT body FROM attempts WHERE seq >= ? ORDER BY seq"
        with self._told():
            for (body,) in self._database.execute(query, (seq,)):
                yield self._read(body)

    def get(self, seq: int) -> Attempt | None:
        query = "SELECT body FROM attempts WHERE seq = ?"
        with self._told():
            row = self._database.execute(query, (seq,)).fetchone()
        return self._read(row[0]) if row else None

    def first_paid_with(self, payment: str) -> int | None:
        """The number of the first sale that this payment was the end of."""
        query = "SELECT min(seq) FROM attempts WHERE paid = ?"
        with self._told():
            [(seq,)] = self._database.execute(query, (payment,))
        return None if seq is None else int(seq)

    @property
    def last_sequence(self) -> int:
        with self._told():
            query = "SELECT coalesce(max(seq), 0) FROM attempts"
            [(seq,)] = self._database.execute(query)
        return int(seq)

    def fact(self, name: str) -> str | None:
        """What was kept beside the attempts: settings, where the last day ended."""
        with self._told():
            return self._fact(name)

    def keep_fact(self, name: str, value: str) -> None:
        with self._told():
            self._keep_fact(name, value)

    def close(self) -> None:
        self._database.close()
        self._lock.close()

    def _prepare(self, random_bytes: RandomBytes) -> None:
        [(version,)] = self._database.execute("PRAGMA user_version")
        if version == VERSION:
            return
        if version:
            raise JournalDamaged(self._path, f"its version is {version}, not {VERSION}")
        name = base64.b32encode(random_bytes(NAME_BYTES)).decode().lower()
        self._database.executescript(f"BEGIN IMMEDIATE; {_SCHEMA}")
        self._keep_fact("name", f"till-{name}")
        self._database.execute(f"PRAGMA user_version={VERSION}")
        self._database.execute("COMMIT")

    def _require_no_gap(self) -> None:
        query = (
            "SELECT count(*), coalesce(min(seq), 1), coalesce(max(seq), 0) FROM attempts"
        )
        [(count, first, last)] = self._database.execute(query)
        if (first, count) != (1, last):
            raise JournalDamaged(self._path, "numbers are missing")

    def _set(self, attempt: Attempt, state: str) -> None:
        row = (state, _paid(attempt), msgspec.json.encode(attempt), attempt.seq)
        with self._told():
            done = self._database.execute(
                "UPDATE attempts SET state = ?, paid = ?, body = ? WHERE seq = ?", row
            )
        assert done.rowcount == 1, "an attempt is begun before anything becomes of it"

    def _in_state(self, state: str) -> list[Attempt]:
        query = "SELECT body FROM attempts WHERE state = ? ORDER BY seq"
        with self._told():
            return [self._read(body) for (body,) in self._database.execute(query, (state,))]

    def _read(self, body: bytes) -> Attempt:
        try:
            return msgspec.json.decode(body, type=Attempt)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # Without its cause: the complaint may quote the row.
            raise JournalDamaged(self._path, "an attempt cannot be read") from None

    def _fact(self, name: str) -> str | None:
        query = "SELECT value FROM facts WHERE name = ?"
        row = self._database.execute(query, (name,)).fetchone()
        return row[0] if row else None

    def _keep_fact(self, name: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    @contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors as ours: what the disk did not take, and what is no journal."""
        try:
            yield
        except sqlite3.OperationalError as error:
            raise OSError(0, f"the till's journal: {error}", str(self._path)) from None
        except sqlite3.ProgrammingError:
            raise  # a bug of ours
        except sqlite3.DatabaseError as error:
            raise JournalDamaged(self._path, str(error)) from None


def _paid(attempt: Attempt) -> str | None:
    result = attempt.result
    if result is None or result.outcome is not Outcome.PAID or result.payment is None:
        return None
    return result.payment.id


def _open(path: Path) -> sqlite3.Connection:
    # Made for its owner only before SQLite writes to it; its own journal takes over the mode.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    # One thread at a time uses it; which one may change (a full-screen till, a test).
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            database.execute(pragma)
    except sqlite3.DatabaseError as error:
        database.close()
        raise JournalDamaged(path, str(error)) from None
    return database


def _make(folder: Path) -> None:
    """With its parents, durably: a file is lost with the folder that was never on the disk."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lock(folder: Path) -> IO[str]:
    file = (folder / "lock").open("w")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise StateInUse(folder) from None
    return file
