"""What only the supervisor sees, and what Ray would make worse: silence, stores, lost drivers."""

import asyncio
import os
import resource
import select
import signal
import subprocess
import sys

import pytest

from actors.leash import is_stopped
from tests.house.tree import ROOT
from tests.installation import Installation
from tests.processes import PATIENCE_S, kill, until
from tests.system.crowd import Crowd

pytestmark = [pytest.mark.ray, pytest.mark.slow]

PAGE_BYTES = 4_096

LOST_DRIVER = """
import asyncio
from actors.ray_head import HeadSpec
from actors.ray_runtime import RayRuntime
import ray
try:
    asyncio.run(RayRuntime(HeadSpec("", 0, "", 1)).address(0))
except ConnectionRefusedError:
    print("refused,", "Ray started" if ray.is_initialized() else "no Ray started")
"""

TWO_THREADS = """
import os, threading
from actors.ray_head import HeadSpec
from actors.ray_runtime import RayRuntime
import ray

met = set()
ray.init = ray.shutdown = lambda **_: met.add(threading.get_ident())

def drive():
    runtime = RayRuntime(HeadSpec("", 0, os.environ["RAY_AUTH_TOKEN"], 1))
    runtime.connect()
    runtime.disconnect()

for thread in [threading.Thread(target=drive) for _ in range(2)]:
    thread.start()
    thread.join()
print("Ray met", len(met))
"""


async def test_a_stopped_gateway_is_killed_and_comes_back(
    installation: Installation,
) -> None:
    pid = installation.pid_of("gateway.process")
    async with Crowd(installation, "silent") as crowd:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: is_stopped(pid))
        await crowd.outage_s(0)
        await crowd.got_on()
    await crowd.settle()
    assert installation.pid_of("gateway.process") != pid


@pytest.mark.parametrize("server", ["raylet/raylet ", "gcs/gcs_server "])
async def test_a_partition_is_replaced_although_a_server_of_ray_was_stopped(
    installation: Installation, server: str
) -> None:
    stopped, pid = installation.pid_of(server), installation.partition_pid(0)
    assert pid is not None
    async with Crowd(installation, server[:3]) as crowd:
        os.kill(stopped, signal.SIGSTOP)
        until(lambda: is_stopped(stopped))
        kill(pid)
        await crowd.outage_s(0)
        await crowd.got_on()
    await crowd.settle()
    assert installation.pid_of(server) == stopped


async def test_a_partition_whose_disk_takes_no_more_ends_and_comes_back(
    installation: Installation,
) -> None:
    """The limit is the process's own: the next one finds room again."""
    pid = installation.partition_pid(0)
    assert pid is not None
    async with Crowd(installation, "full") as crowd:
        doomed = os.pidfd_open(pid)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (PAGE_BYTES, resource.RLIM_INFINITY))
        ended, _, _ = await asyncio.to_thread(select.select, [doomed], [], [], PATIENCE_S)
        os.close(doomed)
        await crowd.outage_s(0)
        await crowd.got_on()
    await crowd.settle()
    assert ended


async def test_a_process_stands_by_to_become_a_partition(
    installation: Installation,
) -> None:
    """Or a killed one would be away for most of a second."""
    async with Crowd(installation, "standby") as crowd:
        stood_by = []
        for _ in range(3):
            until(lambda: len(idle(installation)) > 1)  # one of them keeps to tasks
            waiting = idle(installation)
            pid = installation.partition_pid(0)
            assert pid is not None
            kill(pid)
            await crowd.outage_s(0)
            stood_by.append(installation.partition_pid(0) in waiting)
            await crowd.got_on()
    await crowd.settle()
    assert any(stood_by)


def test_a_driver_that_is_not_connected_starts_no_ray_of_its_own(
    installation: Installation,
) -> None:
    assert said(installation, LOST_DRIVER) == "refused, no Ray started\n"


def test_one_thread_is_the_driver_whoever_connects(installation: Installation) -> None:
    """Two would number their tasks alike after a new head, and Ray aborts the process then."""
    assert said(installation, TWO_THREADS) == "Ray met 1\n"


def said(installation: Installation, program: str) -> str:
    """By a process that could be a driver of the installation's Ray."""
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | installation.head_spec().environment,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return ran.stdout


def idle(installation: Installation) -> list[int]:
    return [
        pid for pid, command in installation.members().items() if command == "ray::IDLE"
    ]
