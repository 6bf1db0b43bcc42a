"""The real SQLite store, and what a power cut leaves of its files.

What was synced is there; of a commit that was being written, any sectors may be, in any order.
"""

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from ledger.journal import Image, Mark, Tip
from ledger.sqlite_store import SqliteStore
from tests.simulation.old_images import outdated, outdated_mark

SECTOR_BYTES = 512
HEADER_BYTES = 32  # of a WAL


class Files(NamedTuple):
    """A journal's bytes. The shared memory beside them is rebuilt at each start."""

    db: bytes
    wal: bytes


class SqliteFolder:
    def __init__(self, root: Path) -> None:
        self._root = root
        self._cuts = 0
        self._lagging: dict[int, Files] = {}
        self.store = SqliteStore(root / "0")

    def files(self, partition: int) -> Files:
        path = self.store.path(partition)
        wal = _wal(path)
        return Files(path.read_bytes(), wal.read_bytes() if wal.exists() else b"")

    def lag(self, partition: int) -> None:
        """What is written from now on is not synced, so the next cut takes it."""
        self._lagging.setdefault(partition, self.files(partition))

    def outdate_images(self, partition: int) -> None:
        with closing(sqlite3.connect(self.store.path(partition))) as db, db:
            [[body]] = db.execute("SELECT body FROM mark").fetchall() or [[b""]]
            if not body:
                return
            mark = outdated_mark(msgspec.msgpack.decode(body, type=Mark))
            db.execute("UPDATE mark SET body = ?", (msgspec.msgpack.encode(mark),))
            for row in db.execute("SELECT * FROM images").fetchall():
                old = outdated(Image(*row))
                db.execute(
                    "UPDATE images SET body = ?, hash = ? WHERE account = ?",
                    (old.body, old.hash, old.account),
                )

    def power_cut(self, torn: dict[int, Files]) -> None:
        """Go on with copies: the files as they are synced, or as the cut tore them."""
        synced = self._lagging | torn
        self._lagging.clear()
        kept = {n: synced.get(n) or self.files(n) for n in self.store.partitions()}
        self._cuts += 1
        self.store = SqliteStore(self._root / str(self._cuts))
        for partition, files in kept.items():
            _write(self.store.path(partition), files)

    def tip_of(self, partition: int, files: Files) -> Tip:
        """What SQLite makes of these files."""
        store = SqliteStore(self._root / "torn")
        path = store.path(partition)
        _write(path, files)
        reader = store.reader(partition)
        try:
            return reader.tip()
        finally:
            reader.close()
            for left in path.parent.glob(f"{path.name}*"):
                left.unlink()


def tear(before: Files, after: Files, dice: Random) -> Files:
    """Half of a commit. If it has begun a checkpoint, then its WAL is synced already; and if it has
    begun a WAL, then that one's header (wal.c: syncHeader).
    """
    if before.db != after.db:
        return Files(_mixed(before.db, after.db, dice), after.wal)
    synced = after.wal[:HEADER_BYTES] + before.wal[HEADER_BYTES:]
    return Files(after.db, _mixed(synced, after.wal, dice))


def _mixed(old: bytes, new: bytes, dice: Random) -> bytes:
    """All up to some sector, or any of them."""
    length = max(len(old), len(new))
    mixed = bytearray(old.ljust(length, b"\x00"))
    sectors = range(0, length, SECTOR_BYTES)
    if dice.random() < 0.5:
        written = list(sectors[: dice.randrange(len(sectors) + 1)])
    else:
        written = [start for start in sectors if dice.random() < 0.9]
    for start in written:
        part = new[start : start + SECTOR_BYTES]
        mixed[start : start + len(part)] = part
    return bytes(mixed)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _write(path: Path, files: Files) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(files.db)
    _wal(path).write_bytes(files.wal)
