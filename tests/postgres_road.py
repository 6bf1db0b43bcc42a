"""The road between a writer and its server, which a test can break at the worst moment.

    road.break_next(Break.LOSES_ANSWER)
    journal.append(entries)

A Unix socket in front of the server's own. The break meets the first message that a client sends
after it was asked for; every later connection gets through.
"""

import shutil
import socket
import tempfile
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from queue import SimpleQueue
from threading import Thread

from tests.postgres_server import PORT, PostgresServer

CHUNK = 1 << 16
SOCKET = f".s.PGSQL.{PORT}"


class Break(Enum):
    LOSES_ANSWER = auto()  # the server has answered; nobody hears it
    LOSES_REQUEST = auto()  # the server does not get it, until deliver_late()
    HOLDS_ANSWER = auto()  # the server gets it; the client hears nothing, until cut_off()


class Road:
    def __init__(self, server: PostgresServer) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="airside-road-"))
        self._server = server
        self._break: Break | None = None
        self._lost: SimpleQueue[tuple[bytes, socket.socket]] = SimpleQueue()
        self._unheard: SimpleQueue[bytes] = SimpleQueue()
        self._held: SimpleQueue[socket.socket] = SimpleQueue()
        self._ends: list[socket.socket] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / SOCKET))
        self._listener.listen()
        self._spawn(self._accept)

    def break_next(self, how: Break) -> None:
        self._break = how

    def deliver_late(self) -> bytes:
        """What was lost arrives after all. The server's answer to it."""
        data, upstream = self._lost.get()
        upstream.sendall(data)
        return self.unheard()

    def unheard(self) -> bytes:
        """What the server said at last, to nobody."""
        return self._unheard.get()

    def cut_off(self) -> None:
        """The client whose answer is held loses its connection. Only a test knows when: cut off at
        once, on a busy machine, it could be back before the server has begun.
        """
        _shut(self._held.get())

    def close(self) -> None:
        for end in [self._listener, *self._ends]:
            _shut(end)
            end.close()
        shutil.rmtree(self.folder)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                upstream = socket.socket(socket.AF_UNIX)
                self._ends += [client, upstream]
                try:
                    upstream.connect(str(self._server.folder / SOCKET))
                except OSError:
                    _shut(client)  # the server is down
                    continue
                deaf: list[bool] = []
                self._spawn(self._carry_up, client, upstream, deaf)
                self._spawn(self._carry_down, client, upstream, deaf)

    def _carry_up(
        self, client: socket.socket, upstream: socket.socket, deaf: list[bool]
    ) -> None:
        with suppress(OSError):
            while data := client.recv(CHUNK):
                how, self._break = self._break, None
                if how is Break.LOSES_REQUEST:
                    self._lost.put((data, upstream))
                    deaf.append(True)
                    _shut(client)
                    return
                if how:
                    deaf.append(True)
                upstream.sendall(data)
                if how is Break.HOLDS_ANSWER:
                    self._held.put(client)
                    return
        if not deaf:
            _shut(upstream)

    def _carry_down(
        self, client: socket.socket, upstream: socket.socket, deaf: list[bool]
    ) -> None:
        with suppress(OSError):
            while data := upstream.recv(CHUNK):
                if deaf:
                    self._unheard.put(data)
                    break
                client.sendall(data)
        _shut(client)

    @staticmethod
    def _spawn(run: object, *arguments: object) -> None:
        Thread(target=run, args=arguments, daemon=True).start()  # type: ignore[arg-type]


def _shut(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
