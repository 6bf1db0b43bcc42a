"""Processes die, or stop, while a crowd pays: nothing is lost, doubled, or answered twice."""

import os
import signal
from statistics import median

import pytest

from actors.leash import is_stopped
from tests.installation import PARTITIONS, Installation
from tests.processes import kill, until
from tests.system.crowd import Crowd

pytestmark = [pytest.mark.ray, pytest.mark.slow]

KILLS = 20


async def test_a_partition_is_killed_20_times(installation: Installation) -> None:
    outages_s = []
    async with Crowd(installation, "kills") as crowd:
        for number in range(KILLS):
            partition = number % PARTITIONS
            kill(process_of(installation, partition))
            outages_s.append(await crowd.outage_s(partition))
            await crowd.got_on()
    await crowd.settle()
    report("a partition", outages_s, crowd)


async def test_a_stopped_partition_is_killed_and_comes_back(
    installation: Installation,
) -> None:
    pid = process_of(installation, 0)
    async with Crowd(installation, "stop") as crowd:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_stopped(pid))
        outage_s = await crowd.outage_s(0)
        await crowd.got_on()
    await crowd.settle()
    assert process_of(installation, 0) != pid
    report("a stopped partition", [outage_s], crowd)


async def test_a_killed_gateway_is_started_again(installation: Installation) -> None:
    pid = installation.pid_of("gateway.process")
    async with Crowd(installation, "gateway") as crowd:
        kill(pid)
        outage_s = await crowd.outage_s(0)
        await crowd.got_on()
    await crowd.settle()
    assert installation.pid_of("gateway.process") != pid
    report("a gateway", [outage_s], crowd)


def process_of(installation: Installation, partition: int) -> int:
    """It may be on its way up."""
    until(lambda: installation.partition_pid(partition))
    pid = installation.partition_pid(partition)
    assert pid is not None
    return pid


def report(what: str, outages_s: list[float], crowd: Crowd) -> None:
    """For who runs with -s, or looks at a failure."""
    print(  # noqa: T201
        f"{what} was away for {median(outages_s):.2f} s (median of {len(outages_s)}),"
        f" {max(outages_s):.2f} s at most; {len(crowd.answers)} payments,"
        f" asked again after {dict(crowd.refusals)}"
    )
