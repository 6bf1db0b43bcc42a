"""The parts of one payment, each alone: `python -m benchmarks.parts SOCKET FOLDER SECONDS`.

One frame to a running partition and back, by the road that payments take (a heartbeat: it passes
the same socket and the same queue, and changes nothing); and one durable commit of one row on the
same disk. The third part, the bare HTTP handler, is measured where the others are.
"""

import asyncio
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import msgspec

from actors.frame import Heartbeat, encode
from actors.socket_road import SocketRoad
from benchmarks.histogram import Counts, percentile, record

ROW = bytes(256)
UNCOUNTED = 20


class PartsFigures(msgspec.Struct, frozen=True):
    """Microseconds, medians and 99th percentiles."""

    frame_p50_us: int
    frame_p99_us: int
    commit_p50_us: int
    commit_p99_us: int


async def time_frames(socket_path: str, seconds: float) -> Counts:
    async def resolve(_partition: int) -> str:
        return socket_path

    road, frame, spent = SocketRoad(resolve), encode(Heartbeat()), Counts()
    for _ in range(UNCOUNTED):
        await road.send(0, frame)
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter_ns()
        await road.send(0, frame)
        record(spent, (time.perf_counter_ns() - started) // 1_000)
    await road.close()
    return spent


def journal_at(path: Path) -> sqlite3.Connection:
    """A new one that commits as a journal does: WAL, synchronous=FULL."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB)")
    return db


def time_commits(folder: Path, seconds: float) -> Counts:
    spent = Counts()
    with (
        tempfile.TemporaryDirectory(dir=folder) as name,
        closing(journal_at(Path(name) / "probe")) as db,
    ):
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            started = time.perf_counter_ns()
            db.execute("INSERT INTO rows (body) VALUES (?)", (ROW,))
            record(spent, (time.perf_counter_ns() - started) // 1_000)
    return spent


def main() -> None:
    socket_path, folder, seconds = sys.argv[1], Path(sys.argv[2]), float(sys.argv[3])
    frames = asyncio.run(time_frames(socket_path, seconds))
    commits = time_commits(folder, seconds)
    figures = PartsFigures(
        percentile(frames, 0.5),
        percentile(frames, 0.99),
        percentile(commits, 0.5),
        percentile(commits, 0.99),
    )
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
