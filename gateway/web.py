"""What the HTTP server serves besides routes: pages, the event stream, health and metrics."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from actors.engine import Engine
from actors.frame import Statistics
from channels.problem import Problem
from channels.views import Views, kind_of, time_text
from channels.web.pages import CONTENT_SECURITY_POLICY, Page
from gateway.events import Event, EventHub, Subscriber, TooManyStreams
from gateway.metrics import CONTENT_TYPE, Metrics
from gateway.server import Door, problem_response
from ledger.commands import ReadPayment
from ledger.entry import Entry
from ledger.ids import account_text, parse_account
from ledger.replies import PaymentReply
from services.asking import Accounts, Refused, Unanswered
from services.principals import Principal, PrincipalKind

# A comment line this often, so that proxies keep the stream and a dead reader is noticed.
KEEP_ALIVE_S = 15.0

AskStatistics = Callable[[], Awaitable[list[Statistics]]]

_encode = msgspec.json.Encoder().encode


def add_pages(app: web.Application, pages: list[Page]) -> None:
    for page in pages:
        app.router.add_get(page.path, _serve_page(page))


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
        self, metrics: Metrics, engine: Engine, hub: EventHub, statistics: AskStatistics
    ) -> None:
        self._metrics = metrics
        self._engine = engine
        self._hub = hub
        self._statistics = statistics

    async def handle(self, _request: web.Request) -> web.Response:
        partitions = await self._statistics()
        depths = self._engine.mailbox_depths()
        body = self._metrics.page(partitions, depths, self._hub.streams)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


class EventStream:
    """GET /v1/events: text/event-stream (WHATWG HTML, section 9.2)."""

    def __init__(self, door: Door, hub: EventHub, accounts: Accounts, views: Views) -> None:
        self._door = door
        self._hub = hub
        self._accounts = accounts
        self._views = views

    async def handle(self, request: web.Request) -> web.StreamResponse:
        principal = await self._door.principal(request)
        if principal is None:
            return problem_response(
                Problem(
                    401, "not-signed-in", "Send a valid API key.", field="Authorization"
                )
            )
        account = parse_account(principal.account) if principal.account else None
        subscriber = Subscriber(principal, account)
        response = web.StreamResponse(
            headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store"}
        )
        await response.prepare(request)
        await response.write(b"retry: 1000\n\n")
        try:
            await self._feed(request, response, principal, subscriber)
        except TooManyStreams:
            await response.write(b": too many streams, come back later\n\n")
        except ConnectionResetError:
            pass  # the reader has gone
        return response

    async def _feed(
        self,
        request: web.Request,
        response: web.StreamResponse,
        principal: Principal,
        subscriber: Subscriber,
    ) -> None:
        events = self._hub.stream(subscriber, request.headers.get("Last-Event-ID"))
        upcoming = asyncio.ensure_future(anext(events))
        try:
            while True:
                done, _ = await asyncio.wait([upcoming], timeout=KEEP_ALIVE_S)
                if not done:
                    await response.write(b": still here\n\n")
                    continue
                text = await self._text(upcoming.result(), principal)
                await response.write(text)
                upcoming = asyncio.ensure_future(anext(events))
        except StopAsyncIteration:
            return
        finally:
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
            "payment": await self._payment(entry, own=own) if kind == "payment" else None,
        }
        return (
            f"id: {event.place}\nevent: {kind}\ndata: ".encode() + _encode(data) + b"\n\n"
        )

    async def _payment(self, entry: Entry, *, own: bool) -> object:
        """The payment as it stands: what the phone and the till should show now."""
        ordinal = getattr(entry.event, "ordinal", 0)
        command = ReadPayment(account=entry.account, ordinal=ordinal)
        try:
            reply = await self._accounts.read(command)
        except (Refused, Unanswered):
            return None
        if not isinstance(reply, PaymentReply):
            return None
        return await self._views.payment(reply, show_account=own)


def _kind(entry: Entry) -> str:
    name = kind_of(entry)
    if name.startswith("transfer"):
        return "transfer"
    return "payment" if getattr(entry.event, "ordinal", 0) else "account"
