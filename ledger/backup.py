"""Online backups of SQLite journals: copies, cut to one consistent line.

Each file is copied by SQLite's own backup, whole and at one moment; but two files are copied at two
moments. A later copy may hold a transfer that was received from an entry which an earlier copy does
not have. Restored like that, the source would use those sequence numbers again, and the target,
which remembers having taken them, would drop what comes under them: money lost. So the copies are
cut back to a line that no message crosses from after it to before it (a recovery line: B. Randell,
System structure for software fault tolerance, 1975): the entry that knows too much goes, and
whatever depends on it.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec

from ledger.entry import unseal
from ledger.events import Origin
from ledger.journal import Tip
from ledger.sqlite_store import SqliteStore

# Pages copied before writers get a turn: 4 MB.
PAGES_AT_ONCE = 1_024
SCAN_PAGE = 2_000

Progress = Callable[[str], None]


class Line(msgspec.Struct, frozen=True):
    """Where each journal of a backup ends."""

    ends: dict[int, Tip]


class NotEmpty(Exception):
    """There is something where the copy should go. Nothing is ever overwritten."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not empty; name a folder that is not there yet")


def back_up(source: SqliteStore, target: Path, progress: Progress) -> Line:
    """Copy every journal into target, which must be empty. The source may be running."""
    require_empty(target)
    target.mkdir(parents=True, exist_ok=True, mode=0o700)
    copies = SqliteStore(target)
    for partition in source.partitions():
        progress(f"copying partition {partition}")
        _copy(source.path(partition), copies.path(partition))
    ends = recovery_line(_knowledge(copies, progress), _tips(copies))
    for partition, end in ends.items():
        _cut(copies.path(partition), end)
    return Line(_tips(copies))


def require_empty(folder: Path) -> None:
    if folder.exists() and any(folder.iterdir()):
        raise NotEmpty(folder)


def copy_database(source: Path, target: Path) -> None:
    """Another SQLite database of the installation, while it is in use."""
    _copy(source, target)


def recovery_line(
    knowledge: dict[int, list[tuple[int, Origin]]], tips: dict[int, Tip]
) -> dict[int, int]:
    """The latest ends such that nobody knows of an entry beyond another's end.

    knowledge: for each partition, in order, its entries that were caused by another's entry.
    """
    ends = {partition: tip.seq for partition, tip in tips.items()}
    moved = True
    while moved:
        moved = False
        for partition, entries in knowledge.items():
            for seq, origin in entries:
                if seq > ends[partition]:
                    break
                if origin.seq > ends[origin.partition]:
                    ends[partition] = seq - 1
                    moved = True
                    break
    return ends


def _knowledge(
    store: SqliteStore, progress: Progress
) -> dict[int, list[tuple[int, Origin]]]:
    knowledge: dict[int, list[tuple[int, Origin]]] = {}
    for partition in store.partitions():
        progress(f"reading partition {partition}")
        reader, seq = store.reader(partition), 0
        found = knowledge[partition] = []
        while page := reader.read(seq, SCAN_PAGE):
            for sealed in page:
                origin = getattr(unseal(sealed.body).event, "origin", None)
                if isinstance(origin, Origin):
                    found.append((sealed.seq, origin))
            seq = page[-1].seq
        reader.close()
    return knowledge


def _tips(store: SqliteStore) -> dict[int, Tip]:
    tips = {}
    for partition in store.partitions():
        reader = store.reader(partition)
        tips[partition] = reader.tip()
        reader.close()
    return tips


def _copy(source: Path, target: Path) -> None:
    origin = sqlite3.connect(f"{source.absolute().as_uri()}?mode=ro", uri=True)
    copy = sqlite3.connect(target)
    try:
        target.chmod(0o600)
        copy.execute("PRAGMA synchronous=FULL")
        origin.backup(copy, pages=PAGES_AT_ONCE)
    finally:
        copy.close()
        origin.close()


def _cut(path: Path, end: int) -> None:
    """Drop what lies beyond the line. Images may know of it, so they go too: they only shorten a
    replay, and the first start draws them again.
    """
    db = sqlite3.connect(path)
    try:
        with db:
            dropped = db.execute("DELETE FROM entries WHERE seq > ?", (end,)).rowcount
            if dropped:
                db.execute("DELETE FROM images")
                db.execute("DELETE FROM mark")
    finally:
        db.close()
