"""A whole installation, as a person starts it: supervisor, Ray, partitions, gateway.

installation = Installation(folder)
installation.start()
operator = installation.api("operator")
assert operator.get("/v1/me").status == 200
assert installation.stop() == 0
"""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any, NamedTuple

from actors.directory import Directory, load_or_create, plan
from actors.ray_head import HeadSpec, free_port
from channels.web.demo import demo_key
from gateway.layout import Layout
from ledger.journal import Store
from ledger.store_address import StoreAddress
from ledger.stores import open_journals
from tests.house.tree import ROOT
from tests.processes import (
    MARK,
    PATIENCE_S,
    environment_of,
    members,
    unix_server,
    until,
)

# Ray takes 4 to 9 s to start; on a machine that does much else, far more.
START_S = 180.0
PARTITIONS = 2

Json = Any


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Json:
        return json.loads(self.raw)


class Api:
    """One caller of the HTTP API, one request at a time. Raises OSError as sockets do."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._headers = {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> Reply:
        return self._call("GET", path, {})

    def post(self, path: str, body: Json, key: str) -> Reply:
        return self._call("POST", path, {"Idempotency-Key": key}, json.dumps(body))

    def _call(
        self, method: str, path: str, headers: dict[str, str], body: str | None = None
    ) -> Reply:
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_S)) as link:
            link.request(method, path, body, headers | self._headers)
            response = link.getresponse()
            return Reply(response.status, dict(response.headers), response.read())


class Installation:
    """folder: the data folder; beside it stands what the processes complained about.

    store: where the journals are, unless they are in the data folder.
    """

    def __init__(self, folder: Path, store: StoreAddress = StoreAddress("")) -> None:  # noqa: B008 — it is frozen
        self.folder = folder
        self.store = store
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.said: list[str] = []
        self._mark = uuid.uuid4().hex
        self._complaints = folder.parent / "complaints.log"
        self._process: subprocess.Popen[str] | None = None
        self._listener: Thread | None = None

    # --- Starting and stopping

    def start(self) -> None:
        """Returns when the demonstration says that it is ready."""
        self.said = []
        with self._complaints.open("wb") as complaints:
            self._process = self.run("demo", stdout=subprocess.PIPE, stderr=complaints)
        ready = Event()
        self._listener = Thread(target=self._listen, args=(self._process, ready))
        self._listener.start()
        assert ready.wait(START_S), f"it does not start: {self.said} {self.complaints}"
        assert self._process.poll() is None, f"{self.said} {self.complaints}"

    def _listen(self, process: subprocess.Popen[str], ready: Event) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            self.said.append(line.rstrip())
            if line.startswith("ready."):
                ready.set()
        process.stdout.close()
        ready.set()

    def run(
        self, command: str, *, stdout: int, stderr: Any, folder: Path | None = None
    ) -> subprocess.Popen[str]:
        """`airside COMMAND` on our port, in an environment without settings of this desk."""
        clean = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("AIRSIDE_", "RAY_"))
        }
        arguments = ["--data", str(folder or self.folder), "--port", str(self.port)]
        if self.store.text:
            arguments += ["--store", self.store.text]
        return subprocess.Popen(
            [sys.executable, "-m", "gateway", command, *arguments],
            cwd=ROOT,
            env=clean | {MARK: self._mark},
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,  # Ctrl-C at this desk is not meant for it
        )

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def complaints(self) -> str:
        return self._complaints.read_text()

    def send(self, number: int) -> None:
        """A signal, to the supervisor."""
        os.kill(self.supervisor_pid, number)

    def wait(self) -> int:
        """The exit code of the supervisor, once it has ended."""
        assert self._process is not None
        return self._process.wait(PATIENCE_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.send(number)
        return self.wait()

    def end(self) -> None:
        """Whatever state a test left it in."""
        for pid in self.members():
            os.kill(pid, signal.SIGKILL)
        until(lambda: not self.members())
        if self._process:
            self._process.wait(PATIENCE_S)
        if self._listener:
            self._listener.join(PATIENCE_S)

    # --- What it is made of

    def members(self) -> dict[int, str]:
        return members(self._mark)

    @property
    def supervisor_pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def pid_of(self, part: str) -> int:
        """The one process whose command line has this part."""
        [found] = [pid for pid, command in self.members().items() if part in command]
        return found

    def partition_pid(self, number: int) -> int | None:
        """None while it is down."""
        return unix_server(self.sockets / f"p{number}.sock", list(self.members()))

    @property
    def sockets(self) -> Path:
        return Layout(self.folder).runtime

    @property
    def directory(self) -> Directory:
        return load_or_create(Layout(self.folder).directory, plan(PARTITIONS))

    @property
    def journals(self) -> Store:
        return open_journals(Layout(self.folder).journals_at(self.store))

    def head_spec(self) -> HeadSpec:
        """What a driver needs, from those who have it: its gateway got it in the environment."""
        gateway = self.pid_of("gateway.process")
        command = self.members()[self.pid_of("gcs_server")]
        _, _, rest = command.partition("--gcs_server_port=")
        token = environment_of(gateway)["RAY_AUTH_TOKEN"]
        return HeadSpec(str(self.sockets), int(rest.split()[0]), token, PARTITIONS)

    # --- Asking it

    def api(self, who: str) -> Api:
        return Api(self.port, demo_key(who))

    def ready(self) -> bool:
        try:
            return self.api("operator").get("/readyz").status == 200
        except OSError:
            return False

    def ledger(self, command: str) -> subprocess.CompletedProcess[str]:
        """`airside ledger COMMAND`."""
        store = ["--store", self.store.text] if self.store.text else []
        return subprocess.run(
            [sys.executable, "-m", "gateway", "ledger", command, str(self.folder), *store],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
