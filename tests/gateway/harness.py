"""The real gateway on loopback, with its partitions in this process.

    await house.wallet("amira", QAR=100_000)
    paid = await house.charge(24_000)

All is real but time and the road: the clock moves when a test says so, and the road can lose or
hold frames. Nothing polls: the relay runs when something was sent. Every answer is compared with
what its route declares, so a test that calls anything also tests that the API is as documented.
"""

import asyncio
import itertools
import json
import re
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import aiohttp
import msgspec

from actors.directory import plan
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from channels.route import Document, Route
from channels.web.demo import demo_key, demo_random_bytes
from channels.wire import ProblemView
from gateway.back_office import BackOffice, OfficeParts
from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.layout import Layout
from gateway.openapi import document
from gateway.parts import Parts
from gateway.runner import serve
from gateway.webhook_sender import WebhookSender
from gateway.world import account_of, merchant_id, opening_key, seed_principals
from ledger.clock import ManualClock
from ledger.ids import account_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from services.asking import Accounts
from services.keyring import open_keyring
from services.outbox import ORDER_TEXT_MS
from services.principals import (
    NewPrincipal,
    PrincipalKind,
    create_principal,
    issue_key,
)
from tests.gateway.road import LossyRoad

LOUNGE, DUTYFREE = merchant_id("lounge"), merchant_id("dutyfree")
AMIRA, JONAS = account_text(account_of("amira")), account_text(account_of("jonas"))
NOON = ManualClock().now_ms()
JSON, PROBLEM = "application/json", "application/problem+json"
FRESH = object()
# Only a test that fails waits for so long.
PATIENCE_S = 30
EVERYBODY = [
    "operator",
    "lounge",
    "office",
    "dutyfree",
    "amira",
    "jonas",
    "mei",
    "agent",
    "counter",
    "counter_till",
    "visitor",
]

Json = Any


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def kind(self) -> str:
        return self.headers.get("Content-Type", "").partition(";")[0]

    @property
    def body(self) -> Json:
        return json.loads(self.raw)

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotent-Replayed") == "true"


class Caller:
    """One principal at the door. Without a key of its own, each POST gets a fresh one."""

    _numbers = itertools.count(1)

    def __init__(self, house: "House", api_key: str | None) -> None:
        self._house = house
        self.api_key = api_key

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    async def get(self, path: str, **headers: str) -> Reply:
        return await self._call("GET", path, b"", headers)

    async def post(
        self, path: str, body: Json = None, key: str | object | None = FRESH, **headers: str
    ) -> Reply:
        """body: bytes as they are or come, anything else as JSON. key: None for no header."""
        if key is not None:
            fresh = f"key-{next(self._numbers)}"
            headers["Idempotency-Key"] = key if isinstance(key, str) else fresh
        raw = (
            body
            if isinstance(body, bytes | AsyncIterator)
            else msgspec.json.encode(body or {})
        )
        return await self._call("POST", path, raw, headers)

    async def put(self, path: str, body: Json) -> Reply:
        return await self._call("PUT", path, msgspec.json.encode(body), {})

    async def delete(self, path: str) -> Reply:
        return await self._call("DELETE", path, b"", {})

    async def _call(
        self,
        method: str,
        path: str,
        raw: bytes | AsyncIterator[bytes],
        headers: dict[str, str],
    ) -> Reply:
        headers = {**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}}
        async with self._house.session.request(
            method, self._house.base + path, data=raw or None, headers=headers
        ) as response:
            reply = Reply(response.status, response.headers, await response.read())
        self._house.declared.require(method, path, reply)
        return reply


