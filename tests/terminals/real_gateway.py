"""The real gateway on loopback, and a bad road to it: every fault is made of sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from actors.directory import Directory
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from channels.web.demo import demo_key
from gateway.back_office import BackOffice, OfficeParts
from gateway.bootstrap import Gateway as GatewayApp
from gateway.config import Config
from gateway.connection import Connections
from gateway.layout import Layout
from gateway.parts import Parts
from gateway.runner import Runner
from gateway.webhook_sender import WebhookSender
from gateway.world import account_of, merchant_id, opening_key, seed_principals
from ledger.clock import ManualClock
from ledger.ids import account_text
from ledger.sqlite_store import SqliteStore
from services.asking import Accounts
from services.keyring import open_keyring
from terminals.gateway_answer import Gateway
from terminals.gateway_client import GatewayClient
from terminals.till_proof import ApiKey
from tests.terminals.fake_gateway import START_MINOR
from tests.terminals.till_world import STANDING_IN

HOST = "127.0.0.1"


async def found(folder: Path) -> None:
    """Make an installation with a wallet that can pay. Slow: copy it for each test."""
    (folder / "journals").mkdir()
    clock = ManualClock()
    with closing(Layout(folder).open_store()) as store:
        seed_principals(store, clock.now_ms())
    async with running_gateway(folder, clock) as operator:
        await operator.open_wallet()


@asynccontextmanager
async def running_gateway(folder: Path, clock: ManualClock) -> AsyncIterator["Operator"]:
    """The gateway as it is, on the in-process runtime."""
    journals = SqliteStore(folder / "journals")
    directory = Directory(version=1, partitions=1)
    random_bytes = Random(7).randbytes
    runtime = LocalRuntime(directory, journals, clock=clock, random_bytes=random_bytes)
    with (
        closing(Layout(folder).open_store()) as store,
        closing(Relay(directory, runtime, journals, {})) as relay,
    ):
        parts = Parts(
            config=Config(data=str(folder), demo=True),
            directory=directory,
            road=runtime,
            pulse=runtime,
            journals=journals,
            store=store,
            clock=clock,
            random_bytes=random_bytes,
        )
        gateway = GatewayApp(parts)
        runner = Runner(gateway.application(), Connections(gateway.door), access_log=None)
        await runner.setup()
        await web.TCPSite(runner, HOST, 0).start()
        port: int = runner.addresses[0][1]
        office = BackOffice(
            OfficeParts(
                journals=journals,
                store=store,
                directory=directory,
                accounts=Accounts(gateway.engine, clock),
                keyring=open_keyring(folder, random_bytes=random_bytes),
                clock=clock,
                dice=Random(7),
                sender=WebhookSender(inside_allowed=True),
            )
        )
        async with aiohttp.ClientSession(f"http://{HOST}:{port}") as session:
            yield Operator(session, port, relay, office)
        await runner.cleanup()
        await office.close()


class Operator:
    """Opens the wallet, draws its codes, reads its balance."""

    def __init__(
        self, session: aiohttp.ClientSession, port: int, relay: Relay, office: BackOffice
    ) -> None:
        self._office = office
        self._telling = asyncio.Lock()
        self._session = session
        self._relay = relay
        self._account = f"/v1/accounts/{account_text(account_of('amira'))}"
        self.port = port

    async def catch_up(self) -> None:
        """One at a time, as in an installation: two who tell the same page would tell it twice."""
        async with self._telling:
            await asyncio.to_thread(self._office.catch_up)

    async def open_wallet(self) -> None:
        wallet = {"kind": "wallet", "currencies": ["QAR"], "label": "Amira"}
        await self._post("/v1/accounts", wallet, opening_key("amira"))
        top_up = {
            "amount": {"amount_minor": START_MINOR, "currency": "QAR"},
            "evidence": {"source": "bank", "reference": "stmt-1"},
        }
        await self._post(f"{self._account}/top-ups", top_up, "top-up")
        while await self._relay.step():
            pass
        assert await self.balance_minor() == START_MINOR

    async def code(self) -> str:
        payload: str = (await self._post(f"{self._account}/codes", {}, "code"))["payload"]
        return payload

    async def register(self, key: str = "register") -> tuple[str, str]:
        """A terminal of the lounge: its path, and a code that pairs a till with it."""
        b12 = {"merchant": merchant_id("lounge"), "name": "B12", "place": "DOH-T1-B12"}
        made = await self._post("/v1/terminals", b12, key)
        path = f"/v1/terminals/{made['id']}"
        drawn = await self._post(f"{path}/pairing-codes", {}, "unused")
        return path, drawn["code"]

    async def tell(self, path: str, body: object) -> dict[str, Any]:
        """A POST of the operator's."""
        return await self._post(path, body, "unused")

    async def balance_minor(self) -> int:
        async with self._session.get(self._account, headers=_headers()) as response:
            [pot] = (await response.json())["pots"]
        assert pot["held_minor"] == 0
        minor: int = pot["available_minor"]
        return minor

    async def _post(self, path: str, body: object, key: str) -> dict[str, Any]:
        headers = _headers() | {"Idempotency-Key": key}
        async with self._session.post(path, json=body, headers=headers) as response:
            answer: dict[str, Any] = await response.json()
        assert response.status in {200, 201, 202}, answer
        return answer


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {demo_key('operator')}"}


