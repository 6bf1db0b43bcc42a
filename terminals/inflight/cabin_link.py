"""How tills hear each other: one question and one answer on a connection of the cabin's network.

    <4: length> msgpack [kind, body]

Nothing on it is trusted: entries are signed by the tills of the flight, and requests by who asks.
So whoever listens learns what was sold, and whoever speaks can tell nothing that is not so. When
nobody hears, nothing is lost: each till sells its own share.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Literal

import msgspec

from terminals.inflight.allowance import AllowanceRefused
from terminals.inflight.crew_till import CrewTill, TillStopped
from terminals.inflight.entry import EntryRefused
from terminals.inflight.hearing import Hearing, Telling

_LENGTH = struct.Struct(">I")
# Of one message: what a till tells at once, and room.
MESSAGE_BYTES_MAX = 256 * 1024
# On a local network an answer takes milliseconds; the crew does not wait for a till that is off.
ANSWER_WITHIN_S = 1.0
# Between two rounds in which a till asks the others what they have seen.
ROUND_S = 2.0

# What another end may do to a connection, or send over it.
_UNHEARD = (
    OSError,
    TimeoutError,
    asyncio.IncompleteReadError,
    msgspec.MsgspecError,
    UnicodeDecodeError,
)

Sleep = Callable[[float], Awaitable[None]]
Address = tuple[str, int]


class Message(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    kind: Literal["tell", "ask", "told", "gift", "nothing"]
    body: bytes = b""


class CabinLink:
    """One till's end. peers: where the others may be heard."""

    def __init__(self, till: CrewTill, hearing: Hearing, peers: list[Address]) -> None:
        self._till = till
        self._hearing = hearing
        self._peers = peers
        self._server: asyncio.Server | None = None
        self.answering: set[Address] = set()

    async def listen(self, host: str, port: int) -> int:
        """Raises OSError. Returns the port, for who asked for any."""
        self._server = await asyncio.start_server(self._serve, host, port)
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def keep_hearing(self, sleep: Sleep) -> None:
        """Until the till's journal cannot be written any more."""
        with suppress(TillStopped):
            while True:
                await self.hear()
                await sleep(ROUND_S)

    async def hear(self) -> int:
        """Ask each once what it has seen; how much was new. Raises TillStopped."""
        new = 0
        for peer in self._peers:
            known = self._hearing.known()
            question = Message("tell", msgspec.msgpack.encode(Telling(known)))
            answer = await self._ask(peer, question)
            if answer is None or answer.kind != "told":
                self.answering.discard(peer)
                continue
            self.answering.add(peer)
            with suppress(msgspec.MsgspecError, UnicodeDecodeError):
                told = msgspec.msgpack.decode(answer.body, type=Telling)
                new += self._hearing.hear(told.entries)
        take_lost_gifts(self._till, self._hearing)
        return new

    async def fetch_share(self, request: bytes) -> int:
        """Ask the others for a part of their share, until one gives; what came, in minor units."""
        for peer in self._peers:
            answer = await self._ask(peer, Message("ask", request))
            if answer is None or answer.kind != "gift":
                continue
            with suppress(EntryRefused):
                if self._till.take(answer.body):
                    return self._till.last_taken_minor
        return 0

    async def _ask(self, peer: Address, question: Message) -> Message | None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reader, writer = await asyncio.open_connection(*peer)
                try:
                    await _write(writer, question)
                    return await _read(reader)
                finally:
                    writer.close()
        except _UNHEARD:
            return None

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await _write(writer, self._answer(await _read(reader)))
        except _UNHEARD:
            return
        finally:
            writer.close()

    def _answer(self, question: Message) -> Message:
        if question.kind == "tell":
            asked = msgspec.msgpack.decode(question.body, type=Telling)
            lacking = self._hearing.lacking(asked.known)
            known = self._hearing.known()
            return Message("told", msgspec.msgpack.encode(Telling(known, tuple(lacking))))
        if question.kind == "ask":
            with suppress(EntryRefused, AllowanceRefused, TillStopped):
                gift = self._till.give(question.body)
                if gift is not None:
                    return Message("gift", gift.raw)
        return Message("nothing")


def take_lost_gifts(till: CrewTill, hearing: Hearing) -> None:
    """Of a share that was signed over, and whose answer was lost. Raises TillStopped."""
    for raw in hearing.gifts():
        with suppress(EntryRefused):
            till.take(raw)


async def _write(writer: asyncio.StreamWriter, message: Message) -> None:
    raw = msgspec.msgpack.encode(message)
    writer.write(_LENGTH.pack(len(raw)) + raw)
    await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Message:
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    if length > MESSAGE_BYTES_MAX:
        raise msgspec.ValidationError("more than a till says at once")
    return msgspec.msgpack.decode(await reader.readexactly(length), type=Message)
