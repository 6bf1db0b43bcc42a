"""The crew's page: totals, what is still to be told, and whom to trust, with no network at all.

The till serves it itself, on its own laptop: four files and one answer that changes. It speaks as
much HTTP as a browser needs for that (RFC 9112: one request, one answer, closed), and only reads.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import msgspec

from ledger.clock import Clock
from terminals.inflight.crew_till import CrewTill
from terminals.inflight.entry import Closed
from terminals.inflight.hearing import Hearing

FOLDER = Path(__file__).parent / "page"
FILES = {
    "/": ("crew.html", "text/html; charset=utf-8"),
    "/crew.css": ("crew.css", "text/css; charset=utf-8"),
    "/crew.js": ("crew.js", "text/javascript; charset=utf-8"),
}
# Of a request: a browser's own has some 600 bytes.
REQUEST_BYTES_MAX = 8 * 1024
REQUEST_WITHIN_S = 5.0


class TillState(msgspec.Struct, frozen=True):
    """As this till knows it: its own, or as far as it was heard. forked: it told two stories.
    senseless: entries that it signed and nobody can read; what it did after them is not heard.
    """

    number: int
    name: str
    own: bool
    entries: int
    sales: int
    sold_minor: int
    closed: bool
    forked: bool
    senseless: int


class CrewState(msgspec.Struct, frozen=True):
    """set_back: others know what this till did and has lost, so it sells nothing. deaf: it hears
    the others no more, for its disk is full. backlog: entries that the gateway has not got from
    here. deny_age_s: of the deny list, and deny_age_max_s: from when on this till sells no more.
    """

    flight: str
    date: str
    currency: str
    closed: bool
    set_back: bool
    deaf: bool
    backlog: int
    deny_age_s: int
    deny_age_max_s: int
    denied: int
    tills: list[TillState]


def crew_state(
    till: CrewTill, hearing: Hearing, clock: Clock, told: dict[int, int]
) -> CrewState:
    """told: of each till, how many entries from the first on the gateway has got."""
    plan = till.plan
    here = {number: len(entries) for number, entries in hearing.heard.items()}
    here[till.device.number] = len(till.entries)
    return CrewState(
        flight=plan.number,
        date=plan.date,
        currency=plan.currency,
        closed=till.book.closed,
        set_back=till.book.set_back,
        deaf=hearing.stopped,
        backlog=sum(max(0, count - told.get(number, 0)) for number, count in here.items()),
        deny_age_s=(clock.now_ms() - plan.issued_at_ms) // 1_000,
        deny_age_max_s=plan.policy.deny_age_max_s,
        denied=len(plan.denied),
        tills=[_till_state(till, hearing, device.number) for device in plan.devices],
    )


def _till_state(till: CrewTill, hearing: Hearing, number: int) -> TillState:
    own = number == till.device.number
    entries = till.entries if own else hearing.heard.get(number, [])
    sales = [sale for sale in till.book.sales.values() if sale.device == number]
    device = till.plan.device(number)
    assert device is not None, "the plan has its own tills"
    return TillState(
        number=number,
        name=device.name,
        own=own,
        entries=len(entries),
        sales=len(sales),
        sold_minor=sum(sale.sold.amount_minor for sale in sales),
        closed=bool(entries) and isinstance(entries[-1].body.what, Closed),
        forked=number in hearing.forked,
        senseless=hearing.senseless[number],
    )


class CrewPage:
    """state: what it shows, asked for anew each time."""

    def __init__(self, state: Callable[[], CrewState]) -> None:
        self._state = state
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Raises OSError. Returns the port, for who asked for any."""
        self._server = await asyncio.start_server(
            self._serve, host, port, limit=REQUEST_BYTES_MAX
        )
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            async with asyncio.timeout(REQUEST_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
                writer.write(self._answer(head))
                await writer.drain()
        except (
            OSError,
            TimeoutError,
            asyncio.IncompleteReadError,
            asyncio.LimitOverrunError,
        ):
            return
        finally:
            writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, path, *_ = [*head.split(b"\r\n", 1)[0].decode("latin-1").split(" "), "", ""]
        if method != "GET":
            return _response(HTTPStatus.METHOD_NOT_ALLOWED, "text/plain", b"")
        if path == "/state":
            body = msgspec.json.encode(self._state())
            return _response(HTTPStatus.OK, "application/json", body)
        if path not in FILES:
            return _response(HTTPStatus.NOT_FOUND, "text/plain", b"")
        name, kind = FILES[path]
        return _response(HTTPStatus.OK, kind, (FOLDER / name).read_bytes())


def _response(status: HTTPStatus, kind: str, body: bytes) -> bytes:
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Content-Security-Policy: default-src 'self'; img-src 'self' data:\r\n"
        "X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n"
        "Connection: close\r\n\r\n"
    )
    return head.encode() + body
