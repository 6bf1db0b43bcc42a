"""A pcscd of our own, for one bench: its readers, its socket, nothing of the system's.

pcscd has its socket's path compiled in, so there would be one for each machine. But it takes an
open socket from systemd (sd_listen_fds(3): descriptor 3, LISTEN_FDS, LISTEN_PID), and what systemd
can do, this can. Clients find it by the variable PCSCLITE_CSOCK_NAME, which libpcsclite reads once
in a process, at its first call.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from terminals.bench_reader.driver import PCSCD, built_driver

SOCKET_VARIABLE = "PCSCLITE_CSOCK_NAME"
READERS_MAX = 16  # of one pcscd (PCSCLITE_MAX_READERS_CONTEXTS)
# A Unix socket's path has 107 bytes at most (unix(7)); `reader-15` is our longest file name.
FOLDER_BYTES_MAX = 90
# pcscd opens its readers within some 20 ms; on a machine that is busy otherwise it may take long.
READY_S = 20
LOOK_S = 0.002
STOP_S = 5

# The open socket comes as standard input, and goes where sd_listen_fds(3) looks; the number of the
# process is known only in it. What is given as standard output is a pipe whose other end we hold:
# when we end, however that may be, it closes, and pcscd ends too.
_START = """
exec 3<&0
sh -c 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@" 0</dev/null 1>&2' sh "$@" &
read _ <&1
kill $!
wait $!
"""
_OPTIONS = ("--foreground", "--error", "--config")


class DaemonFailed(Exception):
    def __init__(self, log: str) -> None:
        super().__init__(f"pcscd did not open its readers: {log.strip()[-1_000:]}")


class Pcscd:
    """Use as `with`. names: of the readers; clients see them with a number and a slot added.

    Raises BenchIncomplete, DriverBroken, DaemonFailed, OSError.
    """

    def __init__(self, folder: Path, names: Sequence[str], *, drivers: Path) -> None:
        assert 0 < len(names) <= READERS_MAX, "one pcscd has a few readers"
        self._folder = folder.resolve()  # pcscd leaves this directory at its start
        assert len(os.fsencode(self._folder)) <= FOLDER_BYTES_MAX, (
            "sockets need short paths"
        )
        self._names = names
        self._drivers = drivers
        self._process: subprocess.Popen[bytes] | None = None
        self._leash = -1
        self.socket = self._folder / "pcscd"
        self.slots = [self._folder / f"reader-{number}" for number in range(len(names))]

    def __enter__(self) -> Self:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._configure(built_driver(self._drivers.resolve()))
        for path in (self.socket, *self.slots):
            path.unlink(missing_ok=True)  # a pcscd that was killed leaves them behind
        log = self._folder / "pcscd.log"
        theirs, self._leash = os.pipe()
        with (
            socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door,
            log.open("wb") as out,
        ):
            door.bind(os.fspath(self.socket))
            door.listen(16)
            self._process = subprocess.Popen(  # noqa: S603 — pcscd, and paths of ours
                [
                    "/bin/sh",
                    "-c",
                    _START,
                    "sh",
                    PCSCD,
                    *_OPTIONS,
                    str(self._folder / "readers"),
                ],
                stdin=door.fileno(),
                stdout=theirs,
                stderr=out,
                start_new_session=True,
            )
        os.close(theirs)
        self._await_readers(log)
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._process is not None, "entered with `with`"
        os.close(self._leash)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self.socket.unlink(missing_ok=True)

    @property
    def environment(self) -> dict[str, str]:
        """What a client of this pcscd must have in its environment."""
        return {SOCKET_VARIABLE: str(self.socket)}

    def _configure(self, library: Path) -> None:
        """reader.conf(5). The folder holds nothing else: pcscd reads every file of it."""
        folder = self._folder / "readers"
        folder.mkdir(exist_ok=True)
        entries = [
            f'FRIENDLYNAME "{name}"\nDEVICENAME {slot.parent}:{slot.name}\nLIBPATH {library}\n'
            for name, slot in zip(self._names, self.slots, strict=True)
        ]
        (folder / "bench").write_text("\n".join(entries), encoding="utf-8")

    def _await_readers(self, log: Path) -> None:
        assert self._process is not None
        deadline_s = time.monotonic() + READY_S
        while not all(slot.exists() for slot in self.slots):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                self.__exit__(None, None, None)
                raise DaemonFailed(log.read_text(errors="replace"))
            time.sleep(LOOK_S)
