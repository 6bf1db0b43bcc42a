"""A Ray head of our own: started for one data folder, on loopback, with a token, and ended with it.

`ray.init()` would tie the cluster's life to one driver; gateways come and go. Ray binds all
interfaces even with --node-ip-address=127.0.0.1; RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER=0 is what keeps
it on loopback (measured with Ray 2.60; it refuses a second node, so it is for one machine only).
A test reads the listening sockets.
"""

import os
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from actors.leash import end_session

OBJECT_STORE_BYTES = 100_000_000  # Ray's least useful size; frames do not pass through it


class RayHeadFailed(Exception):
    """Ray did not start, or died. Its logs say why."""

    def __init__(self, cause: str, logs: Path) -> None:
        super().__init__(f"Ray did not start: {cause} (logs: {logs})")


class FolderExposed(Exception):
    """Where the sockets shall be, somebody else may be at work. Nothing is started there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is not a folder of ours alone; remove it and start again")


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
            # A killed partition answers again after 0.15 s instead of 2 s: deaths are noticed
            # at once, and idle workers stand by to take its place.
            "RAY_core_worker_internal_heartbeat_ms": "50",
            "RAY_timeout_ms_task_wait_for_death_info": "100",
            "RAY_num_workers_soft_limit": str(self.partitions + 4),
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_DEDUP_LOGS": "0",
            # A driver whose raylet died ends at once if it believes that its own parent died
            # too, and under systemd or in a container that is what it believes. This is asked
            # for instead: it lives as long as we do.
            _WATCHED: str(os.getpid()),
        }


def plan_head(
    folder: Path, partitions: int, random_bytes: Callable[[int], bytes]
) -> HeadSpec:
    return HeadSpec(str(folder), free_port(), random_bytes(24).hex(), partitions)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RayHead:
    """The processes of the head: one session, so that none outlives it."""

    def __init__(self, spec: HeadSpec) -> None:
        self.spec = spec
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, environment: Mapping[str, str] = os.environ) -> None:
        """Start and return; connect() of the runtime waits until it answers."""
        folder = Path(self.spec.folder)
        make_private(folder)
        ours = {**environment, **self.spec.environment}
        del ours[_WATCHED]  # Ray sets it for those whom it starts
        with _taken_port() as dashboard_port, (folder / "head.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 — our own interpreter and arguments
                [sys.executable, "-m", "actors.leash", *self._command()],
                env=ours,
                stdin=subprocess.PIPE,  # when we die it closes, and the leash ends the session
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    def _command(self) -> list[str]:
        return [
            sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
            f"--port={self.spec.port}",
            "--node-ip-address=127.0.0.1",
            f"--temp-dir={self.spec.folder}",
            f"--object-store-memory={OBJECT_STORE_BYTES}",
            "--include-dashboard=false",
            "--include-log-monitor=false",
            "--no-monitor",
            "--disable-usage-stats",
            "--num-cpus=1",
        ]  # fmt: skip

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def require_alive(self) -> None:
        if not self.alive():
            raise RayHeadFailed("its launcher ended", Path(self.spec.folder) / "head.log")

    def stop(self) -> None:
        """End every process of the group. Partitions may die at any moment; that is their trade."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
