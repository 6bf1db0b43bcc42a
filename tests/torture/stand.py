"""What is tortured: an installation on a small disk, perhaps with a database server beside it."""

import asyncio
import os
import select
import shutil
import signal
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from time import monotonic

import psycopg

from actors.tail import Tail
from ledger.store_address import StoreAddress
from tests.installation import PARTITIONS, Installation
from tests.postgres_server import PostgresServer, _leash
from tests.processes import PATIENCE_S, until
from tests.torture.client import LOST_S
from tests.torture.disk import Disk
from tests.torture.history import History, JournalBook
from tests.torture.payers import Payers

# An init system starts a service again at once, and again when it ends at once.
STARTS_MAX = 100


class Stand:
    def __init__(self, store: str, disk: Disk, random: Random) -> None:
        self.random = random
        self.disk = disk
        self.server = _server(disk.folder / "postgresql") if store == "postgresql" else None
        address = self.server.address() if self.server else StoreAddress("")
        self.installation = Installation(disk.folder / "data", address)
        self.history = History()
        self.book = JournalBook()
        self.audited = 0  # answers that were asked for again
        self._tails: list[Tail] = []
        self.payers: Payers

    def start(self) -> None:
        self.installation.start()
        self.payers = Payers(self.installation, self.history, self.random)
        journals = self.installation.journals
        self._tails = [Tail(journals, number) for number in range(PARTITIONS)]

    def close(self) -> None:
        for tail in self._tails:
            tail.close()
        self.installation.end()
        if self.server:
            _end(self.server)
        shutil.rmtree(self.installation.sockets, ignore_errors=True)

    # --- Who is who

    def partition(self, number: int) -> int:
        """Its process. It may be on its way up."""
        found: list[int] = []

        def is_up() -> bool:
            pid = self.installation.partition_pid(number)
            found.extend([pid] if pid else [])
            return bool(found)

        until(is_up)
        return found[0]

    def partitions(self) -> list[int]:
        return [self.partition(number) for number in range(PARTITIONS)]

    def process(self, part: str) -> int:
        """The one whose command line has this part. A child that its parent has just forked has
        the same line for a moment, and old ones may still be ending.
        """
        found: list[int] = []

        def is_alone() -> bool:
            members = self.installation.members().items()
            found[:] = [pid for pid, command in members if part in command]
            return len(found) == 1

        until(is_alone)
        return found[0]

    def backend(self, number: int) -> int:
        """The database's process that works for a partition."""
        assert self.server
        found: list[int] = []

        def is_up() -> bool:
            found.extend(
                pid for pid, name in self._backends() if name.endswith(f" {number}")
            )
            return bool(found)

        until(is_up)
        return found[0]

    def writers(self) -> list[int]:
        """Whoever writes journals."""
        backends = [pid for pid, _ in self._backends()] if self.server else []
        return self.partitions() + backends

    def _backends(self) -> list[tuple[int, str]]:
        assert self.server
        rows = self.server.ask(_BACKENDS)
        return [(int(pid), str(name)) for pid, name in rows]

    # --- Recovering

    def start_server_if_down(self) -> None:
        """A database server without room for its log ends."""
        if self.server:
            try:
                self.server.ask("SELECT 1")
            except psycopg.OperationalError:
                self.server.start()

    async def served(self, partitions: Iterable[int] = range(PARTITIONS)) -> None:
        """Until each of them has approved a payment that was asked for now."""
        await asyncio.gather(*[self.payers.probe(number) for number in partitions])

    def revive(self) -> None:
        """Start the installation as an init system does. What is left of the old one may still
        hold its port or its folder for a moment.
        """
        for _ in range(STARTS_MAX):
            try:
                self.installation.start()
            except AssertionError:
                said = self.installation.complaints
                if "cannot listen" not in said and "another Airside" not in said:
                    raise
            else:
                return
        raise AssertionError(f"it does not start again: {self.installation.complaints}")

    # --- What the journals say

    async def settled(self) -> None:
        """Read what is new, until no money is on its way."""
        started = monotonic()
        while True:
            await asyncio.to_thread(self._read)
            if self.book.at_rest or monotonic() - started > LOST_S:
                return

    def _read(self) -> None:
        for tail in self._tails:
            while page := tail.next():
                self.book.read(page)


_BACKENDS = """
SELECT pid, application_name FROM pg_stat_activity
WHERE application_name ~ '^airside partition [0-9]+$'
"""


class Doomed:
    """Processes that shall end. Made before they may: a number is somebody else's soon after."""

    def __init__(self, pids: Iterable[int]) -> None:
        self._descriptors = [os.pidfd_open(pid) for pid in pids]

    async def gone(self) -> None:
        """All of them."""
        await asyncio.to_thread(self._wait, len(self._descriptors))

    async def one_gone(self) -> None:
        await asyncio.to_thread(self._wait, 1)

    def _wait(self, wanted: int) -> None:
        deadline_s = monotonic() + PATIENCE_S
        ended: set[int] = set()
        while len(ended) < wanted:
            waiting = [d for d in self._descriptors if d not in ended]
            found, _, _ = select.select(waiting, [], [], deadline_s - monotonic())
            assert found, f"{len(waiting)} processes do not end"
            ended.update(found)
        for descriptor in self._descriptors:
            os.close(descriptor)


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """It stands still meanwhile. Should it be killed, that is all right."""
    os.kill(pid, signal.SIGSTOP)
    with closing(_Continued(os.pidfd_open(pid))):
        yield


class _Continued:
    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def close(self) -> None:
        try:
            signal.pidfd_send_signal(self._descriptor, signal.SIGCONT)
        except ProcessLookupError:
            pass
        finally:
            os.close(self._descriptor)


def _end(server: PostgresServer) -> None:
    leash = server._leash
    assert leash.stdin is not None
    leash.stdin.close()
    leash.wait()


def _server(folder: Path) -> PostgresServer:
    folder.mkdir()
    server = PostgresServer(folder, _leash(folder))
    server.start()
    return server
