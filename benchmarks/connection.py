"""Connections of the load generator: a till's, which asks one thing at a time over HTTP, and a
terminal's, on which many payments are under way (docs/terminal-connection.md).

HTTP and WebSocket are spoken by hand, straight on asyncio's transports: of an answer only the
status, the length and the first field of the body are looked at.
"""

import asyncio
import struct
from typing import Protocol

import msgspec

from benchmarks.judge import Answer, Judge
from benchmarks.workload import Attempt

_LENGTH = b"Content-Length: "
_END = b"\r\n\r\n"
_REPLAYED = b"Idempotent-Replayed: true"

# RFC 6455, 5.2: a whole message of bytes; masked, as a client's must be, with a key of zeros,
# which leaves it as it is.
_WHOLE_BINARY = 0x82
_MASKED = 0x80
_NO_MASK = bytes(4)
_SHORT, _LONG = 126, 127
_PING, _CLOSE = 0x89, 0x88


class Load(Protocol):
    """Whom a connection tells: that it is free again, and that it is lost."""

    judge: Judge

    def free(self, connection: "AnyConnection") -> None: ...

    def lost(self, error: Exception) -> None: ...


class Connection(asyncio.Protocol):
    """One till's connection: one request at a time."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._incoming = b""
        self._attempt: Attempt | None = None
        self._started_ns = 0
        self._transport: asyncio.Transport | None = None

    async def open(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: self, "127.0.0.1", port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self, attempt: Attempt, started_ns: int) -> None:
        assert self._transport is not None, "connected"
        self._attempt, self._started_ns = attempt, started_ns
        self._transport.write(attempt.request)

    def data_received(self, data: bytes) -> None:
        if self._incoming:
            data = self._incoming + data
        end = data.find(_END)
        at = data.find(_LENGTH, 0, end) + len(_LENGTH)
        body_at = end + len(_END)
        if end < 0 or len(data) < body_at + int(data[at : data.index(b"\r", at)]):
            self._incoming = data
            return
        self._incoming = b""
        assert self._attempt is not None, "an answer belongs to a request"
        head = data[:end]
        answer = Answer(int(head[9:12]), _REPLAYED in head, data[body_at:])
        follow_up = self._load.judge.answered(self._attempt, answer, self._started_ns)
        if follow_up is None:
            self._load.free(self)
        else:
            self.send(follow_up, self._started_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc or ConnectionResetError("the server hung up"))

    def close(self) -> None:
        assert self._transport is not None, "connected"
        self._transport.close()


class _Line(msgspec.Struct):
    """An answer on a terminal's connection."""

    id: int | None
    status: int
    body: msgspec.Raw
    replayed: bool = False


_decode = msgspec.json.Decoder(_Line).decode


class TerminalConnection(asyncio.Protocol):
    """What is asked in one turn of the loop leaves in one message."""

    def __init__(self, load: Load, api_key: str) -> None:
        self._load = load
        self._api_key = api_key
        self._incoming = bytearray()
        self._lines: list[bytes] = []
        self._asked: dict[int, tuple[Attempt, int]] = {}
        self._count = 0
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._open: asyncio.Future[None] = self._loop.create_future()

    async def open(self, port: int) -> None:
        await self._loop.create_connection(lambda: self, "127.0.0.1", port)
        await self._open

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(
            b"GET /v1/terminal HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\n"
            b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            b"Sec-WebSocket-Protocol: airside.v1\r\n"
            b"Authorization: Bearer " + self._api_key.encode() + b"\r\n\r\n"
        )

    def send(self, attempt: Attempt, started_ns: int) -> None:
        self._count += 1
        self._asked[self._count] = attempt, started_ns
        if not self._lines:
            self._loop.call_soon(self._flush)
        self._lines.append(b'{"id":%d,' % self._count + attempt.request)

    def _flush(self) -> None:
        assert self._transport is not None, "connected"
        message = b"\n".join(self._lines)
        self._lines.clear()
        self._transport.write(framed(message))

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if not self._open.done():
            self._finish_handshake()
        while (message := self._next_message()) is not None:
            for line in message.splitlines():
                self._answered(line)

    def _finish_handshake(self) -> None:
        end = self._incoming.find(_END)
        if end < 0:
            return
        if self._incoming.startswith(b"HTTP/1.1 101 "):
            del self._incoming[: end + len(_END)]
            self._open.set_result(None)
        else:
            said = self._incoming[:200].decode(errors="replace")
            self._open.set_exception(ConnectionRefusedError(said))

    def _next_message(self) -> bytes | None:
        found = unframed(self._incoming)
        if found is None or not self._open.done():
            return None
        kind, start, end = found
        message = bytes(self._incoming[start:end])
        del self._incoming[:end]
        if kind == _CLOSE:
            raise ConnectionResetError("the server said goodbye")
        return b"" if kind == _PING else message

    def _answered(self, raw: bytes) -> None:
        line = _decode(raw)
        assert line.id is not None, f"a line could not be read: {raw[:200]!r}"
        attempt, started_ns = self._asked.pop(line.id)
        answer = Answer(line.status, line.replayed, bytes(line.body))
        follow_up = self._load.judge.answered(attempt, answer, started_ns)
        if follow_up is None:
            self._load.free(self)
        else:
            self.send(follow_up, started_ns)

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.lost(exc or ConnectionResetError("the server hung up"))

    def close(self) -> None:
        assert self._transport is not None, "connected"
        self._transport.close()


AnyConnection = Connection | TerminalConnection


def framed(message: bytes) -> bytes:
    length = len(message)
    if length < _SHORT:
        head = struct.pack(">BB", _WHOLE_BINARY, _MASKED | length)
    elif length < 1 << 16:
        head = struct.pack(">BBH", _WHOLE_BINARY, _MASKED | _SHORT, length)
    else:
        head = struct.pack(">BBQ", _WHOLE_BINARY, _MASKED | _LONG, length)
    return head + _NO_MASK + message


def unframed(data: bytearray) -> tuple[int, int, int] | None:
    """Its first byte, where its message begins, and where it ends; None: more must come."""
    if len(data) < 2:
        return None
    length, start = data[1], 2
    if length == _SHORT:
        start = 4
    elif length == _LONG:
        start = 10
    if len(data) < start:
        return None
    if start > 2:
        length = int.from_bytes(data[2:start], "big")
    end = start + length
    return (data[0], start, end) if len(data) >= end else None
