"""GET /v1/terminal: one connection of a terminal for all it asks, many requests at a time.

A WebSocket (RFC 6455), subprotocol `airside.v1`. Messages hold JSON objects, one a line, as many
as there are. A line asks what a request over HTTP would ask, of the same routes, with the same
keys and the same answers:

    {"id": 7, "method": "POST", "path": "/v1/payments", "key": "b12-1", "body": {…}}
    {"id": 7, "status": 201, "replayed": false, "body": {…}}

Answers come in the order in which they are ready; `id` is the terminal's own number. What was
asked is done also when the connection breaks before the answer: ask again with the same key.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Annotated

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web
from msgspec import UNSET, Meta, UnsetType

from channels.outcome import unavailable
from channels.problem import Problem
from channels.route import EVERYONE, JSON, Answer, Call, Route
from gateway.bad_input import decode_problem
from gateway.handling import NOTHING, Asked, Digest, Served, call_of, handle, require
from gateway.logs import get
from gateway.masks import safe_body
from gateway.server import TOO_MUCH, Door, problem_response, too_large
from ledger.errors import Happened
from services.principals import Principal

SUBPROTOCOL = "airside.v1"
# Requests of one connection at work at a time. A terminal that sends more is not read until some
# are answered, so TCP makes it wait: one terminal can never fill a partition's mailbox.
UNDER_WAY_MAX = 128
# Lines that are read but wait for their turn are bounded by the size of a message.
MESSAGE_BYTES_MAX = 256 * 1024
# A peer that is silent for so long is asked for a sign of life, and dropped without one.
HEARTBEAT_S = 20.0
SOCKETS_MAX = 2_000

_log = get("gateway.terminal_socket")


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a terminal asks."""

    id: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    path: Annotated[str, Meta(max_length=128)]
    method: str = "POST"
    key: str | UnsetType = UNSET
    body: msgspec.Raw = msgspec.Raw(b"{}")


class AnswerLine(msgspec.Struct, frozen=True):
    """What it is told. id is null when the line's own could not be read."""

    id: int | None
    status: int
    body: object
    replayed: bool = False


_decode = msgspec.json.Decoder(Line).decode
_encode = msgspec.json.Encoder().encode

Admit = Callable[[], Awaitable[Principal]]


class TerminalSockets:
    """All of them that are open."""

    def __init__(self, door: Door, routes: Sequence[Route], digest: Digest) -> None:
        self._door = door
        self._routes = RouteTable(routes, digest)
        self._open: set[Conversation] = set()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        async def admit() -> Principal:
            """Again for each message, so that a key that is revoked ends here too."""
            return await self._door.admit(request, EVERYONE)

        try:
            await admit()
            self._require_room()
        except Problem as problem:
            return problem_response(problem)
        socket = web.WebSocketResponse(
            protocols=[SUBPROTOCOL],
            heartbeat=HEARTBEAT_S,
            max_msg_size=MESSAGE_BYTES_MAX,
            compress=False,
        )
        await socket.prepare(request)
        conversation = Conversation(socket, self._door, admit, self._routes)
        self._open.add(conversation)
        try:
            await conversation.run()
        finally:
            self._open.discard(conversation)
        return socket

    def _require_room(self) -> None:
        if len(self._open) >= SOCKETS_MAX:
            raise unavailable("There are too many connections just now.", Happened.NO)

    def rechecks(self) -> list[Callable[[], Awaitable[None]]]:
        """One for each: it ends if its holder may no longer be here."""
        return [conversation.recheck for conversation in self._open]

    def end(self) -> None:
        """Read no more, answer what was asked, say goodbye: each by itself, from now on."""
        for conversation in self._open:
            conversation.end()


