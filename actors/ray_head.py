"""A Ray head of our own: started for one data folder, on loopback, with a token, and ended with it.

`ray.init()` would tie the cluster's life to one driver; gateways come and go. Ray binds all
interfaces even with --node-ip-address=127.0.0.1; RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 is what keeps
it on loopback (measured with Ray 2.60; it refuses a second node, so it is for one machine only).
A test reads the listening sockets.
"""

import contextlib
import os
import select
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from actors.leash import Member, end_session, is_stopped, members

OBJECT_STORE_BYTES = 100_000_000  # Ray's least useful size; frames do not pass through it


class RayHeadFailed(Exception):
    """Ray did not start, or died. Its logs say why."""

    def __init__(self, cause: str, logs: Path) -> None:
        super().__init__(f"Ray did not start: {cause} (logs: {logs})")


class FolderExposed(Exception):
    """Where the sockets shall be, somebody else may be at work. Nothing is started there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"{folder} is not a folder of ours alone; remove it and start again"
        )


# Ray's own name for whom a process of it must not outlive.
_WATCHED = "RAY_RAYLET_PID"


# The servers without which nothing of Ray works. The launcher looks after them once a second.
_SERVERS = frozenset({"gcs_server", "raylet"})


class HeadSpec(msgspec.Struct, frozen=True):
    """folder: short (Ray makes Unix sockets in it, whose paths are limited to 107 bytes)."""

    folder: str
    port: int
    token: str
    partitions: int

    def __repr__(self) -> str:
        return f"HeadSpec(port={self.port}, token=****)"

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What the head and every driver must have set before they import Ray."""
        return {
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": self.token,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            # A killed partition answers again after 0.2 s instead of 2 s: deaths are noticed at
            # once, and a worker stands by to take its place (RayRuntime.stand_by), which has
            # imported what a partition needs, and is not ended for being idle.
            "RAY_core_worker_internal_heartbeat_ms": "50",
            "RAY_timeout_ms_task_wait_for_death_info": "100",
            "RAY_num_workers_soft_limit": str(self.partitions + 4),
            "RAY_enable_worker_prestart": "1",
            "RAY_preload_python_modules": "actors.ray_runtime",
            # Ray's workers are batch jobs that stand back (15) for others; ours take payments.
            "RAY_worker_niceness": "0",
            # Ray's own handler of SIGTERM aborts the process after three seconds, in the middle
            # of a drain, and its end takes ours away (github.com/ray-project/ray/pull/64830).
            "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            # Whoever asks Ray for something while no driver is connected would make Ray start a
            # whole cluster of its own, beside ours, and the driver could never connect again.
            "RAY_ENABLE_AUTO_CONNECT": "0",
            # A driver prints each death of a partition on our standard output, in six lines,
            # as if somebody could do something about it. All that it prints passes a filter
            # against repetitions, which here drops everything; the watch logs one line.
            "RAY_DEDUP_LOGS": "1",
            "RAY_DEDUP_LOGS_SKIP_REGEX": ".",
            # A driver whose raylet died ends at once if it believes that its own parent died
            # too, and under systemd or in a container that is what it believes. This is asked
            # for instead: it lives as long as we do.
            _WATCHED: str(os.getpid()),
        }


# Below the range of ip(7), ip_local_port_range: Ray's processes are given ports from there all the
# time, and one would take ours between our look and its use.
_PORTS = range(20_000, 32_000)


def plan_head(
    folder: Path, partitions: int, random_bytes: Callable[[int], bytes]
) -> HeadSpec:
    return HeadSpec(str(folder), free_port(), random_bytes(24).hex(), partitions)


def free_port() -> int:
    """One that nobody has; the kernel gives it to nobody who asks for any."""
    while True:
        with socket.socket() as any_port, socket.socket() as probe:
            any_port.bind(("127.0.0.1", 0))
            port = _PORTS[int(any_port.getsockname()[1]) % len(_PORTS)]
            with contextlib.suppress(OSError):  # somebody has it
                probe.bind(("127.0.0.1", port))
                return port


