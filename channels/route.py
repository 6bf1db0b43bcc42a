"""A route as data: who may call it, what goes in, what comes out.

The HTTP server (gateway/server.py) and the OpenAPI document (gateway/openapi.py) are both made from
this list, so neither can drift from the other. Handlers know no HTTP library.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import msgspec

from ledger.entry import Cause
from services.principals import Principal

# A scope that everyone has, signed in or not.
PUBLIC = "public"
JSON = "application/json"


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{}`, or nothing at all."""


class Document(msgspec.Struct, frozen=True):
    """A body that is not JSON, as it came or as it goes. Routes say so in `takes` and `gives`."""

    content: bytes
    content_type: str = JSON


class Stream(msgspec.Struct, frozen=True):
    """An answer that is made while it goes, in pieces. What is refused is refused before it begins;
    if it breaks off, so does its connection. A route declares it as Document.
    """

    pieces: AsyncIterator[bytes]
    content_type: str


class Call(msgspec.Struct, frozen=True):
    """One request: decoded, and its caller known. principal is None on public routes only.
    key: the Idempotency-Key as it was sent; cause holds what is kept of it.
    """

    principal: Principal | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    cause: Cause
    key: str = ""

    @property
    def caller(self) -> Principal:
        assert self.principal is not None, "the server let nobody in without a principal"
        return self.principal


class Answer(msgspec.Struct, frozen=True):
    status: int
    body: Any
    replayed: bool = False


Handler = Callable[[Call], Awaitable[Answer]]


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """keyed: needs an Idempotency-Key. answers: the body's type for each status. problems: the
    statuses of refusals that are its own, beside those that its shape brings with it. query: what
    may stand behind the `?`, each with what it means; a number, unless `texts` names it. takes,
    gives: content types; of what is not JSON, body and answers are Document.
    """

    method: str
    path: str
    handler: Handler
    scopes: frozenset[str]
    summary: str
    answers: Mapping[int, Any]
    problems: tuple[int, ...] = ()
    query: Mapping[str, str] = {}
    texts: frozenset[str] = frozenset()
    body: type[msgspec.Struct] | None = None
    keyed: bool = False
    takes: str = JSON
    gives: str = JSON


def scopes(*names: str) -> frozenset[str]:
    return frozenset(names)


# What whoever is signed in may ask: each kind of principal has one of these.
EVERYONE = scopes("own", "payments", "accounts", "agency", "counter")
