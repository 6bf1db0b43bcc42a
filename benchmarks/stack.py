"""What is measured: a whole installation in a folder of its own, with a small airport in it.

The same supervisor, Ray head, partitions and gateways as `airside serve`, on loopback and a free
port. Wallets are opened and filled over HTTP, as an operator would. The naive build gets a copy of
the finished data folder: the same wallets, the same money, the same map of partitions.
"""

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random
from secrets import token_bytes
from typing import Any

import aiohttp
import msgspec

from actors.directory import Directory
from actors.ray_head import HeadSpec, free_port, plan_head
from benchmarks.processes import Child
from benchmarks.workload import CURRENCY, FUNDS_MINOR, MERCHANT_SHARES, World
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import prepare
from gateway.supervisor import Supervisor
from ledger.clock import SystemClock
from ledger.ids import parse_account
from services.keyring import open_keyring
from services.merchants import MerchantDetails, create_merchant
from services.principals import NewPrincipal, PrincipalKind, create_principal, issue_key
from services.store import open_store
from terminals.payment_code import CodeKeys, PaymentCode

# Wallets that are being opened at once: enough to be quick, few enough to stay in time.
OPENING_MAX = 32
# Ids come from this seed, so the share of the hottest partition is the same in each run.
SEED = 20_261_122


class SeedingFailed(Exception):
    """The installation refused what was asked while wallets were opened."""

    def __init__(self, path: str, status: int, answer: object) -> None:
        super().__init__(f"{path} answered {status}: {answer}")


class Stack:
    """Ours. start() and then stop(), whatever happens between."""

    def __init__(self, folder: Path, *, gateways: int, partitions: int) -> None:
        self.config = Config(
            data=str(folder),
            port=free_port(),
            gateways=gateways,
            partitions=partitions,
            log_level="warning",
        )
        self.layout = Layout(folder)
        self._directory: Directory = prepare(self.config, self.layout)
        count = self._directory.partition_count
        self.head: HeadSpec = plan_head(self.layout.runtime, count, token_bytes)
        self._supervisor = Supervisor(self.config, self._directory, self.head, _keep_quiet)

    async def start(self) -> None:
        await self._supervisor.start()

    async def stop(self) -> None:
        await self._supervisor.stop()
        shutil.rmtree(self.layout.runtime, ignore_errors=True)

    async def open_world(self, wallets: int) -> World:
        """Merchants and an operator into the store; wallets and their money over HTTP."""
        random_bytes = Random(SEED).randbytes
        store = open_store(self.layout.store_url)
        now_ms = SystemClock().now_ms()
        merchants = [
            create_merchant(store, _details(number), random_bytes=random_bytes).id
            for number, _ in enumerate(MERCHANT_SHARES)
        ]
        new = NewPrincipal(kind=PrincipalKind.OPERATOR, name="Bench", channel="web")
        operator = create_principal(store, new, random_bytes=random_bytes, now_ms=now_ms)
        key = issue_key(store, operator.id, random_bytes=token_bytes, now_ms=now_ms)
        store.close()
        async with aiohttp.ClientSession(
            f"http://127.0.0.1:{self.config.port}",
            headers={"Authorization": f"Bearer {key}"},
            connector=aiohttp.TCPConnector(limit=OPENING_MAX),
        ) as session:
            opened = [_open_wallet(session, number) for number in range(wallets)]
            return World(key, await asyncio.gather(*opened), merchants)

    def codes(self, wallets: list[str]) -> list[str]:
        """A fresh payment code of each of these wallets, as the passenger's phone would show."""
        ring = open_keyring(
            self.layout.folder, random_bytes=token_bytes
        ).payment_code_keys()
        keys = CodeKeys(sorted(ring.items()), token_bytes)
        now_ms = SystemClock().now_ms()
        return [
            keys.seal(PaymentCode(parse_account(wallet), 1, counter, now_ms))
            for counter, wallet in enumerate(wallets)
        ]

    def start_naive(self, folder: Path) -> tuple[Child, int]:
        """The other build on a copy of the data folder: its process and its port.

        Nothing may be on its way when the folder is copied.
        """
        copy = Layout(folder)
        copy.journals.mkdir(parents=True)
        for path in self.layout.journals.glob("*.sqlite"):
            _copy_database(path, copy.journals / path.name)
        _copy_database(self.layout.folder / "store.sqlite", folder / "store.sqlite")
        shutil.copy2(self.layout.folder / "keys.json", folder)
        port = free_port()
        config = msgspec.structs.replace(self.config, data=str(folder), port=port)
        # Not GatewaySpec: importing it imports Ray, and here that comes after the start.
        spec = {"config": config, "head": self.head, "directory": self._directory}
        child = Child("benchmarks.naive", environment=self.head.environment)
        child.write(msgspec.json.encode(spec) + b"\n")
        return child, port


async def _open_wallet(session: aiohttp.ClientSession, number: int) -> str:
    body = {"kind": "wallet", "currencies": [CURRENCY], "label": f"Wallet {number}"}
    account = await _post(session, "/v1/accounts", body, f"open-{number}")
    wallet: str = account["id"]
    top_up = {
        "amount": {"amount_minor": FUNDS_MINOR, "currency": CURRENCY},
        "evidence": {"source": "bank", "reference": f"statement-{number}"},
    }
    path, key = f"/v1/accounts/{wallet}/top-ups", f"fund-{number}"
    transfer = await _post(session, path, top_up, key)
    while transfer["status"] != "delivered":  # then both sides know: nothing is on its way
        transfer = await _post(session, path, top_up, key)
    return wallet


async def _post(
    session: aiohttp.ClientSession, path: str, body: object, key: str
) -> dict[str, Any]:
    headers = {"Idempotency-Key": key}
    async with session.post(path, json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json(content_type=None)
        if response.status >= 400:
            raise SeedingFailed(path, response.status, answer)
    return answer


def _details(number: int) -> MerchantDetails:
    return MerchantDetails(name=f"Shop {number}", mcc="5309", city="Doha", country="QA")


def _copy_database(source: Path, target: Path) -> None:
    """A consistent copy of a database in use."""
    with (
        closing(sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)) as original,
        closing(sqlite3.connect(target)) as copy,
    ):
        original.backup(copy)


def _keep_quiet(_text: str) -> None:
    pass
