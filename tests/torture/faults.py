"""What is done to an installation. Each fault returns the seconds until a payment was approved.

Seconds count from the moment at which the fault struck; where it lasts until somebody mends it (a
full disk, a store that may not be written), from the moment at which it was mended. What counts is
a payment that was asked for after the fault, at the slowest of the partitions that it met, and
from a process that was not there before when the fault is the end of one.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple

from tests.installation import PARTITIONS
from tests.processes import kill
from tests.torture.stand import Doomed, Stand, stopped

# Short of what the supervisor takes for silence (two heartbeats of 2 s).
PAUSE_S = 1.0
# Kills in a row, so that a replay is interrupted too.
AGAIN = 3
# How long a full or unwritable store stays so after it was noticed: several new incarnations.
TROUBLE_S = 1.5
# A database's process that stands still longer than its partition is waited for.
STALLED_S = 7.0


class Fault(NamedTuple):
    """limit_s: what the recovery is meant to take, where that was promised."""

    name: str
    strike: Callable[[Stand], Awaitable[float]]
    limit_s: float | None = None


async def partition_killed(stand: Stand) -> float:
    return await _kill(stand, stand.random.randrange(PARTITIONS))


async def partition_killed_again(stand: Stand) -> float:
    """Its successors too, as soon as they listen; what counts is from the last time."""
    number = stand.random.randrange(PARTITIONS)
    for _ in range(AGAIN):
        kill(stand.partition(number))
    return await _kill(stand, number)


async def partition_stopped(stand: Stand) -> float:
    """Ray does not notice; the supervisor kills it."""
    number = stand.random.randrange(PARTITIONS)
    pid = stand.partition(number)
    return await _after_end(stand, [pid], lambda: os.kill(pid, signal.SIGSTOP), [number])


async def partition_paused(stand: Stand) -> float:
    number = stand.random.randrange(PARTITIONS)
    return await _paused(stand, stand.partition(number), [number])


async def gateway_killed(stand: Stand) -> float:
    pid = stand.process("gateway.process")
    return await _after_end(stand, [pid], lambda: kill(pid))


async def gateway_stopped(stand: Stand) -> float:
    pid = stand.process("gateway.process")
    return await _after_end(stand, [pid], lambda: os.kill(pid, signal.SIGSTOP))


async def gateway_paused(stand: Stand) -> float:
    return await _paused(stand, stand.process("gateway.process"))


async def raylet_killed(stand: Stand) -> float:
    pid = stand.process("raylet/raylet ")
    return await _after_end(stand, [pid, *stand.partitions()], lambda: kill(pid))


async def gcs_killed(stand: Stand) -> float:
    pid = stand.process("gcs/gcs_server ")
    return await _after_end(stand, [pid, *stand.partitions()], lambda: kill(pid))


async def raylet_stopped(stand: Stand) -> float:
    return await _kill_without(stand, stand.process("raylet/raylet "))


async def gcs_stopped(stand: Stand) -> float:
    return await _kill_without(stand, stand.process("gcs/gcs_server "))


async def supervisor_killed(stand: Stand) -> float:
    """It is started again at once, while what is left of it still ends."""
    doomed = Doomed([stand.installation.supervisor_pid, *stand.partitions()])
    struck_s = monotonic()
    stand.installation.send(signal.SIGKILL)
    stand.installation.wait()
    reviving = asyncio.create_task(asyncio.to_thread(stand.revive))
    await doomed.gone()
    await stand.served()
    seconds = monotonic() - struck_s
    await reviving
    return seconds


async def disk_filled(stand: Stand) -> float:
    doomed = Doomed(stand.partitions())
    stand.disk.fill(stand.writers)
    try:
        await _trouble(stand, doomed)
    finally:
        stand.disk.empty()
    mended_s = monotonic()
    stand.start_server_if_down()
    await stand.served()
    return monotonic() - mended_s


async def files_read_only(stand: Stand) -> float:
    folder = stand.installation.folder / "journals"
    doomed = Doomed(stand.partitions())
    stand.disk.forbid_writing(folder, stand.writers)
    try:
        if stand.disk.needs_new_writers:
            kill(stand.partition(0))
        await _trouble(stand, doomed)
    finally:
        stand.disk.allow_writing(folder)
    mended_s = monotonic()
    await stand.served()
    return monotonic() - mended_s


async def database_read_only(stand: Stand) -> float:
    assert stand.server
    doomed = Doomed(stand.partitions())
    stand.server.ask("ALTER SYSTEM SET default_transaction_read_only = on")
    stand.server.ask("SELECT pg_reload_conf()")
    try:
        await _trouble(stand, doomed)
    finally:
        stand.server.ask("ALTER SYSTEM RESET default_transaction_read_only")
        stand.server.ask("SELECT pg_reload_conf()")
    mended_s = monotonic()
    await stand.served()
    return monotonic() - mended_s


async def server_restarted(stand: Stand) -> float:
    """As in a crash: nobody is told, and it recovers from its log."""
    assert stand.server
    struck_s = monotonic()
    await asyncio.to_thread(stand.server.stop, "immediate")
    await asyncio.to_thread(stand.server.start)
    await stand.served()
    return monotonic() - struck_s


async def backend_killed(stand: Stand) -> float:
    """PostgreSQL ends all its sessions then, and recovers."""
    pid = stand.backend(stand.random.randrange(PARTITIONS))
    struck_s = monotonic()
    kill(pid)
    await stand.served()
    return monotonic() - struck_s


async def backend_paused(stand: Stand) -> float:
    number = stand.random.randrange(PARTITIONS)
    return await _paused(stand, stand.backend(number), [number])


async def backend_stopped(stand: Stand) -> float:
    """Its partition is killed meanwhile; then it goes on with what it had under way."""
    number = stand.random.randrange(PARTITIONS)
    doomed = Doomed([stand.partition(number)])
    struck_s = monotonic()
    with stopped(stand.backend(number)):
        await doomed.gone()
        serving = asyncio.create_task(stand.served([number]))
        await asyncio.wait([serving], timeout=STALLED_S)
    await serving
    return monotonic() - struck_s


async def _kill(stand: Stand, number: int) -> float:
    pid = stand.partition(number)
    return await _after_end(stand, [pid], lambda: kill(pid), [number])


async def _kill_without(stand: Stand, server: int) -> float:
    """Of a partition, which nothing replaces until the supervisor lets Ray's server go on."""
    number = stand.random.randrange(PARTITIONS)
    with stopped(server):
        return await _kill(stand, number)


