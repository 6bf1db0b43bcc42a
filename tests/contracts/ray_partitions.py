"""Two partitions on the run's own Ray, beside those of the demonstration, for the contract.

Ray takes a second to start an actor. So the two are started once, and each test gets them anew: the
journals' folder is a link, which is turned to an empty folder, and then the processes are killed.
"""

import sys
import warnings
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import mkdtemp
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

import pytest

from actors.directory import Directory, plan
from actors.frame import Heartbeat, Statistics, decode_statistics, encode
from actors.partition_spec import PartitionSpec
from actors.ray_head import HeadSpec
from actors.runtime import PartitionUnavailable, Road
from actors.socket_road import SocketRoad
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from tests.contracts.runtimes import PARTITIONS
from tests.processes import PATIENCE_S, kill

if TYPE_CHECKING:
    from actors.ray_runtime import RayRuntime

ROADS = ["Ray socket", "Ray call"]


class RayPartitions:
    """folder: of sockets and journals."""

    def __init__(self, runtime: "RayRuntime", folder: Path) -> None:
        self._runtime = runtime
        self._folder = folder
        self.directory = plan(PARTITIONS)

    def road(self, name: str) -> Road:
        from actors.ray_runtime import RayCallRoad  # noqa: PLC0415 — after ray_partitions()

        if name == "Ray call":
            return RayCallRoad(self._runtime)
        return SocketRoad(self._runtime.socket_path)

    @property
    def _link(self) -> Path:
        return self._folder / "journals"

    def start(self) -> None:

        self.turn_link(self.empty_folder())
        journals = StoreAddress(str(self._link))
        for number in range(PARTITIONS):
            self._runtime.start_partition(
                PartitionSpec(number, journals, str(self._folder), self.directory)
            )

    def empty_folder(self) -> Path:
        return Path(mkdtemp(dir=self._folder))

    def turn_link(self, folder: Path) -> None:
        """Whoever opens a journal from now on finds it there."""
        spare = self._folder / "next"
        spare.symlink_to(folder)
        spare.replace(self._link)

    @asynccontextmanager
    async def anew(self, road: str) -> AsyncIterator["RunningOnRay"]:
        """With journals in which nothing stands yet."""
        folder = self.empty_folder()
        self.turn_link(folder)
        running = RunningOnRay(self.directory, SqliteStore(folder), self.road(road), self)
        for number in range(PARTITIONS):
            await self.kill(number)  # the next one starts after the link was turned
        for number in range(PARTITIONS):
            await self.pulse(number)
        yield running
        await running.road.close()

    async def pulse(self, partition: int) -> Statistics:
        """Once it is up."""
        road = self.road("Ray socket")
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            try:
                answer = await road.send(partition, encode(Heartbeat()))
            except PartitionUnavailable:
                continue
            await road.close()
            return decode_statistics(answer)
        raise AssertionError(f"partition {partition} does not come up")

    async def kill(self, partition: int) -> None:
        kill((await self.pulse(partition)).pid)


class RunningOnRay(NamedTuple):
    directory: Directory
    store: SqliteStore
    road: Road
    partitions: RayPartitions

    async def kill(self, partition: int) -> None:
        await self.partitions.kill(partition)


@contextmanager
def ray_partitions(spec: HeadSpec) -> Iterator[RayPartitions]:
    """Makes this process a driver of that head; a process can be one only once."""
    # It reads that environment when it is imported. Without it a driver looks for the head at the
    # machine's own address, where nobody listens, and waits for ever.
    assert "ray" not in sys.modules, "a test before has imported Ray into this process"
    with pytest.MonkeyPatch.context() as patch:
        for name, value in spec.environment.items():
            patch.setenv(name, value)
        from actors.ray_runtime import RayRuntime  # noqa: PLC0415 — reads the environment

        runtime = RayRuntime(spec, namespace="contract")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Ray's own
            runtime.connect()
        folder = Path(spec.folder) / "contract"
        folder.mkdir()
        partitions = RayPartitions(runtime, folder)
        partitions.start()
        yield partitions
        runtime.disconnect()
