"""One caller's connection: for how long it may say nothing, and a refusal that costs little.

A connection that says nothing, or a byte now and then, or takes no answers, costs a place and
nothing else, and not for long. Places are many, and each peer gets at most half of what others
leave, so there is always one for somebody else.

What comes in and is not HTTP, or too long for it, never reaches the application. aiohttp would
answer it with a text that repeats the line, and log it: both may hold somebody's key. Here it
gets a problem like any other, and the log gets its kind.
"""

from asyncio import BaseTransport
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any

from aiohttp import http_exceptions, web

from channels.problem import Problem
from gateway.admission import ANYBODY
from gateway.first_look import caller_of, is_asked, plain
from gateway.logs import get
from gateway.server import TOO_MUCH, Door, problem_response
from ledger.errors import Happened

# A connection on which nothing was asked yet may wait for so long.
FIRST_S = 30.0
# From the first byte of a request to the end of its headers. They are 1 kB; a phone with a bad
# line needs a second.
HEAD_S = 10.0
# Between two requests. Longer than the 60 s after which proxies let their connections go.
IDLE_S = 75.0
# Of all headers together; aiohttp bounds each alone. Ours take 1 kB, a browser's 8 with cookies.
HEAD_BYTES_MAX = 32_768
HEADERS_MAX = 64
# What a caller still sends of a body that is refused is read for so long.
LINGER_S = 2.0
# A caller that takes nothing of its answer between two looks is gone.
LOOK_S = 15.0
# Some 10 kB each, and a file of the process.
CONNECTIONS_MAX = 8_192

# In the tally: requests that were refused before it was seen what they ask.
UNREAD = "unread"

_TOO_LONG = Problem(
    431,
    "header-too-large",
    "The request line or a header is too long: send at most 8190 bytes in each,"
    f" {HEAD_BYTES_MAX} in all, {HEADERS_MAX} of them.",
    field="header",
)

_log = get("gateway.connection")


class Connections:
    """All that are open."""

    def __init__(self, door: Door) -> None:
        self.admission = door.admission
        self.tally = door.tally
        self.body_bytes_max = door.body_bytes_max
        self.refusal = _as_bytes(problem_response(TOO_MUCH))
        self.too_long = _as_bytes(problem_response(_TOO_LONG), closing=True)
        self._open: set[Connection] = set()
        self._by_peer: dict[str, int] = {}
        self._counted: dict[Connection, str] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: "Connection", peer: str) -> bool:
        """Whether there is a place for one more of this peer."""
        own = self._by_peer.get(peer, 0)
        if 2 * own >= CONNECTIONS_MAX - (len(self._open) - own):
            return False
        self._open.add(connection)
        self._by_peer[peer] = own + 1
        self._counted[connection] = peer
        return True

    def discard(self, connection: "Connection") -> None:
        peer = self._counted.pop(connection, None)
        if peer is None:
            return
        self._open.discard(connection)
        self._by_peer[peer] -= 1
        if not self._by_peer[peer]:
            del self._by_peer[peer]

    def look(self) -> None:
        """Let those go whose peers have taken nothing since the last look."""
        for connection in list(self._open):
            connection.require_progress()


