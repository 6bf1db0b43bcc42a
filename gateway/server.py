"""The HTTP door: bounded read → who calls → may it → decode → handler → encode.

One function serves every route of the list (channels/route.py); what can go wrong on the way
becomes a problem here and nowhere else.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import StreamReader, hdrs, web

from actors.batcher import MailboxFull
from channels.outcome import refused, unanswered, unavailable
from channels.problem import Problem, bad_field, forbidden
from channels.route import PUBLIC, Answer, Call, Route
from channels.wire import PaymentView
from gateway.bad_input import decode_problem, refuse_texts, require_unique_names
from gateway.logs import get
from gateway.tally import Tally
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.keys import key_digest, request_digest
from services.asking import Refused, Unanswered
from services.principal_cache import NOBODYS, PrincipalCache, Remembered
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
        self, principals: PrincipalCache, tally: Tally, *, body_bytes_max: int
    ) -> None:
        self._principals = principals
        self._tally = tally
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
            self._tally.answered(name, response.status)
            if authorises and call and answer:
                self._tally.authorised(
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
        seen = self._seen(request)
        principal = seen.principal if seen else await self._look_up(request)
        if PUBLIC not in route.scopes:
            _require(principal, route.scopes)
        body = _decode_body(decode, await self._read_body(request)) if decode else None
        key = _key(request) if route.keyed else ""
        cause = _cause(request, route, principal, key, body)
        query = request.query if route.query else {}
        return Call(principal, request.match_info, query, body, cause, key)

    async def admit(self, request: web.Request, wanted: frozenset[str]) -> Principal:
        """Who calls, if it has one of the wanted scopes. Raises Problem 401, 403 or 503."""
        seen = self._seen(request)
        return _require(seen.principal if seen else await self._look_up(request), wanted)

    def _seen(self, request: web.Request) -> Remembered | None:
        """Whose key this is, from memory: nobody's, for no key and for a bad one alike."""
        key = _bearer(request)
        return self._principals.peek(key) if key else NOBODYS

    async def _look_up(self, request: web.Request) -> Principal | None:
        try:
            return await asyncio.to_thread(self._principals.find, _bearer(request))
        except StoreUnavailable:
            raise unavailable("Keys cannot be looked up just now.", Happened.NO) from None

    async def _read_body(self, request: web.Request) -> bytes:
        limit = self._body_bytes_max
        if request.content.is_eof():  # it came with the headers, as a small one does
            raw = request.content.read_nowait()
        else:
            if (request.content_length or 0) > limit:
                raise _too_large(limit)
            raw = await _read_up_to(limit + 1, request.content)
        if len(raw) > limit:
            raise _too_large(limit)
        return raw


async def _read_up_to(limit: int, content: StreamReader) -> bytes:
    raw = await content.read(limit)
    while len(raw) < limit and not content.at_eof():
        raw += await content.read(limit - len(raw))
    return raw


def _bearer(request: web.Request) -> str:
    """The key that came (RFC 6750, section 2.1), or nothing."""
    kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key if kind.lower() == "bearer" else ""


def _require(principal: Principal | None, wanted: frozenset[str]) -> Principal:
    if principal is None:
        raise Problem(
            401,
            "not-signed-in",
            "Send a valid API key: `Authorization: Bearer ak_…`.",
            field="Authorization",
        )
    if wanted.isdisjoint(principal.scopes):
        needed = " or ".join(sorted(wanted))
        raise forbidden(
            f"This needs the scope {needed}, and this {principal.kind.value} has"
            f" {', '.join(sorted(principal.scopes)) or 'none'}.",
            "Authorization",
        )
    return principal


def _too_large(limit: int) -> Problem:
    detail = f"A body may have {limit} bytes at most, and this has more."
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
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    return web.Response(status=answer.status, body=_encode(answer.body), headers=headers)


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


async def answer_unknown(request: web.Request) -> web.Response:
    """404, or 405 for a path that is asked otherwise: the route behind all others."""
    path = f"{request.method} {request.path[:80]}"
    allowed = await _methods_of(request)
    detail = f"{path} is not something that can be asked."
    if not allowed:
        return problem_response(Problem(404, "not-found", detail))
    response = problem_response(Problem(405, "method-not-allowed", detail))
    response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


async def _methods_of(request: web.Request) -> set[str]:
    """With which methods this path could be asked."""
    methods: set[str] = set()
    for resource in request.app.router.resources():
        _, allowed = await resource.resolve(request)
        methods |= allowed
    return methods - {hdrs.METH_ANY}
