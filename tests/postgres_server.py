"""A real PostgreSQL server in a temporary folder, on a Unix socket only.

It refuses to run as root; started by root, it runs as the system's user for it, or as nobody.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from benchmarks.database import DatabaseFailed, binaries, unprivileged_user
from ledger.store_address import StoreAddress

# It syncs all that it should; in memory that takes no time, and tests of what a power cut leaves
# are none of these.
MEMORY = Path("/dev/shm")
FOLDER_BYTES = 400_000_000
PORT = 5432  # only a part of the socket's name
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "60",
    "shared_buffers": "16MB",
    "max_wal_size": "128MB",
    "log_min_messages": "warning",
}


class PostgresServer:
    def __init__(self, folder: Path, leash: subprocess.Popen[bytes]) -> None:
        self.folder = folder
        self._leash = leash
        self._binaries = _binaries()
        self._data = folder / "data"
        self._user = unprivileged_user()
        if self._user:
            os.chown(folder, pwd.getpwnam(self._user).pw_uid, -1)
        self._run(
            "initdb",
            *("--username=airside", "--auth=trust", "--encoding=UTF8", "--locale=C"),
            "--no-sync",
        )

    def start(self) -> None:
        settings = SETTINGS | {"unix_socket_directories": str(self.folder)}
        options = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        self._run("pg_ctl", "start", "--wait", f"--log={self.folder}/log", "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """immediate: as in a crash; the next start recovers from the WAL."""
        self._run("pg_ctl", "stop", "--wait", f"--mode={mode}")

    def empty_database(self) -> StoreAddress:
        """Nobody is in it, and it has no journals. A new one would take ten times as long."""
        self.ask(_EMPTY)
        return self.address()

    def another_database(self) -> StoreAddress:
        """A second one, made anew."""
        self.ask("DROP DATABASE IF EXISTS another WITH (FORCE)")
        self.ask("CREATE DATABASE another STRATEGY file_copy")
        return self.address(database="another")

    def address(
        self, folder: Path | None = None, database: str = "postgres"
    ) -> StoreAddress:
        """folder: of another socket that leads here."""
        host = str(folder or self.folder).replace("/", "%2F")
        return StoreAddress(f"postgresql://airside@{host}:{PORT}/{database}")

    def session(self) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address().text, autocommit=True)

    def ask(self, query: LiteralString) -> list[tuple[Any, ...]]:
        with closing(self.session()) as session:
            cursor = session.execute(query)
            return cursor.fetchall() if cursor.description else []

    def _run(self, program: str, *arguments: str) -> None:
        """Its output goes to a file: a server that it leaves running keeps the file open."""
        with (self.folder / "output").open("w+") as output:
            done = subprocess.run(
                [self._binaries / program, "-D", self._data, *arguments],
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                user=self._user,
                group=pwd.getpwnam(self._user).pw_gid if self._user else None,
                extra_groups=[] if self._user else None,
                stdout=output,
                stderr=output,
                check=False,
            )
            output.seek(0)
            assert done.returncode == 0, f"{program}: {output.read()}"


@cache
def the_server() -> PostgresServer:
    """The one of this run, started by the first test that needs it. In a folder of its own: the
    user that it runs as cannot reach those of pytest.
    """
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > FOLDER_BYTES
    folder = Path(tempfile.mkdtemp(prefix="airside-pg-", dir=MEMORY if roomy else None))
    server = PostgresServer(folder, _leash(folder))
    server.start()
    return server


_EMPTY = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE backend_type = 'client backend' AND pid <> pg_backend_pid();
DROP SCHEMA IF EXISTS airside CASCADE;
"""


def _leash(folder: Path) -> subprocess.Popen[bytes]:
    """Ends the server and its folder with this process, however that ends: then the pipe closes."""
    return subprocess.Popen(
        ["sh", "-c", _END], cwd=folder, stdin=subprocess.PIPE, start_new_session=True
    )


_END = """
cat
read -r pid <data/postmaster.pid && kill -QUIT "$pid"
while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
rm -rf "$PWD"
"""


def _binaries() -> Path:
    """These tests are never skipped: what could not be tried has not passed."""
    try:
        return binaries()
    except DatabaseFailed as error:
        pytest.fail(str(error))
