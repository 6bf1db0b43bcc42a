"""The HTTP door: bounded read → who calls → may it → decode → handler → encode.

One function serves every route of the list (channels/route.py); what can go wrong on the way
becomes a problem here and nowhere else.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import web

from actors.batcher import MailboxFull
from channels.outcome import refused, unanswered, unavailable
from channels.problem import Problem, bad_field, forbidden
from channels.route import PUBLIC, Answer, Call, Route
from channels.wire import PaymentView
from gateway.bad_input import decode_problem, refuse_texts, require_unique_names
from gateway.logs import get
from gateway.metrics import Metrics
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.keys import key_digest, request_digest
from services.asking import Refused, Unanswered
from services.principal_cache import PrincipalCache
from services.principals import Principal
from services.store import StoreUnavailable

KEY_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
# What a client is told to wait after a 503: a killed partition is back within this.
RETRY_AFTER_S = "1"

AioHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_encode = msgspec.json.Encoder().encode
_canonical = msgspec.msgpack.Encoder().encode
_log = get("gateway.server")


class Door:
    """Makes aiohttp handlers of routes."""

    def __init__(
        self, principals: PrincipalCache, metrics: Metrics, *, body_bytes_max: int
    ) -> None:
        self._principals = principals
        self._metrics = metrics
        self._body_bytes_max = body_bytes_max

    def add(self, app: web.Application, routes: Sequence[Route]) -> None:
        for route in routes:
            app.router.add_route(route.method, route.path, self._serve(route))

    def _serve(self, route: Route) -> AioHandler:
        # Choices are taken once, here, so that a request only does what it needs.
        decode = msgspec.json.Decoder(route.body).decode if route.body else None
        name = f"{route.method} {route.path}"
        authorises = name == "POST /v1/payments"

        async def handle(request: web.Request) -> web.Response:
            started = time.perf_counter()
            call = answer = None
            try:
                call = await self._call(request, route, decode)
                answer = await route.handler(call)
                response = _answer_response(answer)
            except Problem as problem:
                response = problem_response(problem)
            except Exception as error:  # noqa: BLE001 — the last door: nothing leaves unanswered
                response = problem_response(_translate(error, name))
            self._metrics.answered(name, response.status)
            if authorises and call and answer:
                self._metrics.authorised(
                    call.caller.channel, _outcome(answer), time.perf_counter() - started
                )
            return response

        return handle

    async def _call(
        self,
        request: web.Request,
        route: Route,
        decode: Callable[[bytes], msgspec.Struct] | None,
    ) -> Call:
        if PUBLIC in route.scopes:
            principal = await self._principal(request)
        else:
            principal = await self.admit(request, route.scopes)
        raw = await self._read_body(request) if decode else b""
        body = _decode_body(decode, raw) if decode else None
        key = _key(request) if route.keyed else ""
        cause = _cause(request, route, principal, key, body)
        return Call(principal, request.match_info, request.query, body, cause, key)

    async def admit(self, request: web.Request, wanted: frozenset[str]) -> Principal:
        """Who calls, if it has one of the wanted scopes. Raises Problem 401, 403 or 503."""
        principal = await self._principal(request)
        if principal is None:
            raise Problem(
                401,
                "not-signed-in",
                "Send a valid API key: `Authorization: Bearer ak_…`.",
                field="Authorization",
            )
        if not wanted & principal.scopes:
            needed = " or ".join(sorted(wanted))
            raise forbidden(
                f"This needs the scope {needed}, and this {principal.kind.value} has"
                f" {', '.join(sorted(principal.scopes)) or 'none'}.",
                "Authorization",
            )
        return principal

    async def _principal(self, request: web.Request) -> Principal | None:
        """Whose key this is; None for no key and for a bad one alike."""
        kind, _, key = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        seen = self._principals.peek(key)
        if seen is not None:
            return seen.principal
        try:
            return await asyncio.to_thread(self._principals.find, key)
        except StoreUnavailable:
            raise unavailable("Keys cannot be looked up just now.", Happened.NO) from None

    async def _read_body(self, request: web.Request) -> bytes:
        limit = self._body_bytes_max
        announced = request.content_length
        if announced is not None and announced > limit:
            raise _too_large(limit, f"{announced} were announced")
        raw = await request.content.read(limit + 1)
        while len(raw) <= limit and not request.content.at_eof():
            raw += await request.content.read(limit + 1 - len(raw))
        if len(raw) > limit:
            raise _too_large(limit, "more came")
        return raw


def _too_large(limit: int, came: str) -> Problem:
    detail = f"A body may have {limit} bytes at most; {came}."
    return Problem(413, "body-too-large", detail, field="$")


def _decode_body(decode: Callable[[bytes], msgspec.Struct], raw: bytes) -> msgspec.Struct:
    raw = raw or b"{}"
    try:
        body = decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise decode_problem(raw, error) from None
    require_unique_names(raw)
    refuse_texts(raw, body)
    return body


def _key(request: web.Request) -> str:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        raise bad_field("Idempotency-Key", "The header Idempotency-Key is missing.")
    if not KEY_FORM.fullmatch(key):
        raise bad_field(
            "Idempotency-Key",
            "An Idempotency-Key has 1 to 64 letters, digits or . _ : - and nothing else.",
        )
    return key


def _cause(
    request: web.Request,
    route: Route,
    principal: Principal | None,
    key: str,
    body: msgspec.Struct | None,
) -> Cause:
    caller = principal.id if principal else ""
    if not route.keyed:
        return Cause(caller=caller)
    canonical = _canonical([route.path, dict(request.match_info), body])
    return Cause(key_digest(caller, key), request_digest(canonical), caller)


def _answer_response(answer: Answer) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.Response(
        status=answer.status,
        body=_encode(answer.body),
        content_type="application/json",
        headers=headers,
    )


def problem_response(problem: Problem) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if problem.status == 503:
        headers["Retry-After"] = RETRY_AFTER_S
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=problem.status,
        body=_encode(problem.body),
        content_type="application/problem+json",
        headers=headers,
    )


def _translate(error: Exception, route: str) -> Problem:
    """An operating error as a problem that says who is to blame and what happened."""
    match error:
        case Refused():
            return refused(error)
        case Unanswered():
            return unanswered(error)
        case MailboxFull():
            return unavailable("There is too much to do just now.", Happened.NO)
        case StoreUnavailable():
            return unavailable("Names cannot be looked up just now.", Happened.UNKNOWN)
        case web.HTTPException() if error.status < 500:
            return Problem(error.status, "bad-request", f"{error.reason}.")
        case _:
            _log.error("a request failed unexpectedly", route=route, exc_info=error)
            return Problem(
                500, "internal", "This should not have happened.", happened=Happened.UNKNOWN
            )


def _outcome(answer: Answer) -> str:
    if not isinstance(answer.body, PaymentView):
        return "unknown"
    return answer.body.decline.reason if answer.body.decline else "approved"


@web.middleware
async def problems_for_unknown_routes(
    request: web.Request, handler: AioHandler
) -> web.StreamResponse:
    """404 and 405 of the router, and whatever else it raises, as problems too."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        name = {404: "not-found", 405: "method-not-allowed"}.get(
            error.status, "bad-request"
        )
        detail = f"{request.method} {request.path[:80]} is not something that can be asked."
        response = problem_response(Problem(error.status, name, detail))
        if isinstance(error, web.HTTPMethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        return response
