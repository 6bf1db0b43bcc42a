"""`make hostile REQUESTS=100000`: a real installation, a flood of what nobody should send, and a
look at what it left behind.

First a warm-up, then the flood in two halves: our own requests, and a tenth of it drawn by
schemathesis from the document, for three kinds of principals. Memory and open files are read after
each. In the second half the gateway may not have grown, the partitions only by what was entered, no
file may be open that was not, and the ledger must verify.
"""

import argparse
import asyncio
import re
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event

from channels.web.demo import demo_key
from gateway.layout import Layout
from gateway.world import account_of
from ledger.ids import account_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.hostile.schema import command
from tests.hostile.visit import Visit, Wrong, allowed_by, world_of
from tests.installation import PARTITIONS, Installation
from tests.processes import PROC

WHO = ("operator", "lounge", "amira")
# After so many the threads have their connections.
WARM_UP = 10_000
# Of these, schemathesis draws one in so many.
DRAWN_BY_SCHEMA = 10
# Caches fill; a leak of 200 bytes a request is more.
GROWN_BYTES_MAX = 8 * 2**20
# Requests that were meant leave accounts, payments and keys in the partitions' memory.
GROWN_BYTES_PER_ENTRY = 2_048
# Connections to the relational store that are kept; the last opens when so many work at once.
POOLED = 5
# Whoever asked has gone, and connections that wait for the rest of a request end after 10 s.
SETTLE_S = 15.0


class Leak(Exception):
    """More is there than before the flood, beyond what it may have left."""


class Footprint:
    """Memory and open files of the processes that serve, and how many entries there are."""

    def __init__(self, installation: Installation) -> None:
        # First: for its page of metrics a gateway opens a road of its own to each partition.
        page = installation.api("operator").get("/metrics").raw.decode()
        gateway = installation.pid_of("gateway.process")
        partitions = [installation.partition_pid(number) for number in range(PARTITIONS)]
        assert all(partitions), "each of them serves"
        pids = [gateway, *(pid for pid in partitions if pid)]
        self.pids = set(pids)
        self.gateway_bytes = _resident(gateway)
        self.partitions_bytes = sum(map(_resident, pids[1:]))
        self.files = Counter(file for pid in pids for file in _open_files(pid))
        self.entries = sum(int(float(count)) for count in _ENTRIES.findall(page))

    def __str__(self) -> str:
        return (
            f"gateway {self.gateway_bytes / 2**20:.1f} MiB,"
            f" partitions {self.partitions_bytes / 2**20:.1f} MiB,"
            f" {self.files.total()} open files, {self.entries} entries"
        )


_ENTRIES = re.compile(r"^airside_partition_entries\{[^}]*\} ([\d.e+]+)$", re.MULTILINE)


def _open_files(pid: int) -> Iterator[str]:
    """By name; of sockets and the like, what they are."""
    for link in (PROC / str(pid) / "fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed just now
            yield link.readlink().name.partition(":")[0]


def _resident(pid: int) -> int:
    for line in (PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1_024
    raise AssertionError("proc(5) has it")


async def flood(installation: Installation, seed: int, requests: int) -> None:
    """Raises Wrong, Leak."""
    document = installation.api("operator").get("/openapi.json").body
    ids = [account_text(account_of(who)) for who in ("amira", "jonas")]
    world = world_of(document, [demo_key(who) for who in WHO], ids)
    visit = Visit(installation.port, world, allowed_by(document))

    async def wave(number: int, count: int) -> Footprint:
        started = time.perf_counter()
        await visit.send(seed + number, count)
        drawn = count // DRAWN_BY_SCHEMA
        await asyncio.to_thread(by_schema, installation.port, seed + number, drawn)
        spent_s = time.perf_counter() - started
        await asyncio.to_thread(Event().wait, SETTLE_S)
        left = Footprint(installation)
        say(f"after {count} in {spent_s:.0f} s: {left}")
        return left

    await wave(0, WARM_UP)
    # A leak goes on. What fills and is full then does not, such as a connection's cache of pages.
    between = await wave(1, requests // 2)
    after = await wave(2, requests - requests // 2)
    say(f"answers: {dict(sorted(visit.statuses.items()))}")
    require_no_leak(between, after)


def by_schema(port: int, seed: int, count: int) -> None:
    """Raises Leak when an answer is not as the document says: then its output stands above."""
    operations = 75  # of the document, about
    for who in WHO:
        examples = max(1, count // len(WHO) // operations)
        line = command(port, demo_key(who), seed=seed, examples=examples, phases="fuzzing")
        with tempfile.TemporaryDirectory() as folder:
            run = subprocess.run(
                line, cwd=folder, capture_output=True, text=True, check=False
            )
        if run.returncode:
            say(run.stdout)
            raise Leak(f"schemathesis found something as {who}")


def require_no_leak(before: Footprint, after: Footprint) -> None:
    """Raises Leak."""
    if before.pids != after.pids:
        raise Leak("a process has ended, and was started again")
    grown = after.gateway_bytes - before.gateway_bytes
    if grown > GROWN_BYTES_MAX:
        raise Leak(f"the gateway has grown by {grown / 2**20:.1f} MiB")
    grown = after.partitions_bytes - before.partitions_bytes
    entries = after.entries - before.entries
    if grown > GROWN_BYTES_MAX * PARTITIONS + entries * GROWN_BYTES_PER_ENTRY:
        raise Leak(
            f"partitions have grown by {grown / 2**20:.1f} MiB for {entries} entries"
        )
    more = after.files - before.files
    for file in [file for file in more if file.startswith("store.sqlite")]:
        if after.files[file] <= POOLED:
            del more[file]
    if more:
        raise Leak(f"more files are open: {dict(more)}")


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None, help="draws one, and prints it")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    say(f"seed {seed}")
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder) / "data")
        try:
            installation.start()
            asyncio.run(flood(installation, seed, options.requests))
            installation.stop()
        except* (Wrong, Leak) as group:
            sys.exit(f"hostile: {group.exceptions[0]}")
        finally:
            installation.end()
        if verify(SqliteStore(Layout(installation.folder).journals)).findings:
            sys.exit("hostile: the ledger does not verify")
    say("no 5xx, nothing undeclared, no leak; the ledger verifies")


if __name__ == "__main__":
    main()