class House:
    """folder: one that `furnish` made."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        layout = Layout(folder)
        self.folder = folder
        self.clock = ManualClock()
        self.journals = SqliteStore(layout.journals)
        self.store = layout.open_store()
        directory = plan(2)
        random_bytes = Random(7).randbytes
        self.runtime = LocalRuntime(
            directory, self.journals, clock=self.clock, random_bytes=random_bytes
        )
        self.road = LossyRoad(self.runtime, self.clock)
        self.pulse = LossyRoad(self.runtime, self.clock)
        self._reserved = reserve_port()
        self.port: int = self._reserved.getsockname()[1]
        self.config = Config(
            data=str(folder),
            **{"demo": True, "port": self.port, "webhooks_inside": True, **settings},
        )
        self.base = f"http://127.0.0.1:{self.port}"
        self.gateway = Gateway(
            Parts(
                config=self.config,
                directory=directory,
                road=self.road,
                pulse=self.pulse,
                journals=self.journals,
                store=self.store,
                clock=self.clock,
                random_bytes=random_bytes,
            )
        )
        self.back_office = BackOffice(
            OfficeParts(
                journals=self.journals,
                store=self.store,
                directory=directory,
                accounts=Accounts(self.gateway.engine, self.clock),
                keyring=open_keyring(folder, random_bytes=random_bytes),
                clock=self.clock,
                dice=Random(7),
                sender=WebhookSender(inside_allowed=True, patience_s=0.2),
            )
        )
        self.relay = Relay(directory, self.runtime, self.journals, {})
        self.declared = _Declared(self.gateway.routes)
        self.nobody = Caller(self, None)
        for who in EVERYBODY:
            setattr(self, who, Caller(self, demo_key(who)))

    operator: Caller
    lounge: Caller  # a till of the lounge; its back office is another principal
    office: Caller
    dutyfree: Caller
    amira: Caller
    jonas: Caller
    mei: Caller
    agent: Caller  # of an agency that nobody has opened yet
    counter: Caller  # an agent at the check-in counter
    counter_till: Caller  # the till beside it
    visitor: Caller  # may do nothing

    async def start(self) -> None:
        self.runtime.start()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=PATIENCE_S),
        )
        self.told_to_stop = asyncio.Event()
        self.served = asyncio.create_task(
            serve(self.gateway, self.config, self.told_to_stop)
        )
        self._carrier = asyncio.create_task(self._carry())
        async with asyncio.timeout(PATIENCE_S):
            while not await self.listens():
                assert not self.served.done(), self.served.result()

    async def tell(self) -> None:
        """The back office tells merchants all that is due now, a moment after it happened."""
        self.gateway.shared.order_texts.flush()
        self.clock.advance(ORDER_TEXT_MS)
        await self.back_office.deliver()

    async def another_operator(self) -> Caller:
        """A second person, for what needs two."""
        return self.newcomer(
            NewPrincipal(kind=PrincipalKind.OPERATOR, name="Second", channel="web"), 98
        )

    async def foreign_office(self) -> Caller:
        """The back office of another merchant than the lounge."""
        new = NewPrincipal(
            kind=PrincipalKind.MERCHANT, name="Office", channel="web", merchant=DUTYFREE
        )
        return self.newcomer(new, 99)

    def newcomer(self, new: NewPrincipal, seed: int) -> Caller:
        random_bytes = Random(seed).randbytes
        made = create_principal(self.store, new, random_bytes=random_bytes, now_ms=NOON)
        key = issue_key(self.store, made.id, random_bytes=random_bytes, now_ms=NOON)
        return Caller(self, key)

    async def listens(self) -> bool:
        try:
            return (await self.nobody.get("/healthz")).status == 200
        except aiohttp.ClientConnectionError:
            return False

    async def stop(self) -> None:
        """Everything that a test left behind must still verify."""
        await self.session.close()
        self.road.release()
        self.told_to_stop.set()
        await self.served
        self._carrier.cancel()
        with suppress(asyncio.CancelledError):
            await self._carrier
        await self.runtime.close()
        self.relay.close()
        await self.back_office.close()
        self.store.close()
        self._reserved.close()
        assert not verify(self.journals).findings

    async def _carry(self) -> None:
        while True:
            await self.road.sent.wait()
            self.road.sent.clear()
            while await self.relay.step():
                pass

    def patience(self, seconds: int = PATIENCE_S) -> asyncio.Timeout:
        """For what a test waits for: by the machine's clock, not the house's."""
        return asyncio.timeout(seconds)

    async def until(self, truth: Callable[[], bool]) -> None:
        """Let the gateway work until it is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not truth():
                await self.nobody.get("/healthz")

    async def wallet(self, who: str, **balances: int) -> str:
        """Opened by the operator as the demonstration does, and funded."""
        body = {"kind": "wallet", "currencies": list(balances), "label": who.title()}
        opened = await self.operator.post("/v1/accounts", body, opening_key(who))
        assert opened.status == 201, opened.raw
        account: str = opened.body["id"]
        for currency, minor in balances.items():
            if minor:
                evidence = f"{who}-{currency}"
                reply = await self.top_up(account, minor, currency, evidence=evidence)
                assert (reply.status, reply.body["status"]) == (201, "delivered")
        return account

    async def top_up(
        self, account: str, minor: int, currency: str = "QAR", *, evidence: str
    ) -> Reply:
        body = {
            "amount": money(minor, currency),
            "evidence": {"source": "bank", "reference": evidence},
        }
        return await self.operator.post(f"/v1/accounts/{account}/top-ups", body)

    async def code(self, who: str = "amira") -> str:
        caller: Caller = getattr(self, who)
        account = account_text(account_of(who))
        reply = await caller.post(f"/v1/accounts/{account}/codes", key=None)
        assert reply.status == 201, reply.raw
        payload: str = reply.body["payload"]
        return payload

    async def charge(
        self,
        minor: int,
        *,
        payer: str | None = None,
        by: Caller | None = None,
        key: str | object = FRESH,
        **body: Json,
    ) -> Reply:
        """A till charges a fresh code of Amira's, unless said otherwise."""
        request = {
            "amount": money(minor),
            "payer": {"code": payer or await self.code()},
            "order": "A-17",
            **body,
        }
        return await (by or self.lounge).post("/v1/payments", request, key)

    async def available(self, account: str = AMIRA, currency: str = "QAR") -> int:
        return int((await self._pot(account, currency))["available_minor"])

    async def held(self, account: str = AMIRA, currency: str = "QAR") -> int:
        return int((await self._pot(account, currency))["held_minor"])

    async def _pot(self, account: str, currency: str) -> Json:
        reply = await self.operator.get(f"/v1/accounts/{account}")
        return next(pot for pot in reply.body["pots"] if pot["pot"] == currency)


