"""Processes as the kernel shows them: who belongs to an installation, what listens, who has died.

What a test starts carries a mark in its environment, and so does whatever that starts in turn:
in process groups and sessions of their own, reparented or renamed, they are all found by it.
proc(5) has the formats.
"""

import os
import re
import select
import signal
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from threading import Event
from time import monotonic

MARK = "INSTALLATION_UNDER_TEST"

# A busy machine may take its time. A test that waits this long has found a fault.
PATIENCE_S = 60.0
LOOK_S = 0.02

PROC = Path("/proc")
LISTENING_TCP = "0A"
LISTENING_UNIX = 1 << 16  # __SO_ACCEPTCON


def until(true: Callable[[], object], within_s: float = PATIENCE_S) -> None:
    """Look again and again whether it is true. Raises AssertionError, naming what is not."""
    never = Event()
    deadline = monotonic() + within_s
    while not true():
        assert monotonic() < deadline, f"not within {within_s:.0f} s: {true}"
        never.wait(LOOK_S)


def members(mark: str) -> dict[int, str]:
    """The living processes that carry this mark: process id → command line."""
    wanted = f"{MARK}={mark}".encode()
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = command.decode(errors="replace").strip()
        except OSError:
            continue  # it ended while we looked
    return found


def environment_of(pid: int) -> dict[str, str]:
    """What the process was started with."""
    lines = (PROC / str(pid) / "environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def kill(pid: int) -> None:
    """As kill -9 does; returns when it is dead."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        ended, _, _ = select.select([descriptor], [], [], PATIENCE_S)
        assert ended, f"process {pid} does not die"
    finally:
        os.close(descriptor)


def open_ports(pids: list[int]) -> set[tuple[str, IPv4Address | IPv6Address]]:
    """Where these processes can be reached by network: protocol and address."""
    own = {inode for pid in pids for inode in _socket_inodes(pid)}
    found = set()
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for fields in _rows(PROC / "net" / protocol):
            listens = protocol.startswith("udp") or fields[3] == LISTENING_TCP
            if listens and fields[9] in own:
                found.add((protocol, _address(fields[1].partition(":")[0])))
    return found


def unix_server(path: Path, pids: list[int]) -> int | None:
    """Which of these processes listens on that Unix socket."""
    for fields in _rows(PROC / "net" / "unix"):
        if fields[-1] == str(path) and int(fields[3], 16) & LISTENING_UNIX:
            for pid in pids:
                if fields[6] in _socket_inodes(pid):
                    return pid
    return None


def _rows(table: Path) -> Iterator[list[str]]:
    for line in table.read_text().splitlines()[1:]:
        yield line.split()


def _socket_inodes(pid: int) -> set[str]:
    inodes = set()
    try:
        for descriptor in (PROC / str(pid) / "fd").iterdir():
            match = re.fullmatch(r"socket:\[(\d+)\]", str(descriptor.readlink()))
            if match:
                inodes.add(match[1])
    except OSError:
        pass  # it ended, or closed one, while we looked
    return inodes


def _address(digits: str) -> IPv4Address | IPv6Address:
    """Words of 32 bits, each in the machine's own order."""
    words = [bytes.fromhex(digits[at : at + 8])[::-1] for at in range(0, len(digits), 8)]
    raw = b"".join(words)
    if len(raw) == 4:
        return IPv4Address(raw)
    address = IPv6Address(raw)
    return address.ipv4_mapped or address
