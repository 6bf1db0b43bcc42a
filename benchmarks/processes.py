"""Processes that a run starts, and what the processor did for each of its parts."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

# A child that has not ended this long after it was told to is killed.
STOP_S = 10.0
LISTENING_S = 120.0
POLL_S = 0.05

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# How a process is known by its command line; what fits nothing is Ray's own.
_PARTS = (
    ("gateway.process", "gateway"),
    ("benchmarks.lone_gateway", "gateway"),
    ("benchmarks.slow_partition", "partitions"),
    ("benchmarks.naive", "gateway"),
    ("benchmarks.floor", "gateway"),
    ("benchmarks.bare", "gateway"),
    ("benchmarks.rows", "gateway"),
    ("ray::PartitionActor", "partitions"),
    ("ray::OneByOne", "partitions"),
    ("-m gateway serve", "supervisor"),
    ("postgres", "database"),
)


class ChildFailed(Exception):
    """A process of ours ended, or did not come up. What it said stands above."""

    def __init__(self, module: str) -> None:
        super().__init__(f"{module} ended or did not start")


class Child:
    """`python -m MODULE`, in a session of its own, so that Ctrl-C is ours to handle."""

    def __init__(
        self, module: str, *arguments: str, environment: Mapping[str, str] | None = None
    ) -> None:
        self._module = module
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def write(self, line: bytes) -> None:
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.write(line)
        self._process.stdin.flush()

    async def until_listening(self, port: int) -> None:
        """Raises ChildFailed."""
        deadline = time.monotonic() + LISTENING_S
        while True:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.close()
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ChildFailed(self._module)
            await asyncio.sleep(POLL_S)

    async def stop(self) -> None:
        self._process.terminate()
        try:
            await asyncio.to_thread(self._process.wait, STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


async def ask(module: str, *arguments: str, line: bytes = b"") -> bytes:
    """Run `python -m MODULE` with this input to its end: its output. Raises ChildFailed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        output, _ = await process.communicate(line)
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise ChildFailed(module)
    return output


def cpu_by_part(roots: Iterable[int]) -> dict[str, float]:
    """Processor seconds so far of these processes and all below them, by part: those that live,
    and what their children used that do not.
    """
    used: dict[str, float] = {}
    for pid in _families(roots):
        with contextlib.suppress(OSError):
            part = _part(_command(pid))
            used[part] = used.get(part, 0.0) + _cpu_s(pid)
    return used


def process_of(part: str, roots: Iterable[int]) -> int:
    """The first process of this part, below these or one of them."""
    for pid in _families(roots):
        with contextlib.suppress(OSError):
            if _part(_command(pid)) == part:
                return pid
    raise AssertionError(f"no {part} runs")


def memory_by_part(roots: Iterable[int]) -> dict[str, int]:
    """Kilobytes in memory of the biggest process of each part, by name, at its biggest."""
    found: dict[str, int] = {}
    for pid in _families(roots):
        with contextlib.suppress(OSError, StopIteration):
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            peak = next(line for line in lines if line.startswith("VmHWM:"))
            part = _part(_command(pid))
            found[part] = max(found.get(part, 0), int(peak.split()[1]))
    return found


def written_by_part(roots: Iterable[int]) -> dict[str, int]:
    """Bytes that these processes and all below them have sent to the disk so far, by part."""
    found: dict[str, int] = {}
    for pid in _families(roots):
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{pid}/io").read_text().splitlines()
            fields = dict(line.split(": ") for line in lines)
            part = _part(_command(pid))
            found[part] = found.get(part, 0) + int(fields["write_bytes"])
    return found


def machine_cpu_s() -> float:
    """Processor seconds that anyone has used on this machine so far, on all cores."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()
    user, nice, system, _idle, _wait, irq, softirq, *_ = map(int, fields[1:])
    return (user + nice + system + irq + softirq) / _TICKS_PER_S


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")


def _part(command: bytes) -> str:
    text = command.decode(errors="replace")
    return next((part for mark, part in _PARTS if mark in text), "ray")


def _families(roots: Iterable[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with contextlib.suppress(OSError):
                children.setdefault(int(_fields(int(path.name))[1]), []).append(
                    int(path.name)
                )
    front = list(roots)
    found = front[:]
    while front:
        front = [child for pid in front for child in children.get(pid, [])]
        found += front
    return found


def _cpu_s(pid: int) -> float:
    return sum(int(field) for field in _fields(pid)[11:15]) / _TICKS_PER_S


def _fields(pid: int) -> list[str]:
    """Of /proc/PID/stat from the state on: the name before it may hold anything."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