class Conversation:
    def __init__(
        self, socket: web.WebSocketResponse, door: Door, admit: Admit, routes: "RouteTable"
    ) -> None:
        self._socket = socket
        self._tally = door.tally
        self._admission = door.admission
        self._line_bytes_max = door.body_bytes_max
        self._admit = admit
        self._routes = routes
        self._under_way: set[asyncio.Task[None]] = set()
        self._ready: list[bytes] = []
        self._something_ready = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None

    async def run(self) -> None:
        writer = asyncio.create_task(self._write())
        self._reader = asyncio.create_task(self._read())
        await asyncio.wait([self._reader])
        if self._under_way:
            await asyncio.wait(self._under_way)
        writer.cancel()
        await asyncio.wait([writer])
        await self._send()
        await self._socket.close(code=WSCloseCode.GOING_AWAY)
        if not self._reader.cancelled():
            self._reader.result()  # a bug of ours ends here, not in silence

    async def recheck(self) -> None:
        try:
            await self._admit()
        except Problem as problem:
            if problem.status != 503:
                self._answer(AnswerLine(None, problem.status, safe_body(problem)))
                self.end()

    def end(self) -> None:
        if self._reader:
            self._reader.cancel()

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type not in {WSMsgType.TEXT, WSMsgType.BINARY}:
                return
            try:
                principal = await self._admit()
            except Problem as problem:
                self._answer(AnswerLine(None, problem.status, safe_body(problem)))
                return
            text = message.data
            raw = text.encode() if isinstance(text, str) else text
            for line in raw.splitlines():
                await self._begin(principal, line)

    async def _begin(self, principal: Principal, line: bytes) -> None:
        while len(self._under_way) >= UNDER_WAY_MAX:
            await asyncio.wait(self._under_way, return_when=asyncio.FIRST_COMPLETED)
        caller = principal.id.encode()
        if self._admission.full(caller):
            self._refuse(line)
            return
        task = asyncio.create_task(self._serve(principal, line))
        self._admission.enter(task, caller)
        task.add_done_callback(self._admission.leave)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _serve(self, principal: Principal, raw: bytes) -> None:
        number = None
        try:
            line = _line(raw, self._line_bytes_max)
            number = line.id
            served, path = self._routes.find(line.method, line.path)
            calling = _call(served, principal, line, path)
            outcome = await handle(served, calling, self._tally)
        except Problem as problem:
            outcome = problem
        replayed = isinstance(outcome, Answer) and outcome.replayed
        body = safe_body(outcome) if isinstance(outcome, Problem) else outcome.body
        self._answer(AnswerLine(number, outcome.status, body, replayed))

    def _refuse(self, raw: bytes) -> None:
        try:
            number = _line(raw, self._line_bytes_max).id
        except Problem as problem:
            self._answer(AnswerLine(None, problem.status, safe_body(problem)))
            return
        self._answer(AnswerLine(number, TOO_MUCH.status, TOO_MUCH.body))

    def _answer(self, answer: AnswerLine) -> None:
        self._ready.append(_encode(answer))
        self._something_ready.set()

    async def _write(self) -> None:
        """What became ready together leaves together, in one message."""
        while True:
            await self._something_ready.wait()
            self._something_ready.clear()
            await self._send()

    async def _send(self) -> None:
        ready, self._ready = self._ready, []
        if ready and not self._socket.closed:
            try:
                await self._socket.send_bytes(b"\n".join(ready))
            except ConnectionError:
                _log.info("a terminal has gone before its answers")


def _line(raw: bytes, bytes_max: int) -> Line:
    """Raises the Problem of a line that cannot be read."""
    if len(raw) > bytes_max:
        raise too_large(bytes_max)
    try:
        return _decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise decode_problem(raw, error) from None


async def _call(
    served: Served, principal: Principal, line: Line, path: Mapping[str, str]
) -> Call:
    require(principal, served.route.scopes)
    key = None if line.key is UNSET else line.key
    return call_of(served, Asked(principal, bytes(line.body), key, path))


class RouteTable:
    """Routes by method and path; a few have an id in the middle. A line is JSON, so routes that
    take or give anything else are not among them.
    """

    def __init__(self, routes: Sequence[Route], digest: Digest) -> None:
        self._plain: dict[tuple[str, str], Served] = {}
        self._others: list[tuple[str, re.Pattern[str], Served]] = []
        for route in routes:
            if {route.takes, route.gives} != {JSON}:
                continue
            if "{" in route.path:
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/?]+)", route.path))
                self._others.append((route.method, pattern, Served(route, digest)))
            else:
                self._plain[route.method, route.path] = Served(route, digest)

    def find(self, method: str, path: str) -> tuple[Served, Mapping[str, str]]:
        """The route, and what its path holds. Raises Problem 404."""
        plain = self._plain.get((method, path))
        if plain is not None:
            return plain, NOTHING
        for wanted, pattern, served in self._others:
            found = pattern.fullmatch(path) if wanted == method else None
            if found:
                return served, found.groupdict()
        detail = f"{method[:8]} {path[:80]} is not something that can be asked."
        raise Problem(404, "not-found", detail, field="$.path")