class RayHead:
    """The processes of the head: one session, so that none outlives it."""

    def __init__(self, spec: HeadSpec) -> None:
        self.spec = spec
        self._process: subprocess.Popen[bytes] | None = None
        self._taken: socket.socket | None = None
        self._servers: dict[Member, int] = {}  # pidfd_open(2) of each

    def start(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start and return. Drivers may connect once it is ready(). Raises FolderExposed."""
        folder = Path(self.spec.folder)
        make_private(folder)
        self._address_file.unlink(missing_ok=True)
        ours = {**environment, **self.spec.environment}
        del ours[_WATCHED]  # Ray sets it for those whom it starts
        # Ray starts a server for its dashboard even if there shall be none (92 MB, and 1.3 s
        # of our start), but not where its port is taken. So we take one, and nobody listens.
        self._taken = socket.socket()
        self._taken.bind(("127.0.0.1", 0))
        command = self._command(self._taken.getsockname()[1])
        with (folder / "head.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 — our own interpreter and arguments
                [sys.executable, "-m", "actors.leash", *command],
                env=ours,
                stdin=subprocess.PIPE,  # when we die it closes, and the leash ends the session
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _command(self, dashboard_port: int) -> list[str]:
        return [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
            f"--port={self.spec.port}",
            "--node-ip-address=127.0.0.1",
            # Ray opens its folder to everybody (mode 0777), so it gets one inside of ours.
            f"--temp-dir={self._temp}",
            f"--object-store-memory={OBJECT_STORE_BYTES}",
            # Free ports: by default two heads on one machine hand out the same 10,000.
            "--min-worker-port=0", "--max-worker-port=0",
            "--include-dashboard=false",
            f"--dashboard-port={dashboard_port}",
            "--include-log-monitor=false",
            "--no-monitor",
            "--disable-usage-stats",
            "--num-cpus=1",
        ]  # fmt: skip

    @property
    def _temp(self) -> Path:
        return Path(self.spec.folder) / "ray"

    @property
    def _address_file(self) -> Path:
        """Ray's launcher writes it last, when all the others run."""
        return self._temp / "ray_current_cluster"

    def ready(self) -> bool:
        """Raises RayHeadFailed when it never will be."""
        self.require_alive()
        if not self._address_file.exists():
            return False
        if not self._servers:
            self._servers = self._watch_servers()
        return True

    def _watch_servers(self) -> dict[Member, int]:
        """The launcher's own children: while a raylet starts a worker there are two of its name."""
        assert self._process is not None, "it is alive"
        family = members(self._process.pid)
        launchers = {m.pid for m in family if m.parent == self._process.pid}
        servers = [m for m in family if m.parent in launchers and m.name in _SERVERS]
        watched = {}
        for server in servers:
            with contextlib.suppress(ProcessLookupError):  # the launcher will see that
                watched[server] = os.pidfd_open(server.pid)
        return watched

    def alive(self) -> bool:
        """Looks without taking notice (WNOWAIT): until we do, its number is nobody else's, and
        stop() cannot meet a stranger's session.
        """
        if self._process is None:
            return False
        look = os.WEXITED | os.WNOHANG | os.WNOWAIT
        if os.waitid(os.P_PID, self._process.pid, look) is not None:
            return False
        ended, _, _ = select.select(self._servers.values(), [], [], 0)
        return not ended

    def wake(self) -> list[str]:
        """Tell servers that were stopped (SIGSTOP) to go on; their names.

        Partitions serve without them, but one that dies meanwhile is not replaced. To start the
        head again would take all partitions away for some seconds.
        """
        stopped = [server for server in self._servers if is_stopped(server.pid)]
        for server in stopped:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._servers[server], signal.SIGCONT)
        return [server.name for server in stopped]

    def owns(self, pid: int) -> bool:
        """Is this process, if it lives, one of the head's?"""
        try:
            return self._process is not None and os.getsid(pid) == self._process.pid
        except ProcessLookupError:
            return False

    def require_alive(self) -> None:
        if not self.alive():
            raise RayHeadFailed("its launcher ended", Path(self.spec.folder) / "head.log")

    def stop(self) -> None:
        """End every process of it. Partitions may die at any moment; that is their trade."""
        if self._process is None:
            return
        end_session(self._process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        assert self._process.stdin is not None, "it was asked for"
        self._process.stdin.close()
        self._process = None
        for descriptor in self._servers.values():
            os.close(descriptor)
        self._servers = {}
        if self._taken:
            self._taken.close()


def make_private(folder: Path) -> None:
    """A folder that nobody else can enter. Raises FolderExposed.

    Whoever reaches the sockets in it commands the money, and its name in a folder that
    everyone may write to is known: another may have made it before us.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise FolderExposed(folder)
    folder.chmod(0o700)
