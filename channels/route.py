"""A route as data: who may call it, what goes in, what comes out.

The HTTP server (gateway/server.py) and the OpenAPI document (gateway/openapi.py) are both made from
this list, so neither can drift from the other. Handlers know no HTTP library.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from ledger.entry import Cause
from services.principals import Principal

# A scope that everyone has, signed in or not.
PUBLIC = "public"


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`{}`, or nothing at all."""


class Call(msgspec.Struct, frozen=True):
    """One request: decoded, and its caller known. principal is None on public routes only."""

    principal: Principal | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    cause: Cause

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
    """keyed: needs an Idempotency-Key. answers: the body's type for each status."""

    method: str
    path: str
    handler: Handler
    scopes: frozenset[str]
    summary: str
    answers: Mapping[int, Any]
    body: type[msgspec.Struct] | None = None
    keyed: bool = False


def scopes(*names: str) -> frozenset[str]:
    return frozenset(names)