async def _after_end(
    stand: Stand,
    pids: list[int],
    strike: Callable[[], None],
    partitions: list[int] | None = None,
) -> float:
    """Until those have ended, and others serve in their place."""
    doomed = Doomed(pids)
    struck_s = monotonic()
    strike()
    await doomed.gone()
    await stand.served(range(PARTITIONS) if partitions is None else partitions)
    return monotonic() - struck_s


async def _paused(stand: Stand, pid: int, partitions: list[int] | None = None) -> float:
    struck_s = monotonic()
    with stopped(pid):
        serving = asyncio.create_task(
            stand.served(range(PARTITIONS) if partitions is None else partitions)
        )
        await asyncio.wait([serving], timeout=PAUSE_S)
    await serving
    return monotonic() - struck_s


async def _trouble(stand: Stand, doomed: Doomed) -> None:
    """Until a partition ended because of it, and somewhat longer."""
    await doomed.one_gone()
    await stand.payers.moment(TROUBLE_S)


EVERYWHERE = [
    Fault("partition killed", partition_killed, 1.0),
    Fault("partition killed 4 times", partition_killed_again, 1.0),
    Fault("partition stopped", partition_stopped),
    Fault("partition paused 1 s", partition_paused),
    Fault("gateway killed", gateway_killed),
    Fault("gateway stopped", gateway_stopped),
    Fault("gateway paused 1 s", gateway_paused),
    Fault("raylet killed", raylet_killed, 8.0),
    Fault("GCS killed", gcs_killed, 8.0),
    Fault("raylet stopped", raylet_stopped),
    Fault("GCS stopped", gcs_stopped),
    Fault("supervisor killed", supervisor_killed),
    Fault("disk full", disk_filled),
]
FAULTS = {
    "sqlite": [*EVERYWHERE, Fault("store read-only", files_read_only)],
    "postgresql": [
        *EVERYWHERE,
        Fault("store read-only", database_read_only),
        Fault("server restarted", server_restarted),
        Fault("backend killed", backend_killed),
        Fault("backend paused 1 s", backend_paused),
        Fault("backend stopped", backend_stopped),
    ],
}
