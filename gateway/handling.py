"""One request, by whatever connection it came: decode → handler → answer.

What can go wrong on the way becomes a problem here and nowhere else.
"""

import re
import time
from collections.abc import Awaitable, Callable, Mapping

import msgspec
from aiohttp import web

from actors.batcher import MailboxFull
from channels.outcome import refused, unanswered, unavailable
from channels.problem import Problem, bad_field, forbidden
from channels.route import JSON, PUBLIC, Answer, Call, Document, Route
from channels.wire import PaymentView
from gateway.bad_input import decode_problem, refuse_texts, require_unique_names
from gateway.logs import get
from gateway.tally import Tally
from ledger.entry import Cause
from ledger.errors import Happened
from ledger.keys import key_digest
from services.asking import Refused, Unanswered
from services.card_hsm import HsmUnusable
from services.principals import Principal
from services.store import StoreUnavailable

KEY_FORM = re.compile(r"[A-Za-z0-9._:-]{1,64}")
NOTHING: Mapping[str, str] = {}

_canonical = msgspec.msgpack.Encoder().encode
_log = get("gateway.handling")


# Of a request, as the journal keeps it (services/keyring.py).
Digest = Callable[[bytes], bytes]


class Served:
    """A route, with its choices taken once, so that a request only does what it needs."""

    def __init__(self, route: Route, digest: Digest) -> None:
        self.route = route
        self.digest = digest
        self.name = f"{route.method} {route.path}"
        json = route.body if route.takes == JSON else None
        self.decode = msgspec.json.Decoder(json).decode if json else None
        self.authorises = self.name == "POST /v1/payments"


class Asked(msgspec.Struct, frozen=True):
    """What came: body as bytes, key as it was sent (None: there was none)."""

    principal: Principal | None
    body: bytes
    key: str | None
    path: Mapping[str, str] = NOTHING
    query: Mapping[str, str] = NOTHING


def call_of(served: Served, asked: Asked) -> Call:
    """Raises the Problem of a body or a key that cannot be used."""
    route, principal = served.route, asked.principal
    body = _decoded(served, asked.body)
    key = _usable(asked.key) if route.keyed else ""
    cause = Cause(caller=principal.id if principal else "")
    if route.keyed:
        canonical = _canonical([route.path, dict(asked.path), body])
        digest = key_digest(cause.caller, key)
        cause = Cause(digest, served.digest(canonical), cause.caller)
    return Call(principal, asked.path, asked.query, body, cause, key)


async def handle(
    served: Served, calling: Awaitable[Call], tally: Tally
) -> Answer | Problem:
    """The answer, or the problem that tells why there is none; counted."""
    started = time.perf_counter()
    call = None
    outcome: Answer | Problem
    try:
        call = await calling
        outcome = await served.route.handler(call)
    except Problem as problem:
        outcome = problem
    except Exception as error:  # noqa: BLE001 — the last door: nothing leaves unanswered
        outcome = _translated(error, served.name)
    tally.answered(served.name, outcome.status)
    if served.authorises and call and isinstance(outcome, Answer):
        spent_s = time.perf_counter() - started
        tally.authorised(call.caller.channel, _word(outcome), spent_s)
    return outcome


def require(principal: Principal | None, wanted: frozenset[str]) -> Principal | None:
    """The caller, if it has one of the wanted scopes. Raises Problem 401 or 403."""
    if PUBLIC in wanted:
        return principal
    if principal is None:
        raise Problem(
            401,
            "not-signed-in",
            "Send a valid API key: `Authorization: Bearer ak_…`. A terminal signs instead.",
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


def _decoded(served: Served, raw: bytes) -> msgspec.Struct | None:
    if served.route.takes != JSON:
        return Document(raw, served.route.takes)
    if served.decode is None:
        return None
    raw = raw or b"{}"
    try:
        body: msgspec.Struct = served.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise decode_problem(raw, error) from None
    require_unique_names(raw)
    refuse_texts(raw, body)
    return body


def _usable(key: str | None) -> str:
    if key is None:
        raise bad_field("Idempotency-Key", "The header Idempotency-Key is missing.")
    if not KEY_FORM.fullmatch(key):
        raise bad_field(
            "Idempotency-Key",
            "An Idempotency-Key has 1 to 64 letters, digits or . _ : - and nothing else.",
        )
    return key


def _translated(error: Exception, route: str) -> Problem:
    """An operating error as a problem that says who is to blame and what happened."""
    match error:
        case Refused():
            return refused(error)
        case Unanswered():
            return unanswered(error)
        case MailboxFull():
            return unavailable("There is too much to do just now.", Happened.NO)
        case HsmUnusable():
            return unavailable("Cards cannot be checked just now.", Happened.NO)
        case StoreUnavailable():
            return unavailable("Names cannot be looked up just now.", Happened.UNKNOWN)
        case web.HTTPException() if error.status < 500:
            return Problem(error.status, "bad-request", f"{error.reason}.")
        case _:
            _log.error("a request failed unexpectedly", route=route, exc_info=error)
            return Problem(
                500, "internal", "This should not have happened.", happened=Happened.UNKNOWN
            )


def _word(answer: Answer) -> str:
    if not isinstance(answer.body, PaymentView):
        return "unknown"
    return answer.body.decline.reason if answer.body.decline else "approved"