def money(minor: int, currency: str = "QAR") -> Json:
    return {"amount_minor": minor, "currency": currency}


class _Declared:
    """What each route says that it answers, and what of it was seen."""

    def __init__(self, routes: list[Route]) -> None:
        self.seen: set[tuple[str, str]] = set()
        self._paths = _paths(routes)
        self._routes = [
            (route, re.compile(re.sub(r"\{\w+\}", "[^/]+", route.path))) for route in routes
        ]

    def require(self, method: str, path: str, reply: Reply) -> None:
        path = path.partition("?")[0]
        # Literal paths first: /v1/payments/lookup is no payment.
        for route, form in sorted(self._routes, key=lambda pair: "{" in pair[0].path):
            if route.method == method and form.fullmatch(path):
                self._require(route, reply)
                return

    def _require(self, route: Route, reply: Reply) -> None:
        if reply.status == 500:
            return  # never promised; the test that provokes it looks at it
        self.seen.add((f"{route.method} {route.path}", str(reply.status)))
        declared = self._paths[route.path][route.method.lower()]["responses"]
        assert str(reply.status) in declared, f"{route.path} answered {reply.status}"
        [kind] = declared[str(reply.status)]["content"]
        if reply.kind == PROBLEM:
            expected: Any = ProblemView
            assert kind == PROBLEM or reply.status == 402, f"{route.path}: {kind}"
        else:
            assert reply.kind == kind, f"{route.path}: {reply.kind}"
            expected = route.answers[reply.status]
            if expected is Document:
                return
        decoded = msgspec.json.decode(reply.raw, type=expected)
        assert msgspec.json.encode(decoded) == reply.raw, f"{route.path}: undeclared fields"


_documents: dict[tuple[str, ...], Json] = {}


def _paths(routes: list[Route]) -> Json:
    """Of the document. It is the same for each house of a kind, and takes a while to make."""
    names = tuple(f"{route.method} {route.path}" for route in routes)
    if names not in _documents:
        _documents[names] = document(routes, "0")["paths"]
    return _documents[names]


def reserve_port() -> socket.socket:
    """A port that is free and stays so: bound, but not listening, it is there for who may share."""
    reserved = socket.socket()
    reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    reserved.bind(("127.0.0.1", 0))
    return reserved


def furnish(folder: Path) -> None:
    """A data folder with keys, a store and everybody in it. Tests copy it: it takes a while."""
    layout = Layout(folder)
    layout.journals.mkdir(parents=True)
    open_keyring(folder, random_bytes=Random(1).randbytes)
    store = layout.open_store()
    seed_principals(store, NOON)
    office = NewPrincipal(
        kind=PrincipalKind.MERCHANT, name="Back office", channel="web", merchant=LOUNGE
    )
    visitor = NewPrincipal(
        kind=PrincipalKind.OPERATOR, name="Visitor", channel="web", scopes=frozenset()
    )
    for number, (who, new) in enumerate({"office": office, "visitor": visitor}.items()):
        made = create_principal(
            store, new, random_bytes=Random(number).randbytes, now_ms=NOON
        )
        issue_key(store, made.id, random_bytes=demo_random_bytes(who), now_ms=NOON)
    store.close()


def copy_folder(furnished: Path, folder: Path) -> Path:
    return Path(shutil.copytree(furnished, folder))
