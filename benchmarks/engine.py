"""The engine alone: `python -m benchmarks.engine FOLDER FRAMES TURNS LOOK_S`: no HTTP, no socket.

Frames of 256 payments in, one durable commit for each, frames of answers out; one partition,
1,000 wallets, new keys throughout. In turn with it the bare store: rows of the same size, as
many in each commit, and nothing decided. At the end one turn with a look at where the time goes,
and for LOOK_S seconds (0: not at all) at whose code that is.
"""

import asyncio
import os
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from secrets import token_bytes
from types import FrameType

import msgspec

from actors.desk import Desk
from actors.frame import COMMANDS_PER_FRAME, Commands, decode_request, encode, framed
from actors.partition import Partition
from benchmarks.profile import CannotLook, shares
from benchmarks.seed import seed
from benchmarks.stack import settings
from benchmarks.workload import (
    CURRENCY,
    DECLINE_SHARE,
    PRICES_MINOR,
    TOO_MUCH_MINOR,
    zipf,
)
from gateway.layout import Layout
from ledger.clock import SystemClock
from ledger.commands import Authorise, CaptureMode, Envelope
from ledger.entry import Sealed
from ledger.events import Sale
from ledger.ids import AccountId, parse_account
from ledger.journal import Image, Mark
from ledger.keys import DIGEST_BYTES
from ledger.money import Money
from ledger.sqlite_store import SqliteJournal, SqliteStore

WALLETS = 1_000
# Between two looks at where the engine is. The commit is timed, not looked at: a look cannot
# happen inside of SQLite.
LOOK_S = 0.001
SHOWN_MAX = 12


class EngineFigures(msgspec.Struct, frozen=True):
    """Rows a second, by turn. row_bytes: of a mean entry with its hash. profile: shares of the
    time, by function; `commit` is all of the store's append. owners: by whose code it is.
    """

    engine: list[float]
    store: list[float]
    row_bytes: int
    profile: dict[str, float]
    owners: dict[str, float] = {}


class TimedJournal(SqliteJournal):
    """Knows how long its appends took, and how big the rows were."""

    spent_ns = 0
    rows = 0
    row_bytes = 0

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        started = time.perf_counter_ns()
        super().append(entries, images, mark)
        self.spent_ns += time.perf_counter_ns() - started
        self.rows += len(entries)
        self.row_bytes += sum(len(entry.body) + len(entry.hash) for entry in entries)


class Frames:
    """An endless stream of frames, encoded before the clock runs."""

    def __init__(self, wallets: list[AccountId]) -> None:
        self._wallets = wallets
        self._random = Random(1)
        self._shares = zipf(len(wallets))
        self._count = 0

    def take(self, count: int) -> list[bytes]:
        return [
            encode(Commands([self._payment() for _ in range(COMMANDS_PER_FRAME)]))
            for _ in range(count)
        ]

    def _payment(self) -> Envelope:
        self._count += 1
        random = self._random
        declined = random.random() < DECLINE_SHARE
        minor = TOO_MUCH_MINOR if declined else random.choice(PRICES_MINOR)
        digest = sha256(self._count.to_bytes(8, "big")).digest()
        merchant = "mer_" + "a" * 24
        command = Authorise(
            account=self._wallets[self._shares.draw(random)],
            amount=Money(minor, CURRENCY),
            sale=Sale(merchant, digest[:DIGEST_BYTES], "web", "DOH-T1-B12", "till_b12"),
            capture=CaptureMode.AUTOMATIC,
            hold_ms=0,
        )
        key, request = digest[:DIGEST_BYTES], digest[DIGEST_BYTES:]
        return Envelope(command, "prn_" + "a" * 24, key, request)


def run_engine(desk: Desk, frames: list[bytes]) -> float:
    """Payments a second."""
    started = time.perf_counter()
    for frame in frames:
        [answer] = desk.serve([decode_request(frame)])
        framed(answer)
    return len(frames) * COMMANDS_PER_FRAME / (time.perf_counter() - started)


