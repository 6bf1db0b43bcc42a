"""The socket that a partition opens: one thread, one loop, one queue.

Each turn: wait for bytes, read what has come, take every complete frame as one batch, commit it
once, write the answers. No thread hands work to another, so a lone payment pays for one wake-up.
When nobody waits, and now and then when somebody always does, the loop does the partition's own
work: expiries, images.

Frames: actors/frame.py. A peer that breaks the protocol loses its connection, nothing else.
"""

import selectors
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from actors.desk import Desk
from actors.frame import (
    FRAME_BYTES_MAX,
    LENGTH,
    FrameTooLarge,
    Request,
    decode_request,
    encode,
    framed,
)
from ledger.errors import AppendFailed

# A due hold is expired within this time when nobody asks for its account.
TICK_S = 0.1
# After a turn with work left (a wave of expiries), look at the sockets again at once.
NO_WAIT_S = 0.0
# Turns that may pass without a tick when somebody always waits, or a busy partition would never
# expire a hold that nobody asks for. At some 2 ms a turn, as often as when it is idle.
BUSY_TURNS_MAX = 50
READ_BYTES = 1 << 18


class Connection:
    """One gateway's bytes, in and out."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self._incoming = bytearray()
        self._outgoing = bytearray()

    def receive(self) -> list[Request]:
        """The frames that are complete. Raises ConnectionError when the peer has gone."""
        data = self.sock.recv(READ_BYTES)
        if not data:
            raise ConnectionResetError
        self._incoming += data
        requests = []
        while (body := self._next_body()) is not None:
            requests.append(decode_request(body))
        return requests

    def _next_body(self) -> bytes | None:
        if len(self._incoming) < LENGTH.size:
            return None
        (length,) = LENGTH.unpack_from(self._incoming)
        if length > FRAME_BYTES_MAX:
            raise FrameTooLarge(length, FRAME_BYTES_MAX)
        end = LENGTH.size + length
        if len(self._incoming) < end:
            return None
        body = bytes(self._incoming[LENGTH.size : end])
        del self._incoming[:end]
        return body

    def send(self, data: bytes) -> None:
        self._outgoing += data
        self.flush()

    def flush(self) -> None:
        """Write what the peer will take now; a slow peer never holds up the others."""
        try:
            sent = self.sock.send(self._outgoing)
        except BlockingIOError:
            return
        del self._outgoing[:sent]

    @property
    def backlogged(self) -> bool:
        return bool(self._outgoing)


class SocketServer:
    """Serves one desk on one Unix socket until stop() or a failure, which it raises."""

    def __init__(self, desk: Desk, path: Path) -> None:
        self._desk = desk
        self._selector = selectors.DefaultSelector()
        self._listener = listen(path)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._stopping = False

    def run(self, *, started: Callable[[], None] = lambda: None) -> None:
        started()
        try:
            self._turn_until_stopped()
        finally:
            self._close()

    def _turn_until_stopped(self) -> None:
        more = False
        turns = 0
        while not self._stopping:
            batch = self._collect(NO_WAIT_S if more else TICK_S)
            if batch:
                self._answer(batch)
                more = False
                turns += 1
            if not batch or turns >= BUSY_TURNS_MAX:
                more = self._desk.tick(idle=not batch)
                turns = 0

    def stop(self) -> None:
        self._stopping = True

    def _collect(self, timeout_s: float) -> list[tuple[Connection, Request]]:
        batch: list[tuple[Connection, Request]] = []
        for key, events in self._selector.select(timeout_s):
            if key.fileobj is self._listener:
                self._accept()
                continue
            connection: Connection = key.data
            try:
                if events & selectors.EVENT_WRITE:
                    self._flush(connection)
                if events & selectors.EVENT_READ:
                    batch += [(connection, request) for request in connection.receive()]
            except (OSError, ValueError, RecursionError, msgspec.MsgspecError):
                self._drop(connection)
        return batch

    def _answer(self, batch: list[tuple[Connection, Request]]) -> None:
        try:
            answers = self._desk.serve([request for _, request in batch])
        except AppendFailed as error:
            # The peers learn what is known; then this incarnation ends.
            for connection, _ in batch:
                with suppress(OSError):  # that one has gone; the others still wait
                    connection.send(framed(encode(error.happened)))
            raise
        for (connection, _), answer in zip(batch, answers, strict=True):
            try:
                connection.send(framed(answer))
                self._watch(connection)
            except OSError:
                self._drop(connection)

    def _flush(self, connection: Connection) -> None:
        connection.flush()
        self._watch(connection)

    def _watch(self, connection: Connection) -> None:
        events = selectors.EVENT_READ
        if connection.backlogged:
            events |= selectors.EVENT_WRITE
        if self._selector.get_key(connection.sock).events != events:
            self._selector.modify(connection.sock, events, connection)

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        connection = Connection(sock)
        self._selector.register(sock, selectors.EVENT_READ, connection)

    def _close(self) -> None:
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()

    def _drop(self, connection: Connection) -> None:
        if connection.sock.fileno() >= 0:
            self._selector.unregister(connection.sock)
            connection.sock.close()


def listen(path: Path) -> socket.socket:
    """A listening Unix socket. An older incarnation's is unlinked: nobody new reaches it."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(str(path))
    path.chmod(0o600)
    listener.listen(64)
    listener.setblocking(False)
    return listener
