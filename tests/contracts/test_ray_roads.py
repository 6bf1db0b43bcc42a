"""What only a partition in a process of its own does: it is not there, stands still, or dies."""

import asyncio
import os
import signal

import pytest

from actors.frame import Commands, Heartbeat, decode_replies, encode
from actors.leash import is_stopped
from actors.runtime import PartitionUnavailable, Road
from ledger.commands import Envelope, ReadAccount
from ledger.errors import Happened
from ledger.sqlite_store import SqliteStore
from tests.contracts.ray_partitions import ROADS, RayPartitions
from tests.contracts.runtimes import PARTITIONS
from tests.installation import Installation
from tests.ledger.forge import AMIRA
from tests.processes import kill, until

pytestmark = [pytest.mark.ray, pytest.mark.slow]

FRAME = encode(Commands([Envelope(ReadAccount(account=AMIRA))]))


@pytest.fixture
def roads(on_ray: RayPartitions) -> list[Road]:
    return [on_ray.road(name) for name in ROADS]


async def what_happened(road: Road, partition: int) -> Happened:
    """As far as is known when there is no answer."""
    with pytest.raises(PartitionUnavailable) as refused:
        await road.send(partition, FRAME)
    return refused.value.happened


async def stop(on_ray: RayPartitions, partition: int) -> int:
    pid = (await on_ray.pulse(partition)).pid
    os.kill(pid, signal.SIGSTOP)
    until(lambda: is_stopped(pid))
    return pid


async def test_where_no_partition_is_nothing_happened(roads: list[Road]) -> None:
    for road in roads:
        assert await what_happened(road, PARTITIONS) is Happened.NO


async def test_of_a_partition_that_stands_still_nothing_is_known(
    on_ray: RayPartitions, roads: list[Road]
) -> None:
    partition = on_ray.directory.partition_of(AMIRA)
    await on_ray.pulse(partition)
    for road in roads:
        await road.send(partition, encode(Heartbeat()))
    pid = await stop(on_ray, partition)

    waiting = [what_happened(road, partition) for road in roads]
    assert await asyncio.gather(*waiting) == [Happened.UNKNOWN, Happened.UNKNOWN]

    os.kill(pid, signal.SIGCONT)
    for road in roads:
        assert len(decode_replies(await road.send(partition, FRAME))) == 1
        await road.close()


async def test_of_a_frame_whose_partition_dies_nothing_is_known(
    on_ray: RayPartitions, roads: list[Road]
) -> None:
    partition = on_ray.directory.partition_of(AMIRA)
    for road in roads:
        await on_ray.pulse(partition)
        await road.send(partition, encode(Heartbeat()))
        pid = await stop(on_ray, partition)

        under_way = asyncio.create_task(what_happened(road, partition))
        await asyncio.wait([under_way], timeout=0.1)
        kill(pid)

        assert await under_way is Happened.UNKNOWN
        await road.close()


async def test_a_partition_waits_for_a_journal_that_cannot_be_opened(
    on_ray: RayPartitions, installation: Installation
) -> None:
    """Ray would give up for good on an actor whose start failed with an error."""
    shut = on_ray.empty_folder()
    SqliteStore(shut).path(0).mkdir()
    async with on_ray.anew("Ray socket") as running:
        written = (await on_ray.pulse(0)).last_seq

        on_ray.turn_link(shut)
        await running.kill(0)
        await asyncio.to_thread(until, lambda: is_starting(installation))
        on_ray.turn_link(running.store.path(0).parent)

        assert (await on_ray.pulse(0)).last_seq == written + 1


def is_starting(installation: Installation) -> bool:
    """Ray names a process after what it does."""
    return any(
        "PartitionActor.__init__" in command for command in installation.members().values()
    )
