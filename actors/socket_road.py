"""The road of a frame over a partition's Unix socket: this side is a gateway's.

One connection per partition, one frame on it at a time. A connection that broke is made anew by
the next frame; where to connect is asked each time, for the partition may have moved.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import msgspec

from actors.frame import ANSWER_BYTES_MAX, LENGTH, framed
from actors.runtime import PartitionUnavailable
from ledger.errors import Happened

# A partition that has not answered for this long is stopped or stuck. The supervisor will kill
# it; callers are told that the outcome is not known.
ANSWER_S = 5.0
CONNECT_S = 1.0

Resolve = Callable[
    [int], Awaitable[str]
]  # partition → path; raises OSError while there is none


class _Link(asyncio.Protocol):
    """One connection, one answer awaited at a time."""

    def __init__(self) -> None:
        self._incoming = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asserted: where uvloop is installed, Ray uses it, and its transports are of no kin.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if len(self._incoming) < LENGTH.size:
            return
        (length,) = LENGTH.unpack_from(self._incoming)
        if length > ANSWER_BYTES_MAX:
            self.close()
            return
        if len(self._incoming) < LENGTH.size + length:
            return
        body = bytes(self._incoming[LENGTH.size : LENGTH.size + length])
        self._incoming.clear()
        if self._answer and not self._answer.done():
            self._answer.set_result(body)

    def connection_lost(self, _exc: Exception | None) -> None:
        self._transport = None
        if self._answer and not self._answer.done():
            self._answer.set_exception(ConnectionResetError())

    @property
    def usable(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    async def exchange(self, frame: bytes) -> bytes:
        assert self._transport is not None, "the caller checked usable"
        assert self._answer is None or self._answer.done(), "one frame at a time"
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(framed(frame))
        async with asyncio.timeout(ANSWER_S):
            return await self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.abort()


class SocketRoad:
    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve
        self._links: dict[int, _Link] = {}

    async def send(self, partition: int, frame: bytes) -> bytes:
        link = self._links.get(partition)
        if link is None or not link.usable:
            link = await self._connect(partition)
        try:
            answer = await link.exchange(frame)
        except (OSError, TimeoutError) as error:
            link.close()
            raise PartitionUnavailable(partition, Happened.UNKNOWN) from error
        except asyncio.CancelledError:
            link.close()  # the answer may still come; it must not be taken for the next one's
            raise
        happened = failure(answer)
        if happened:
            link.close()
            raise PartitionUnavailable(partition, happened)
        return answer

    async def _connect(self, partition: int) -> _Link:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(CONNECT_S):
                path = await self._resolve(partition)
                _, link = await loop.create_unix_connection(_Link, path)
        except (OSError, TimeoutError) as error:
            raise PartitionUnavailable(partition, Happened.NO) from error
        self._links[partition] = link
        return link

    async def close(self) -> None:
        for link in self._links.values():
            link.close()


def failure(answer: bytes) -> Happened | None:
    """What is known of a frame that got no replies: a partition whose append failed answers with
    one word instead.
    """
    if len(answer) > 16 or not answer or answer[0] & 0xE0 != 0xA0:
        return None
    return msgspec.msgpack.decode(answer, type=Happened)
