"""The journal is synced to the disk before anybody is answered, as the system calls show.

A kill -9 shows nothing of that: what a dead process has written is the kernel's, and stays.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from actors.frame import Commands, decode_replies, encode
from actors.socket_road import SocketRoad
from gateway.world import account_of
from ledger.commands import OpenAccount
from ledger.events import AccountKind
from ledger.ids import account_text
from tests.books import asked
from tests.house.tree import ROOT
from tests.installation import Api, Installation
from tests.processes import kill
from tests.system.crowd import Attempt
from tests.system.system_calls import (
    Seen,
    TracingForbidden,
    Watch,
    command,
    read,
)

AMIRA = account_of("amira")
TRANSCRIPT = """\
7 1.1 pwrite64(9</d/partition-0000.sqlite-wal>, "x"..., 4096, 32) = 4096
8 1.2 sendto(4<socket:[11]>, "x"..., 9, 0, NULL, 0) = 9
7 1.3 fdatasync(9</d/partition-0000.sqlite-wal> <unfinished ...>
8 1.4 write(2</d/log>, "x"..., 9) = 9
7 1.5 <... fdatasync resumed>) = 0
7 1.6 sendto(5<socket:[12]>, "x"..., 9, 0, NULL, 0) = 9
"""


@pytest.fixture(autouse=True)
def _strace() -> None:
    if shutil.which("strace") is None:
        pytest.fail("these tests need strace: `make test` installs it on Debian")


@pytest.mark.ray
def test_a_payment_is_synced_before_it_is_answered(
    installation: Installation, operator: Api, tmp_path: Path
) -> None:
    pid = installation.partition_pid(installation.directory.partition_of(AMIRA))
    assert pid is not None
    try:
        with Watch.attached(pid, tmp_path) as watch:
            paid = operator.post(
                "/v1/payments", Attempt("synced", 100, AMIRA).body, "synced"
            )
            seen = watch.seen()
    except TracingForbidden as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))

    assert paid.status == 201, account_text(AMIRA)
    assert seen.journal_writes
    assert seen.syncs
    assert seen.answers
    assert seen.early == []


@pytest.fixture(params=[[], ["--careless"]], ids=["synced", "not synced"])
def options(request: pytest.FixtureRequest) -> list[str]:
    return list(request.param)


@pytest.fixture
def lone(tmp_path: Path, options: list[str]) -> Iterator[Callable[[], Seen]]:
    """A partition without Ray, and what was seen of it in the end. strace starts it, which is
    allowed where looking at others is not.
    """
    arguments = [str(tmp_path / "journals"), str(tmp_path / "socket")]
    program = [sys.executable, "-m", "tests.system.lone_partition"]
    tracer = subprocess.Popen(
        [*command(tmp_path), *program, *arguments, *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert tracer.stdout is not None
    pid = int(tracer.stdout.readline())

    def end() -> Seen:
        kill(pid)
        tracer.wait()
        return read((tmp_path / "system-calls").read_text())

    yield end
    if tracer.poll() is None:
        kill(pid)
    tracer.communicate()


async def test_an_answer_before_its_sync_is_seen(
    lone: Callable[[], Seen],
    options: list[str],
    tmp_path: Path,
) -> None:
    await open_account(str(tmp_path / "socket"))

    seen = lone()
    assert seen.journal_writes
    assert seen.answers
    assert bool(seen.early) is ("--careless" in options)


def test_a_transcript_is_read_thread_by_thread() -> None:
    assert read(TRANSCRIPT) == Seen(journal_writes=1, syncs=1, answers=1, early=[])
    failed = TRANSCRIPT.replace("resumed>) = 0", "resumed>) = -1 EIO (Input/output error)")
    assert read(failed).early == ["/d/partition-0000.sqlite-wal"]


async def open_account(path: str) -> None:
    async def resolve(_partition: int) -> str:
        return path

    road = SocketRoad(resolve)
    opening = OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",))
    frame = encode(Commands([asked(opening, "open")]))
    [_reply] = decode_replies(await road.send(0, frame))
    await road.close()
