"""Whose code the processor runs: py-spy looks at a process from outside, 250 times a second.

Each look belongs to the innermost frame that has an owner: a system call to the kernel, a C library
to itself, and what the interpreter does to the Python code that it does it for. So `Airside` is
our own Python, with all that the interpreter spends on it. Only the thread that does the work is
looked at, and only while it works.

A look at C frames stops the process for some 5 ms: shares are right, throughput is not. So it is
done apart from the rounds. Needs py-spy (extra `bench`), and the right to trace another process.
"""

import asyncio
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

RATE = 250
OURS = "Airside"
OTHER = "others"
# Waiting for the disk counts: fdatasync() is where a partition is, not what the processor does.
KERNEL = "kernel, disk"

# The frame below which a thread works: what is not below it is Ray's, or a thread that waits.
WORKERS = {
    "gateway": "run_forever",
    "partitions": "_turn_until_stopped",
    "supervisor": "run_forever",
    "engine": "run_engine",
}
_WAITING = re.compile(r"epoll_wait|\bselect \(|pthread_cond|sem_wait")
_FRAME = re.compile(r"(?P<name>.*) \((?P<file>.*?)(?::\d+)?\)$")
_KERNEL = re.compile(
    r"send|recv|write|read|pwrite\w*|pread\w*|f(data)?sync|epoll_ctl|accept4?|writev|unlink|fcntl\w*"
)
_OWNERS = (
    (OURS, re.compile(r"(gateway|channels|services|actors|terminals|ledger)/")),
    ("aiohttp", re.compile(r"aiohttp/|multidict|yarl/|llhttp|api\.c$|_http_|propcache")),
    (
        "asyncio",
        re.compile(r"asyncio/|_asynciomodule|selectors\.py|selectmodule|socketmodule"),
    ),
    ("msgspec", re.compile(r"msgspec")),
    ("SQLite", re.compile(r"libsqlite3|_sqlite/")),
    ("hashing", re.compile(r"libcrypto|_hashopenssl|hmac|hashlib|_sha|_blake2")),
    ("Ray", re.compile(r"ray/|_raylet")),
)


class CannotLook(Exception):
    """py-spy is not there, or may not trace."""

    def __init__(self, said: str) -> None:
        super().__init__(f"py-spy does not look at processes here: {said}")


async def shares(pid: int, part: str, seconds: int, folder: Path) -> dict[str, float]:
    """By owner, the biggest first. Raises CannotLook."""
    raw = folder / f"{part}.looks"
    command = [str(Path(sys.executable).with_name("py-spy")), "record", "--native"]
    command += ["--pid", str(pid), "--duration", str(seconds), "--rate", str(RATE)]
    command += ["--format", "raw", "--output", str(raw)]
    try:
        looking = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
        )
    except FileNotFoundError:
        raise CannotLook('install it with `pip install "airside[bench]"`') from None
    _, said = await looking.communicate()
    if looking.returncode:
        raise CannotLook(said.decode(errors="replace").strip()[-200:])
    return shares_of(raw.read_text().splitlines(), WORKERS[part])


def shares_of(lines: Iterable[str], worker: str) -> dict[str, float]:
    """lines: `frame;frame;… looks`, the outermost frame first."""
    seen: Counter[str] = Counter()
    for line in lines:
        stack, _, looks = line.rpartition(" ")
        frames = stack.split(";")
        if any(worker in frame for frame in frames) and not _WAITING.search(frames[-1]):
            seen[_owner(frames)] += int(looks)
    return {owner: round(n / seen.total(), 4) for owner, n in seen.most_common()}


def _owner(frames: list[str]) -> str:
    for frame in reversed(frames):
        match = _FRAME.match(frame)
        name, file = (match["name"], match["file"]) if match else (frame, "")
        if "libc" in file.partition(".")[0] and _KERNEL.fullmatch(name):
            return KERNEL
        for owner, pattern in _OWNERS:
            if pattern.match(file) or (owner != OURS and pattern.search(file)):
                return owner
    return OTHER
