"""Signing in to the demonstration: pick who you are. Only there when the server says so.

The keys of the demo world are derived from its names, so they are the same after each start, and
known to everyone who reads this. That is why demo mode refuses to listen beyond loopback.
"""

import asyncio
import hashlib
from collections.abc import Callable

import msgspec

from channels.me import me_view
from channels.problem import not_found
from channels.route import EVERYONE, PUBLIC, Answer, Call, Route, scopes
from channels.views import Names
from channels.wire import DemoView, MeView, SignedInView, SignInBody, SignInChoice
from services.mint import base32
from services.principals import KEY_PREFIX, Principal, PrincipalKind

PAGES = {
    PrincipalKind.CUSTOMER: "/wallet",
    PrincipalKind.OPERATOR: "/agencies",
    PrincipalKind.AGENT: "/agents",
    PrincipalKind.MERCHANT: "/business",
    PrincipalKind.COUNTER: "/counter",
}

FindPrincipal = Callable[[str], Principal | None]
# Of a person who signs in: the key of a session, as a passkey would open one.
OpenSession = Callable[[Principal], str]


def demo_random_bytes(who: str) -> Callable[[int], bytes]:
    """Bytes that only look random: the demo's keys and ids are the same each time."""
    return lambda count: hashlib.sha256(f"airside demo {who}".encode()).digest()[:count]


def demo_key(who: str) -> str:
    return KEY_PREFIX + base32(demo_random_bytes(who)(20))


class DemoApi:
    """people: who can sign in, with the label of the choice."""

    def __init__(
        self,
        people: dict[str, str],
        find: FindPrincipal,
        names: Names,
        open_session: OpenSession,
    ) -> None:
        self._people = people
        self._find = find
        self._names = names
        self._open_session = open_session

    def routes(self) -> list[Route]:
        public = scopes(PUBLIC)
        return [
            Route(
                method="GET", path="/v1/demo", handler=self.choices, scopes=public,
                summary="Who can sign in to the demonstration", answers={200: DemoView},
            ),
            Route(
                method="POST", path="/v1/demo/sign-in", handler=self.sign_in, scopes=public,
                summary="Sign in without proof (demonstration only)", body=SignInBody,
                answers={200: SignedInView}, problems=(404,),
            ),
        ]  # fmt: skip

    async def choices(self, _call: Call) -> Answer:
        choices = []
        for who, label in self._people.items():
            principal = self._find(demo_key(who))
            if principal:
                page = PAGES.get(principal.kind, "/till")
                choices.append(SignInChoice(who, label, page, principal.kind.value))
        return Answer(200, DemoView(choices))

    async def sign_in(self, call: Call) -> Answer:
        key = demo_key(call.body.who)
        principal = self._find(key) if call.body.who in self._people else None
        if principal is None:
            raise not_found("demo user", call.body.who, "$.who")
        if principal.kind is PrincipalKind.CUSTOMER:
            key = await asyncio.to_thread(self._open_session, principal)
        me = await me_view(principal, self._names, demo=True)
        return Answer(200, SignedInView(**msgspec.structs.asdict(me), api_key=key))


class MeApi:
    def __init__(self, names: Names, *, demo: bool) -> None:
        self._names = names
        self._demo = demo

    def routes(self) -> list[Route]:
        return [
            Route(
                method="GET", path="/v1/me", handler=self.read, scopes=EVERYONE,
                summary="Whose key this is", answers={200: MeView},
            )
        ]  # fmt: skip

    async def read(self, call: Call) -> Answer:
        return Answer(200, await me_view(call.caller, self._names, demo=self._demo))
