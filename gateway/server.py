"""The HTTP door: who calls → may it → bounded read → handling → a response."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from aiohttp import StreamReader, hdrs, web

from channels.outcome import unavailable
from channels.problem import Problem, bad_field
from channels.route import JSON, PUBLIC, Answer, Call, Document, Route, Stream
from gateway.admission import Admission
from gateway.handling import NOTHING, Asked, Digest, Served, call_of, handle, require
from gateway.logs import get
from gateway.masks import safe_body
from gateway.peers import Peers
from gateway.signed_requests import HEADER as SIGNATURE
from gateway.signed_requests import SignedRequests
from gateway.tally import Tally
from ledger.errors import Happened
from services.principal_cache import NOBODYS, PrincipalCache, Remembered
from services.principals import Principal
from services.store import StoreUnavailable

# What a client is told to wait after a 503: a killed partition is back within this.
RETRY_AFTER_S = "1"

# A body comes with its headers or right behind them. Who sends it slower holds a place that others
# wait for.
BODY_S = 10.0

# Who takes nothing of an answer for so long has gone.
READER_S = 15.0

AioHandler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_encode = msgspec.json.Encoder().encode
_log = get("gateway.server")


class Door:
    """Makes aiohttp handlers of routes."""

    def __init__(
        self,
        principals: PrincipalCache,
        tally: Tally,
        admission: Admission,
        signed: SignedRequests,
        peers: Peers,
        *,
        body_bytes_max: int,
    ) -> None:
        self._principals = principals
        self._signed = signed
        self._peers = peers
        self.tally = tally
        self.admission = admission
        self.body_bytes_max = body_bytes_max

    def add(self, app: web.Application, routes: Sequence[Route], digest: Digest) -> None:
        for route in routes:
            handler = self._serve(Served(route, digest))
            app.router.add_route(route.method, route.path, handler)

    def _serve(self, served: Served) -> AioHandler:
        async def serve(request: web.Request) -> web.StreamResponse:
            if not self.admission.admits(request.protocol):
                self.tally.answered(served.name, 503)
                return problem_response(TOO_MUCH)
            outcome = await handle(served, self._call(served, request), self.tally)
            if isinstance(outcome, Problem):
                return problem_response(outcome)
            if isinstance(outcome.body, Stream):
                return await _streamed(request, outcome.body)
            return _answer_response(outcome)

        return serve

    async def _call(self, served: Served, request: web.Request) -> Call:
        route = served.route
        public = PUBLIC in route.scopes
        if public and route.body:
            self._peers.require_sign_ins_left(request)
        if SIGNATURE in request.headers and not public:
            # Read first: the signature is about the body.
            body = await self._read_body(request)
            principal = await self._signed.admit(request, body)
            require(principal, route.scopes)
        else:
            seen = self._seen(request)
            principal = seen.principal if seen else await self._look_up(request)
            require(principal, route.scopes)
            body = await self._read_body(request) if route.body else b""
        asked = Asked(
            principal,
            body,
            request.headers.get("Idempotency-Key"),
            request.match_info,
            request.query if route.query else NOTHING,
        )
        return call_of(served, asked)

    async def admit(self, request: web.Request, wanted: frozenset[str]) -> Principal:
        """Who wants to converse, if it has one of the wanted scopes: a conversation is no work.

        Raises Problem 401, 403 or 503.
        """
        self.admission.leave(request.protocol)
        if SIGNATURE in request.headers:
            found = await self._signed.admit(request, b"")
        else:
            seen = self._seen(request)
            found = seen.principal if seen else await self._look_up(request)
        principal = require(found, wanted)
        assert principal is not None, "no public route asks this"
        return principal

    def _seen(self, request: web.Request) -> Remembered | None:
        """Whose key this is, from memory: nobody's, for no key and for a bad one alike."""
        key = _bearer(request)
        return self._principals.peek(key) if key else NOBODYS

    async def _look_up(self, request: web.Request) -> Principal | None:
        key = _bearer(request)
        # A key that was good is no guess. It shall open also while others guess from there.
        guess = not self._principals.opened_before(key)
        if guess:
            self._peers.require_keys_left(request)
        try:
            found = await asyncio.to_thread(self._principals.find, key)
        except StoreUnavailable:
            raise unavailable("Keys cannot be looked up just now.", Happened.NO) from None
        if guess and found is None:
            self._peers.key_failed(request)
        return found

    async def _read_body(self, request: web.Request) -> bytes:
        limit = self.body_bytes_max
        if hdrs.CONTENT_ENCODING in request.headers:
            raise bad_field("Content-Encoding", "Send the body as it is, without encoding.")
        if request.content.is_eof():  # it came with the headers, as a small one does
            raw = request.content.read_nowait()
        else:
            if (request.content_length or 0) > limit:
                raise too_large(limit)
            try:
                async with asyncio.timeout(BODY_S):
                    raw = await _read_up_to(limit + 1, request.content)
            except TimeoutError:
                raise too_slow() from None
            except (web.RequestPayloadError, ConnectionError):  # broken, or its caller went
                raise Problem(
                    400, "not-http", "The body is not well-formed HTTP."
                ) from None
        if len(raw) > limit:
            raise too_large(limit)
        return raw


TOO_MUCH = unavailable("There is too much to do just now.", Happened.NO)


async def _read_up_to(limit: int, content: StreamReader) -> bytes:
    raw = await content.read(limit)
    while len(raw) < limit and not content.at_eof():
        raw += await content.read(limit - len(raw))
    return raw


def too_slow() -> Problem:
    detail = f"The body did not come within {BODY_S:g} s. Try again with the same key."
    return Problem(408, "body-too-slow", detail, field="$")


def too_large(limit: int) -> Problem:
    detail = f"A body may have {limit} bytes at most, and this has more."
    return Problem(413, "body-too-large", detail, field="$")


def _bearer(request: web.Request) -> str:
    """The key that came (RFC 6750, section 2.1), or nothing."""
    kind, _, key = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    return key if kind.lower() == "bearer" else ""


def _answer_response(answer: Answer) -> web.Response:
    headers = {"Content-Type": JSON, "Cache-Control": "no-store"}
    if answer.replayed:
        headers["Idempotent-Replayed"] = "true"
    body = answer.body
    if isinstance(body, Document):
        headers["Content-Type"] = body.content_type
        return web.Response(status=answer.status, body=body.content, headers=headers)
    return web.Response(status=answer.status, body=_encode(body), headers=headers)


async def _streamed(request: web.Request, stream: Stream) -> web.StreamResponse:
    """Piece by piece, as fast as its reader takes them.

    Where it breaks off, the connection does too, without the last chunk: half a statement must not
    pass for a whole one.
    """
    headers = {"Content-Type": stream.content_type, "Cache-Control": "no-store"}
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    try:
        async for piece in stream.pieces:
            async with asyncio.timeout(READER_S):
                await response.write(piece)
        await response.write_eof()
    except Exception as error:  # noqa: BLE001 — its head has gone out, so nothing can be said
        _log.warning("an answer broke off", error=type(error).__name__)
        if request.transport:
            request.transport.abort()
    return response


def problem_response(problem: Problem) -> web.Response:
    headers = {"Content-Type": "application/problem+json", "Cache-Control": "no-store"}
    if problem.status in {429, 503}:
        headers["Retry-After"] = str(problem.extra.get("retry_after_s", RETRY_AFTER_S))
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return web.Response(
        status=problem.status, body=_encode(safe_body(problem)), headers=headers
    )


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
