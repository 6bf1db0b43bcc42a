"""The system calls of one process, as strace(1) writes them, and what they say about durability.

    with Watch.attached(pid, folder) as watch:
        ...                                     # something is paid
    assert watch.seen().early == []

A line of the transcript: thread, time, call, with the path of every descriptor in it (-y):

    4242 1700000000.000001 pwrite64(9</…/partition-0000.sqlite-wal>, "…"..., 4096, 32) = 4096
"""

import re
import signal
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

from tests.processes import until

WRITES = frozenset({"write", "pwrite64"})
SYNCS = frozenset({"fsync", "fdatasync"})
SENDS = frozenset({"sendto", "sendmsg", "write"})
TRACED = ",".join(sorted(WRITES | SYNCS | SENDS))

_CALL = re.compile(
    r"(?P<thread>\d+) +[\d.]+ (?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)"
)
_RESUMED = re.compile(r"(?P<thread>\d+) +[\d.]+ <\.\.\. \w+ resumed>(?P<rest>.*)")
_UNFINISHED = "<unfinished ...>"


class TracingForbidden(Exception):
    """The machine lets no process look at another one's system calls."""

    def __init__(self, said: str) -> None:
        super().__init__(
            f"strace may not look at a process here ({said}); the kernel setting"
            " kernel.yama.ptrace_scope=0, or the capability SYS_PTRACE, allows it"
        )


class Call(NamedTuple):
    """file: what its descriptor is; worked: it returned no error."""

    name: str
    file: str
    worked: bool

    @property
    def writes_journal(self) -> bool:
        return self.name in WRITES and self.file.endswith(".sqlite-wal")

    @property
    def sends(self) -> bool:
        return self.name in SENDS and self.file.startswith(("socket:", "UNIX"))


class Seen(NamedTuple):
    """Of the threads that wrote journals: what they wrote, synced and sent, as counts; early:
    what had been written, and was not synced, when something was sent.
    """

    journal_writes: int
    syncs: int
    answers: int
    early: list[str]


def read(transcript: str) -> Seen:
    seen = [judge(calls) for calls in _by_thread(transcript).values()]
    writers = [one for one in seen if one.journal_writes]
    return Seen(
        sum(one.journal_writes for one in writers),
        sum(one.syncs for one in writers),
        sum(one.answers for one in writers),
        [name for one in writers for name in one.early],
    )


def judge(calls: Sequence[Call]) -> Seen:
    """Of one thread, which does one thing after the other."""
    unsynced: set[str] = set()
    writes = syncs = answers = 0
    early: list[str] = []
    for call in calls:
        if call.writes_journal:
            writes += 1
            unsynced.add(call.file)
        elif call.name in SYNCS and call.worked:
            syncs += 1
            unsynced.discard(call.file)
        elif call.sends:
            answers += 1
            early += sorted(unsynced)
    return Seen(writes, syncs, answers, early)


def _by_thread(transcript: str) -> dict[str, list[Call]]:
    threads: dict[str, list[Call]] = defaultdict(list)
    begun: dict[str, re.Match[str]] = {}
    for line in transcript.splitlines():
        if resumed := _RESUMED.match(line):
            call = begun.pop(resumed["thread"], None)
            rest = resumed["rest"]
        elif call := _CALL.match(line):
            rest = call["rest"]
            if rest.endswith(_UNFINISHED):
                begun[call["thread"]] = call
                continue
        if call:
            threads[call["thread"]].append(_call(call, rest))
    return threads


def _call(begun: re.Match[str], rest: str) -> Call:
    _, _, result = rest.rpartition(" = ")
    return Call(begun["name"], begun["file"], worked=not result.startswith("-"))


class Watch:
    """strace at work."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self._process = process
        self._transcript = folder / "system-calls"

    @classmethod
    @contextmanager
    def attached(cls, pid: int, folder: Path) -> Iterator[Self]:
        """To all threads of a running process. Raises TracingForbidden."""
        said = folder / "strace-said"
        with said.open("wb") as errors:
            process = subprocess.Popen(
                [*command(folder), "-p", str(pid)], stderr=errors, stdout=errors
            )
        until(lambda: process.poll() is not None or "attached" in said.read_text())
        if process.poll() is not None:
            raise TracingForbidden(said.read_text().strip())
        watch = cls(process, folder)
        try:
            yield watch
        finally:
            watch.stop()

    def stop(self) -> None:
        """It lets the process go on, and writes what it has."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def seen(self) -> Seen:
        self.stop()
        return read(self._transcript.read_text())


def command(folder: Path) -> list[str]:
    transcript = str(folder / "system-calls")
    return [
        "strace",
        "-f",
        "-ttt",
        "-y",
        "-s",
        "1",
        "-e",
        f"trace={TRACED}",
        "-o",
        transcript,
    ]
