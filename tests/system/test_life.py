"""An installation from its start to its end: refused twice, drained, killed, started again."""

import asyncio
import os
import re
import signal
import subprocess

import aiohttp
import pytest

from channels.web.demo import demo_key
from gateway.world import account_of
from tests.installation import Installation
from tests.processes import kill, until
from tests.system.crowd import Attempt, Crowd

pytestmark = [pytest.mark.ray, pytest.mark.slow]

AMIRA = account_of("amira")


def refusal(process: subprocess.Popen[str]) -> str:
    """What it says when it does not start."""
    said, complaints = process.communicate(timeout=60)
    assert process.returncode == 1, said + complaints
    return complaints


def test_a_second_one_on_the_same_folder_is_refused(own: Installation) -> None:
    second = own.run("serve", stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    assert refusal(second) == f"airside: another Airside is running on {own.folder}\n"


def test_another_one_on_the_same_port_is_refused(own: Installation) -> None:
    """Gateways share their port, so the kernel would deal our callers to the other one."""
    folder = own.folder.with_name("elsewhere")
    other = own.run("serve", folder=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    taken = f"airside: cannot listen on 127.0.0.1:{own.port}: Address already in use\n"
    assert refusal(other) == taken


async def test_what_was_accepted_before_the_stop_is_answered(own: Installation) -> None:
    """Four payments wait at a partition that stands still when the stop comes."""
    partition = own.directory.partition_of(AMIRA)
    pid = own.partition_pid(partition)
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    accepted = [asyncio.create_task(charge_amira(own, f"accepted-{n}")) for n in range(4)]
    await asyncio.to_thread(until, lambda: waiting(own, partition) == 4)

    own.send(signal.SIGTERM)
    await asyncio.to_thread(until, lambda: refuses(own))
    os.kill(pid, signal.SIGCONT)

    assert [status for status, _ in await asyncio.gather(*accepted)] == [201] * 4
    assert await asyncio.to_thread(own.wait) == 0
    assert own.members() == {}


async def test_a_stop_and_a_start_lose_nothing(own: Installation) -> None:
    async with Crowd(own, "stop") as crowd:
        assert await asyncio.to_thread(own.stop, signal.SIGTERM) == 0
        assert own.members() == {}
        await asyncio.to_thread(own.start)
        await crowd.got_on()
    await crowd.settle()


async def test_a_killed_supervisor_leaves_nobody_behind(own: Installation) -> None:
    async with Crowd(own, "orphans") as crowd:
        own.send(signal.SIGKILL)
        assert await asyncio.to_thread(own.wait) == -signal.SIGKILL
        await asyncio.to_thread(until, lambda: not own.members())
        await asyncio.to_thread(own.start)
        await crowd.got_on()
    await crowd.settle()


@pytest.mark.parametrize("part", ["raylet/raylet ", "gcs/gcs_server "])
async def test_when_ray_dies_all_is_started_again(own: Installation, part: str) -> None:
    pid = own.pid_of(part)
    restarts = own.complaints.count("Ray ended")
    async with Crowd(own, part[:3]) as crowd:
        kill(pid)
        await asyncio.to_thread(until, lambda: own.complaints.count("Ray ended") > restarts)
        await crowd.got_on()
    await crowd.settle()
    assert own.pid_of(part) != pid


def test_ctrl_c_while_ray_starts_is_heard(house: Installation) -> None:
    if house.running:
        assert house.stop(signal.SIGTERM) == 0
    starting = house.run("demo", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert starting.stdout is not None
    while "Ray: starting" not in starting.stdout.readline():
        assert starting.poll() is None

    starting.send_signal(signal.SIGINT)

    said, _ = starting.communicate(timeout=60)
    assert starting.returncode == 0, said
    assert said.endswith("stopped\n")
    assert house.members() == {}


async def charge_amira(installation: Installation, key: str) -> tuple[int, bytes]:
    attempt = Attempt(key, 100, AMIRA)
    headers = {
        "Authorization": f"Bearer {demo_key('operator')}",
        "Idempotency-Key": key,
    }
    async with (
        aiohttp.ClientSession(installation.base, headers=headers) as session,
        session.post("/v1/payments", json=attempt.body) as response,
    ):
        return response.status, await response.read()


def waiting(installation: Installation, partition: int) -> int:
    """Commands that a partition has not answered."""
    page = installation.api("operator").get("/metrics").raw.decode()
    [depth] = re.findall(
        rf'^airside_mailbox_depth{{.*"{partition}"}} (\d+)', page, re.MULTILINE
    )
    return int(depth)


def refuses(installation: Installation) -> bool:
    try:
        installation.api("operator").get("/healthz")
    except ConnectionError:
        return True
    return False
