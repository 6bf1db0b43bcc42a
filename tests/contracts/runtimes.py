"""The runtimes that the contract runs on: a second runtime is one more factory and row."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Protocol

from actors.directory import Directory, plan
from actors.local_runtime import LocalRuntime
from actors.runtime import Road
from ledger.clock import SystemClock
from ledger.journal import Store
from ledger.sqlite_store import SqliteStore

PARTITIONS = 2


class Running(Protocol):
    """An installation with two partitions on the machine's own clock."""

    @property
    def directory(self) -> Directory: ...

    @property
    def store(self) -> Store: ...

    @property
    def road(self) -> Road: ...

    async def kill(self, partition: int) -> None:
        """As kill -9 does. It starts again by itself, or with the next frame."""
        ...


class RunningLocally:
    def __init__(self, folder: Path) -> None:
        self.directory = plan(PARTITIONS)
        self.store = SqliteStore(folder / "journals")
        self.road = LocalRuntime(
            self.directory,
            self.store,
            clock=SystemClock(),
            random_bytes=Random(7).randbytes,
        )

    async def kill(self, partition: int) -> None:
        self.road.kill(partition)


@asynccontextmanager
async def locally(folder: Path) -> AsyncIterator[Running]:
    running = RunningLocally(folder)
    running.road.start()
    yield running
    await running.road.close()


RUNTIMES: dict[str, Callable[[Path], AbstractAsyncContextManager[Running]]] = {
    "local": locally,
}