class BadRoad:
    """A TCP proxy that does to each request what the script says (till_world.py)."""

    def __init__(self, operator: Operator) -> None:
        self._operator = operator
        self._kept: list[bytes] = []
        self.gateway: Gateway = GatewayClient("http://127.0.0.1:1", ApiKey("unused"))
        self.script: list[str] = []
        self.asked: list[str] = []
        self.landed: list[int] = []
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["BadRoad"]:
        server = await asyncio.start_server(self._carry, HOST, 0)
        self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
        async with server, GatewayClient(self.url, ApiKey(demo_key("lounge"))) as near:
            self.gateway = near
            yield self

    async def code(self) -> str:
        return await self._operator.code()

    async def balance_minor(self) -> int:
        return await self._operator.balance_minor()

    async def land(self) -> None:
        while self._kept:
            answer = await self._arrive(self._kept.pop(0))
            self.landed.append(int(answer.split(b" ")[1]))

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        request = await _whole(reader)
        if request.startswith(b"GET /v1/payments/"):
            # How a payment stands is read before a refund; scripts are about what moves money.
            answer = await self._arrive(request)
        else:
            self.asked.append(request.split(b" ")[1].decode().rpartition("/")[2])
            word = self.script.pop(0) if self.script else "ok"
            answer = await self._answer(request, word)
        writer.write(answer)
        writer.close()
        await writer.wait_closed()

    async def _answer(self, request: bytes, word: str) -> bytes:
        """The bytes that come back; none when the connection just ends."""
        match word:
            case "ok":
                return await self._arrive(request)
            case "lost":
                return b""
            case "unheard":
                await self._arrive(request)
                return b""
            case "cut":
                answer = await self._arrive(request)
                return answer[: len(answer) - len(answer.partition(b"\r\n\r\n")[2]) // 2]
            case "late":
                self._kept.append(request)
                return b""
            case "land":
                await self.land()
                return await self._arrive(request)
            case _:
                return _standing_in(word)

    async def _arrive(self, request: bytes) -> bytes:
        if b"/totals HTTP" in request:
            # What a moment would bring.
            await self._operator.catch_up()
        reader, writer = await asyncio.open_connection(HOST, self._operator.port)
        writer.write(request)
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer


async def _whole(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(
        line.lower().split(": ", 1) for line in head.decode().splitlines() if ": " in line
    )
    return head + await reader.readexactly(int(fields.get("content-length", "0")))


def _standing_in(word: str) -> bytes:
    status, kind, content = STANDING_IN[word]
    body = json.dumps(content).encode()
    head = f"HTTP/1.1 {status} .\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