class BareStore:
    """SQLite as the journal uses it, and nothing above it."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE rows (seq INTEGER PRIMARY KEY, body BLOB, hash BLOB)"
        )
        self._seq = 0

    def run(self, batches: int, row_bytes: int) -> float:
        """Rows a second."""
        body, digest = bytes(row_bytes - 32), bytes(32)
        started = time.perf_counter()
        for _ in range(batches):
            first = self._seq + 1
            self._seq += COMMANDS_PER_FRAME
            rows = [(seq, body, digest) for seq in range(first, self._seq + 1)]
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT INTO rows VALUES (?, ?, ?)", rows)
            self._db.execute("COMMIT")
        return batches * COMMANDS_PER_FRAME / (time.perf_counter() - started)

    def close(self) -> None:
        self._db.close()


@contextmanager
def looking(seen: Counter[str]) -> Iterator[None]:
    """Notes, again and again, in which function of the project the processor is."""

    def look(_signal: int, frame: FrameType | None) -> None:
        while frame is not None:
            path = Path(frame.f_code.co_filename)
            if path.parent.name in {"actors", "ledger"}:
                seen[f"{path.parent.name}/{path.stem}.{frame.f_code.co_qualname}"] += 1
                return
            frame = frame.f_back

    before = signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, LOOK_S, LOOK_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def profile(desk: Desk, journal: TimedJournal, frames: list[bytes]) -> dict[str, float]:
    seen: Counter[str] = Counter()
    journal.spent_ns = 0
    started = time.perf_counter_ns()
    with looking(seen):
        run_engine(desk, frames)
    committing = journal.spent_ns / (time.perf_counter_ns() - started)
    outside = {where: n for where, n in seen.items() if "sqlite_store" not in where}
    looks = sum(outside.values())
    shares = {where: (1 - committing) * n / looks for where, n in outside.items()}
    biggest = dict(sorted(shares.items(), key=lambda item: -item[1])[:SHOWN_MAX])
    rest = 1 - committing - sum(biggest.values())
    found = {"commit": committing} | biggest | {"all others": rest}
    return {where: round(share, 4) for where, share in found.items()}


def owners(desk: Desk, frames: Frames, seconds: int, folder: Path) -> dict[str, float]:
    """Nothing, where no profiler may look."""
    with ThreadPoolExecutor(1) as aside:
        looking = aside.submit(asyncio.run, shares(os.getpid(), "engine", seconds, folder))
        while not looking.done():
            run_engine(desk, frames.take(1))
        try:
            return looking.result()
        except CannotLook:
            return {}


def measure(
    folder: Path, frames_per_turn: int, turns: int, looked_at_s: int
) -> EngineFigures:
    config = settings(folder / "engine")
    world = seed(config, WALLETS)
    store = SqliteStore(Layout(Path(config.data)).journals)
    journal = TimedJournal(0, store.path(0))
    partition = Partition(0, owns=lambda _: True, journal=journal, clock=SystemClock())
    partition.open(token_bytes(8))
    desk = Desk(partition)
    frames = Frames([parse_account(wallet) for wallet in world.wallets])
    run_engine(desk, frames.take(frames_per_turn))  # loads accounts, fills caches
    journal.rows = journal.row_bytes = 0
    engine, bare = list[float](), list[float]()
    with closing(BareStore(folder / "bare.sqlite")) as below:
        for _ in range(turns):
            engine.append(round(run_engine(desk, frames.take(frames_per_turn))))
            row_bytes = journal.row_bytes // journal.rows
            bare.append(round(below.run(frames_per_turn, row_bytes)))
    where = profile(desk, journal, frames.take(frames_per_turn))
    whose = owners(desk, frames, looked_at_s, folder) if looked_at_s else {}
    partition.close()
    return EngineFigures(engine, bare, row_bytes, where, whose)


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1]) as name:
        frames, turns, looked_at_s = map(int, sys.argv[2:5])
        figures = measure(Path(name), frames, turns, looked_at_s)
    sys.stdout.buffer.write(msgspec.json.encode(figures))


if __name__ == "__main__":
    main()
