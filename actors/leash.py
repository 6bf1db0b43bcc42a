"""python -m actors.leash COMMAND…: run a command, and end its whole session when whoever started us
is gone. Our standard input is the leash: it closes when its other end dies, even by kill -9, so
no orphaned cluster keeps a data folder busy.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

# A process that was killed is gone within a millisecond, unless the disk holds it.
LOOKS_MAX = 200
LOOK_S = 0.01


def main() -> None:
    child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)  # noqa: S603
    threading.Thread(target=_watch_leash, daemon=True).start()
    child.wait()
    _end_all()


def _watch_leash() -> None:
    while os.read(0, 1):
        pass
    _end_all()


def _end_all() -> None:
    end_session(os.getsid(0))
    os.killpg(0, signal.SIGKILL)


def end_session(session: int) -> None:
    """Kill every process of it but ourselves, and return when they are gone.

    Its group is not enough: Ray gives each worker, and so each partition, a group of its own,
    and a partition that outlived its head would go on answering.
    """
    for _ in range(LOOKS_MAX):
        members = _members(session)
        for pid in members:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if not members:
            return
        time.sleep(LOOK_S)


def _members(session: int) -> list[int]:
    """The living processes of a session but ourselves."""
    return [process.pid for process in members(session) if process.pid != os.getpid()]


class Member(NamedTuple):
    pid: int
    parent: int
    name: str  # of its program


def members(session: int) -> list[Member]:
    """The living processes of a session; proc(5) has the fields of stat."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, tail = (folder / "stat").read_text().rpartition(")")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        state, parent, _, its_session, *_ = tail.split()
        if int(its_session) == session and state not in "ZX":
            name = head.partition("(")[2]
            found.append(Member(int(folder.name), int(parent), name))
    return found


def is_stopped(pid: int) -> bool:
    """By a signal (SIGSTOP); one that has ended is not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] == "T"


if __name__ == "__main__":
    main()
