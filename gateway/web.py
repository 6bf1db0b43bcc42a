"""What the HTTP server serves besides routes: pages, the event stream, health and metrics."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from aiohttp import web

from actors.batcher import MailboxFull
from actors.engine import Engine
from actors.frame import Statistics
from channels.outcome import unavailable
from channels.problem import Problem
from channels.route import EVERYONE
from channels.views import Views
from channels.web.pages import CONTENT_SECURITY_POLICY, Page
from gateway.events import Event, EventHub, Subscriber
from gateway.metrics import CONTENT_TYPE, page
from gateway.server import Door, problem_response
from gateway.tally import Tally
from ledger.commands import ReadPayment
from ledger.entry import Entry
from ledger.errors import Happened
from ledger.ids import account_text, parse_account
from ledger.replies import PaymentReply
from ledger.time_text import time_text
from services.asking import Accounts, Refused, Unanswered
from services.payment_state import kind_of
from services.principals import Principal, PrincipalKind
from services.store import StoreUnavailable

# A comment line this often, so that proxies keep the stream and a dead reader is noticed.
KEEP_ALIVE_S = 15.0

AskStatistics = Callable[[], Awaitable[list[Statistics]]]

_encode = msgspec.json.Encoder().encode


def add_pages(app: web.Application, pages: list[Page]) -> None:
    for one in pages:
        app.router.add_get(one.path, _serve_page(one))


def _serve_page(page: Page) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(_request: web.Request) -> web.Response:
        return web.Response(
            body=page.body,
            content_type=page.content_type,
            charset="utf-8",
            headers={
                "Content-Security-Policy": CONTENT_SECURITY_POLICY,
                "X-Content-Type-Options": "nosniff",
                "Referrer-Policy": "no-referrer",
                "Cache-Control": "no-cache",
            },
        )

    return handle


class Health:
    """Ready means: every partition answered a heartbeat just now, and we are not draining."""

    def __init__(self, engine: Engine, statistics: AskStatistics) -> None:
        self._engine = engine
        self._statistics = statistics
        self.draining = False

    async def healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(self, _request: web.Request) -> web.Response:
        partitions = await self._statistics()
        missing = self._engine.directory.partition_count - len(partitions)
        ready = not missing and not self.draining
        body = {
            "status": "ready" if ready else "not ready",
            "partitions": len(partitions),
            "missing_partitions": missing,
            "draining": self.draining,
        }
        return web.json_response(body, status=200 if ready else 503)


class MetricsPage:
    def __init__(
        self, tally: Tally, engine: Engine, hub: EventHub, statistics: AskStatistics
    ) -> None:
        self._tally = tally
        self._engine = engine
        self._hub = hub
        self._statistics = statistics

    async def handle(self, _request: web.Request) -> web.Response:
        partitions = await self._statistics()
        depths = self._engine.mailbox_depths()
        body = page(self._tally, partitions, depths, self._hub.streams)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


class EventStream:
    """GET /v1/events: text/event-stream (WHATWG HTML, section 9.2)."""

    def __init__(self, door: Door, hub: EventHub, accounts: Accounts, views: Views) -> None:
        self._door = door
        self._hub = hub
        self._accounts = accounts
        self._views = views
        self._open: dict[Subscriber, web.Request] = {}

    def rechecks(self) -> list[Callable[[], Awaitable[None]]]:
        """One for each stream: it ends if its reader may no longer see what is in it."""
        return [partial(self._recheck, *one) for one in self._open.items()]

    async def _recheck(self, subscriber: Subscriber, request: web.Request) -> None:
        try:
            await self._door.admit(request, EVERYONE)
        except Problem as problem:
            if problem.status != 503:
                subscriber.end()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        try:
            principal = await self._door.admit(request, EVERYONE)
            if self._hub.full:
                raise unavailable("There are too many streams just now.", Happened.NO)
        except Problem as problem:
            return problem_response(problem)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        try:
            await self._feed(request, response, principal)
        except (ConnectionResetError, TimeoutError):
            # The reader has gone, or does not read. What it left unread would keep even the end
            # of the answer waiting.
            if request.transport:
                request.transport.abort()
        return response

    async def _feed(
        self, request: web.Request, response: web.StreamResponse, principal: Principal
    ) -> None:
        account = parse_account(principal.account) if principal.account else None
        subscriber = Subscriber(principal, account)
        place = self._hub.begin(subscriber, request.headers.get("Last-Event-ID"))
        events = self._hub.stream(subscriber)
        self._open[subscriber] = request
        upcoming = asyncio.ensure_future(anext(events))
        try:
            # Its place at once: a stream that breaks before its first event is resumed too.
            await _write(response, f"id: {place}\nretry: 1000\n\n".encode())
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=KEEP_ALIVE_S)
                if not done:
                    await _write(response, b": still here\n\n")
                    continue
                await _write(response, await self._text(upcoming.result(), principal))
                upcoming = asyncio.ensure_future(anext(events))
        except StopAsyncIteration:
            return
        finally:
            del self._open[subscriber]
            upcoming.cancel()
            await asyncio.gather(upcoming, return_exceptions=True)
            await events.aclose()

    async def _text(self, event: Event, principal: Principal) -> bytes:
        entry = event.entry
        kind = _kind(entry)
        own = principal.kind is PrincipalKind.OPERATOR or (
            principal.account == account_text(entry.account)
        )
        data = {
            "kind": kind_of(entry),
            "at": time_text(entry.at_ms),
            "account": account_text(entry.account) if own else None,
            "payment": await self._payment(entry, principal.id, own=own)
            if kind == "payment"
            else None,
        }
        return (
            f"id: {event.place}\nevent: {kind}\ndata: ".encode() + _encode(data) + b"\n\n"
        )

    async def _payment(self, entry: Entry, caller: str, *, own: bool) -> object:
        """The payment as it stands: what the phone and the till should show now."""
        ordinal = getattr(entry.event, "ordinal", 0)
        command = ReadPayment(account=entry.account, ordinal=ordinal)
        try:
            reply = await self._accounts.read(command, caller)
            if isinstance(reply, PaymentReply):
                return await self._views.payment(reply, show_account=own)
        except (Refused, Unanswered, MailboxFull, StoreUnavailable):
            pass  # the reader sees that something happened, and asks for itself
        return None


async def _write(response: web.StreamResponse, text: bytes) -> None:
    """Raises TimeoutError for a reader that takes nothing for so long."""
    async with asyncio.timeout(KEEP_ALIVE_S):
        await response.write(text)


def _kind(entry: Entry) -> str:
    name = kind_of(entry)
    if name.startswith(("transfer", "payout")):
        return "transfer"
    if name.startswith(("stripe", "sweep")):
        return "account"
    return "payment" if getattr(entry.event, "ordinal", 0) else "account"
