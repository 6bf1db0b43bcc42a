"""The port for tills that speak ISO 8583: frames over TCP, many messages under way at a time.

What comes in is bounded in every direction: connections, bytes of a frame, messages at work, how
long half a frame may take, how long an answer may wait to be read. A connection whose bytes are no
frames, or no messages, is closed: where the next message begins is not known any more. What was
asked is done all the same, and the till asks again.

Answers leave in the order in which they are ready; a till finds its own by the trace number.
"""

import asyncio
import contextlib
import ssl

from channels.iso8583.host import Host, Link, Outcome
from gateway.config import Config
from gateway.logs import get
from gateway.tally import Tally
from services.store import StoreUnavailable
from terminals.iso8583.frames import FrameReader, FrameTooLong, frame
from terminals.iso8583.message import MessageMalformed

CONNECTIONS_MAX = 1_000
# Of one connection, which may carry a shop's worth of tills. Beyond that it is not read until some
# are answered, so TCP makes it wait.
UNDER_WAY_MAX = 64
READ_BYTES = 16 * 1_024
# Tills send an echo every minute or so; a connection that is silent for this long is dead.
IDLE_S = 300.0
# A frame is one write of a till. Half of one for so long is a till that has lost its way.
FRAME_S = 10.0
# An answer that nobody reads for so long holds memory for nobody.
WRITE_S = 10.0
BACKLOG = 256

_log = get("gateway.iso8583")


class Iso8583Listener:
    def __init__(self, host: Host, tally: Tally, config: Config) -> None:
        self._host = host
        self._tally = tally
        self._config = config
        self._server: asyncio.Server | None = None
        self._open: set[Conversation] = set()

    async def start(self) -> None:
        """Raises OSError when the port is taken, ssl.SSLError for unusable certificates."""
        config = self._config
        if not config.iso8583_port:
            return
        self._server = await asyncio.start_server(
            self._accept,
            config.host,
            config.iso8583_port,
            backlog=BACKLOG,
            reuse_port=True,
            ssl=tls_context(config),
        )

    def end(self) -> None:
        """Take no more, answer what was asked, close: each by itself, from now on."""
        if self._server:
            self._server.close()
        for conversation in self._open:
            conversation.end()

    async def stop(self) -> None:
        self.end()
        if self._open:
            await asyncio.wait([conversation.ended for conversation in self._open])

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._open) >= CONNECTIONS_MAX:
            _log.warning("there are too many connections of tills")
            writer.transport.abort()
            return
        conversation = Conversation(reader, writer, self._host, self._tally)
        self._open.add(conversation)
        try:
            await conversation.run()
        finally:
            self._open.discard(conversation)


class Conversation:
    """One connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        host: Host,
        tally: Tally,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host
        self._tally = tally
        self._link = Link(certified_name(writer))
        self._frames = FrameReader()
        self._amid_since_s = 0.0
        self._under_way: set[asyncio.Task[None]] = set()
        self._reading: asyncio.Task[None] | None = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        self._reading = asyncio.create_task(self._read())
        try:
            await asyncio.wait([self._reading])
            if self._under_way:
                await asyncio.wait(self._under_way)
        finally:
            self._writer.close()
            with contextlib.suppress(OSError, TimeoutError, ssl.SSLError):
                async with asyncio.timeout(WRITE_S):
                    await self._writer.wait_closed()
            self._writer.transport.abort()
            self.ended.set_result(None)
        if not self._reading.cancelled():
            self._reading.result()  # a bug of ours ends here, not in silence

    def end(self) -> None:
        if self._reading:
            self._reading.cancel()

    async def _read(self) -> None:
        try:
            while raw := await self._some():
                for message in self._frames.feed(raw):
                    self._amid_since_s = 0.0
                    await self._begin(message)
        except FrameTooLong as error:
            _log.info("what came was no frame", problem=str(error))
        except TimeoutError:
            _log.info("a till fell silent", amid_a_frame=self._frames.is_amid)
        except (OSError, ssl.SSLError) as error:
            _log.info("a till's connection broke", problem=type(error).__name__)

    async def _some(self) -> bytes:
        """A frame's time counts from its first byte: who sends it byte by byte gains none."""
        now_s = asyncio.get_running_loop().time()
        if not self._frames.is_amid:
            self._amid_since_s = 0.0
            deadline_s = now_s + IDLE_S
        else:
            self._amid_since_s = self._amid_since_s or now_s
            deadline_s = self._amid_since_s + FRAME_S
        async with asyncio.timeout_at(deadline_s):
            return await self._reader.read(READ_BYTES)

    async def _begin(self, raw: bytes) -> None:
        while len(self._under_way) >= UNDER_WAY_MAX:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        task = asyncio.create_task(self._serve(raw))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _serve(self, raw: bytes) -> None:
        outcome = await self._outcome(raw)
        if outcome.code:
            self._tally.answered(f"ISO8583 {raw[:4].decode()}", _status(outcome.code))
        if outcome.answer is not None:
            await self._send(frame(outcome.answer))
        if outcome.close:
            self.end()

    async def _outcome(self, raw: bytes) -> Outcome:
        try:
            return await self._host.handle(raw, self._link)
        except MessageMalformed as error:
            _log.info("what came was no message", problem=str(error))
            return Outcome(None, close=True)
        except StoreUnavailable:
            _log.warning("terminals cannot be looked up")
        except Exception as error:  # noqa: BLE001 — the last door: silence is safe, a till reverses
            _log.error("a message failed unexpectedly", exc_info=error)
        return Outcome(None)

    async def _send(self, raw: bytes) -> None:
        if self._writer.is_closing():
            return  # the till has gone before its answer, and will ask again
        self._writer.write(raw)
        try:
            async with asyncio.timeout(WRITE_S):
                await self._writer.drain()
        except (OSError, TimeoutError, ssl.SSLError):
            self._writer.transport.abort()


def tls_context(config: Config) -> ssl.SSLContext | None:
    """Both sides show a certificate, or there is none at all."""
    if not config.iso8583_certificate:
        return None
    context = ssl.create_default_context(
        ssl.Purpose.CLIENT_AUTH, cafile=config.iso8583_clients
    )
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(config.iso8583_certificate, config.iso8583_key)
    return context


def certified_name(writer: asyncio.StreamWriter) -> str | None:
    """The common name of the peer's certificate: the eight characters of its terminal."""
    certificate = writer.get_extra_info("peercert")
    if not certificate:
        return None
    names = [
        value
        for part in certificate.get("subject", ())
        for name, value in part
        if name == "commonName"
    ]
    return str(names[0]) if len(names) == 1 else None


# How an answer counts among those of HTTP; every other code is a decline.
_STATUSES = {
    "00": 200,
    "unknown": 202,
    "30": 400,
    "63": 401,
    "58": 403,
    "94": 422,
    "91": 503,
    "96": 503,
}


def _status(code: str) -> int:
    return _STATUSES.get(code, 402)
