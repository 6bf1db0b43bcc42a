"""Online backups: the entries of every journal, cut to one consistent line.

A backup is a folder of SQLite journals, whatever store they come from, and goes into whatever store
it is restored to. It has no images: state is a pure function of the journal.

Each journal is copied up to where it ended when its turn came, page by page, so a writer never
waits and no read is long. But two journals are copied at two moments. A later copy may hold a
transfer that was received from an entry which an earlier copy does not have. Restored like that,
the source would use those sequence numbers again, and the target, which remembers having taken
them, would drop what comes under them: money lost. So the copies are cut back to a line that no
message crosses from after it to before it (a recovery line: B. Randell, System structure for
software fault tolerance, 1975): the entry that knows too much goes, and whatever depends on it.

Refused: SQLite's own backup of a whole file. It begins again whenever somebody has written between
two of its steps, so it never ends on a busy ledger of more than one step.
"""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import msgspec

from ledger.entry import Sealed, unseal
from ledger.errors import JournalDamaged, LedgerError
from ledger.events import Event, Origin
from ledger.journal import Journal, Reader, Store, Tip
from ledger.sqlite_store import SqliteStore

# Entries per read and per commit of the copy: about 1 MB.
PAGE = 2_000

Progress = Callable[[str], None]
# Entries that were caused by another's entry, in order, and by which.
Knowledge = list[tuple[int, Origin]]


class Line(msgspec.Struct, frozen=True):
    """Where each journal of a backup ends."""

    ends: dict[int, Tip]


class NotEmpty(LedgerError):
    """There is something where the copy should go. Nothing is ever overwritten."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is not empty; name a place where nothing is yet")


def back_up(source: Store, target: Path, progress: Progress) -> Line:
    """Copy every journal into target, which must be empty. The source may be running."""
    require_empty(target)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    copies = SqliteStore(target)
    knowledge: dict[int, Knowledge] = {}
    for partition in source.partitions():
        progress(f"copying partition {partition}")
        copies.path(partition).touch(mode=0o600)
        with (
            closing(source.reader(partition)) as reader,
            closing(copies.writer(partition)) as copy,
        ):
            knowledge[partition] = _copy(partition, reader, copy)
    for partition, end in recovery_line(knowledge, line_of(copies).ends).items():
        _cut(copies.path(partition), end)
    return line_of(copies)


def put_back(backup: SqliteStore, target: Store, progress: Progress) -> None:
    """Write the journals of a backup into a store that has none."""
    for partition in backup.partitions():
        progress(f"writing partition {partition}")
        with (
            closing(backup.reader(partition)) as reader,
            closing(target.writer(partition)) as journal,
        ):
            _copy(partition, reader, journal)


def require_empty(folder: Path) -> None:
    """Raises NotEmpty."""
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(str(folder))


def line_of(store: Store) -> Line:
    """Where its journals end now."""
    ends = {}
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            ends[partition] = reader.tip()
    return Line(ends)


def recovery_line(knowledge: dict[int, Knowledge], tips: dict[int, Tip]) -> dict[int, int]:
    """The latest ends such that nobody knows of an entry beyond another's end.

    A journal without a tip was not copied: it was opened since, and ends before its first entry.
    """
    ends = {partition: tip.seq for partition, tip in tips.items()}
    moved = True
    while moved:
        moved = False
        for partition, entries in knowledge.items():
            for seq, origin in entries:
                if seq > ends[partition]:
                    break
                if origin.seq > ends.get(origin.partition, 0):
                    ends[partition] = seq - 1
                    moved = True
                    break
    return ends


def copy_database(source: Path, target: Path) -> None:
    """Another SQLite database of the installation, while it is in use: small, so in one step."""
    origin = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    target.touch(mode=0o600)
    copy = sqlite3.connect(target)
    try:
        copy.execute("PRAGMA synchronous=FULL")
        origin.backup(copy)
    finally:
        copy.close()
        origin.close()


def _copy(partition: int, reader: Reader, journal: Journal) -> Knowledge:
    """Up to where it ends now, or a page further. Raises JournalDamaged."""
    knowledge: Knowledge = []
    seq, end = 0, reader.tip().seq
    while seq < end:
        page = reader.read(seq, PAGE)
        for sealed in page:
            seq += 1
            origin = getattr(_event(partition, seq, sealed), "origin", None)
            if isinstance(origin, Origin):
                knowledge.append((seq, origin))
        journal.append(page)
    return knowledge


def _event(partition: int, seq: int, sealed: Sealed) -> Event:
    try:
        assert sealed.seq == seq, "entries count up without gaps"
        return unseal(sealed.body).event
    except (AssertionError, msgspec.DecodeError) as error:
        raise JournalDamaged(partition, f"entry {seq}: {error}") from error


def _cut(path: Path, end: int) -> None:
    """Drop what lies beyond the line."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM entries WHERE seq > ?", (end,))