class Connection(web.RequestHandler):
    __slots__ = ("_all", "_begun", "_passing_over", "_unsent")

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._all = connections
        self._begun = 0  # bytes of a request whose headers have not ended
        self._passing_over = 0  # bytes to come of a body that was refused
        self._unsent = 0

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        peername = transport.get_extra_info("peername")
        if not self._all.add(self, peername[0] if peername else ""):
            self.force_close()
        else:
            self._close_within(FIRST_S)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._all.discard(self)
        self._all.admission.leave(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not data:  # aiohttp looks for more each time that a body was read
            super().data_received(data)
            return
        if self._passing_over:
            passed = min(self._passing_over, len(data))
            self._passing_over -= passed
            data = data[passed:]
            if not data:
                return
        asked = self._waits and not self._begun and is_asked(data)
        caller = caller_of(data) if asked else ANYBODY
        full = asked and self._all.admission.full(caller)
        if full and self._refused(data):
            return
        super().data_received(data)
        if self._waits and not self._messages:
            self._begin(data)
            return
        self._begun = 0
        if asked and not full:
            self._all.admission.enter(self, caller)

    @property
    def _waits(self) -> bool:
        """For a request, or for the rest of its headers."""
        waiter = self._waiter
        return waiter is not None and not waiter.done() and not self._upgraded

    def _begin(self, data: bytes) -> None:
        """What came is the beginning of a request, and more must come soon."""
        self._begun += len(data)
        self._close_within(HEAD_S)
        if self._begun > HEAD_BYTES_MAX and self.transport:
            _log.info("what came was not HTTP", problem="HeadersTooLong")
            self.transport.write(self._all.too_long)
            self.force_close()

    def _refused(self, data: bytes) -> bool:
        """Pass the request over and say so, if its end can be seen."""
        passed = plain(data, body_bytes_max=self._all.body_bytes_max)
        if passed is None:
            return False
        self._passing_over = passed.to_come
        transport = self.transport
        assert transport is not None, "bytes came by it"
        if self._paused:
            transport.abort()  # it asks, and takes no answers
            return True
        transport.write(self._all.refusal)
        self._all.tally.answered(UNREAD, 503)
        self._next_keepalive_close_time = self._loop.time() + IDLE_S
        return True

    def finish_response(
        self, request: web.BaseRequest, resp: web.StreamResponse, start_time: float | None
    ) -> Coroutine[Any, Any, tuple[web.StreamResponse, bool]]:
        self._all.admission.leave(self)
        if isinstance(resp, web.HTTPException):  # its text repeats what came in
            resp = problem_response(Problem(resp.status, "bad-request", f"{resp.reason}."))
        return super().finish_response(request, resp, start_time)

    def log_exception(self, *args: Any, **kwargs: Any) -> None:
        """What goes wrong while the rest of a body is passed over is the caller's fault."""
        error = kwargs.get("exc_info")
        if isinstance(error, web.RequestPayloadError):
            _log.info("what came was not HTTP", problem=type(error).__name__)
        else:
            super().log_exception(*args, **kwargs)

    def _close_within(self, seconds: float) -> None:
        """Unless a request has come until then."""
        due = self._loop.time() + seconds
        if due >= self._next_keepalive_close_time:
            return
        self._next_keepalive_close_time = due
        if self._keepalive_handle is not None:
            self._keepalive_handle.cancel()
        self._keepalive_handle = self._loop.call_at(due, self._process_keepalive)

    def require_progress(self) -> None:
        transport = self.transport
        unsent = transport.get_write_buffer_size() if transport else 0
        if transport and unsent and unsent == self._unsent:
            transport.abort()
        self._unsent = unsent

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 — it quotes what came in
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            # Half an answer is out: only a broken connection can still say so.
            raise ConnectionError
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed unexpectedly", exc_info=exc)
        else:
            _log.info("what came was not HTTP", problem=type(exc).__name__)
        response = problem_response(_problem(status, exc))
        response.force_close()
        return response


def _problem(status: int, error: BaseException | None) -> Problem:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "This should not have happened."
        return Problem(status, "internal", detail, happened=Happened.UNKNOWN)
    if isinstance(error, http_exceptions.LineTooLong):
        return _TOO_LONG
    return Problem(400, "not-http", "The request is not well-formed HTTP.", field="header")


def _as_bytes(response: web.Response, *, closing: bool = False) -> bytes:
    """What it looks like on a connection, which stays open or is about to close."""
    assert isinstance(response.body, bytes), "a problem is a few bytes"
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    if closing:
        lines.append("Connection: close")
    lines.append(f"Content-Length: {len(response.body)}")
    return "\r\n".join([*lines, "", ""]).encode() + response.body
