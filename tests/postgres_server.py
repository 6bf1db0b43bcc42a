"""A real PostgreSQL server in a temporary folder, on a Unix socket only.

It refuses to run as root; started by root, it runs as the system's user for it, or as nobody.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from ledger.store_address import StoreAddress

PORT = 5432  # only a part of the socket's name
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "60",
    "shared_buffers": "16MB",
    "log_min_messages": "warning",
}


class PostgresServer:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._binaries = _binaries()
        self._data = folder / "data"
        self._names = count(1)
        self._user = _unprivileged_user()
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

    def new_database(self) -> StoreAddress:
        name = f"test_{next(self._names)}"
        with self.session("postgres") as session:
            session.execute(f'CREATE DATABASE "{name}"'.encode())
        return self.address(name)

    def address(self, database: str, folder: Path | None = None) -> StoreAddress:
        """folder: of another socket that leads here."""
        host = str(folder or self.folder).replace("/", "%2F")
        return StoreAddress(f"postgresql://airside@{host}:{PORT}/{database}")

    def session(self, database: str) -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.address(database).text, autocommit=True)

    def ask(self, where: StoreAddress, query: LiteralString) -> list[tuple[Any, ...]]:
        """One statement in the database of this address, whatever road the address takes."""
        with self.session(database_of(where)) as session:
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

    def close(self) -> None:
        with suppress(AssertionError):
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def started() -> PostgresServer:
    """In a folder of its own: the user it runs as cannot reach those of pytest."""
    server = PostgresServer(Path(tempfile.mkdtemp(prefix="airside-pg-")))
    server.start()
    return server


def database_of(where: StoreAddress) -> str:
    return where.text.rpartition("/")[2]


def _binaries() -> Path:
    """Where initdb and pg_ctl are. Debian keeps them off the PATH, in a folder per version."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: [int(n) for n in p.parent.name.split(".")])
    if folders:
        return folders[-1]
    pytest.fail(
        "these tests need PostgreSQL: `make test` installs it on Debian; elsewhere put its"
        " initdb and pg_ctl on the PATH"
    )


def _unprivileged_user() -> str | None:
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
