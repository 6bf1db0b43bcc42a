"""What a journal takes on the disk."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from ledger.sqlite_store import SqliteStore

_PAYMENTS = "SELECT count(*), sum(length(body) + length(hash)) FROM entries"
# Whole pages, as they lie in the file (sqlite.org/dbstat.html).
_PAGES = "SELECT sum(pgsize) FROM dbstat WHERE name = 'entries'"


class JournalFigures(msgspec.Struct, frozen=True):
    """Of one installation on SQLite, at rest. page_bytes: of the entries, as they lie on the disk.
    file_bytes: all there is, images of accounts and free pages too.
    """

    entries: int
    body_bytes: int
    page_bytes: int
    file_bytes: int

    @property
    def bytes_per_entry(self) -> float:
        return self.page_bytes / self.entries


def measure_journal(folder: Path) -> JournalFigures:
    store = SqliteStore(folder)
    totals = [_measure(store.path(partition)) for partition in store.partitions()]
    return JournalFigures(*(sum(column) for column in zip(*totals, strict=True)))


def _measure(path: Path) -> tuple[int, int, int, int]:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        entries, bodies = db.execute(_PAYMENTS).fetchone()
        [pages] = db.execute(_PAGES).fetchone()
    return entries, bodies, pages, path.stat().st_size
