"""What is measured: whole installations, each in a folder of its own, with an airport in it.

`airside serve` as it stands, in a process of its own, on loopback and a free port: supervisor, Ray
head, partitions, gateways. The naive build stands on the same ledger and an airport of the same
size; so do the floor and the rows, as far as they need one.
"""

import asyncio
import shutil
from pathlib import Path
from random import Random
from secrets import token_bytes
from typing import Protocol

import msgspec

from actors.ray_head import free_port
from benchmarks.database import Database
from benchmarks.processes import Child
from benchmarks.seed import seed
from benchmarks.workload import World, zipf
from gateway.config import Config
from gateway.layout import Layout
from ledger.clock import SystemClock
from ledger.ids import parse_account
from services.keyring import open_keyring
from terminals.payment_code import CodeKeys, PaymentCode


class Contestant(msgspec.Struct, frozen=True):
    """pids: the roots of its processes. judged: it keeps a ledger, so its answers are checked."""

    name: str
    port: int
    pids: tuple[int, ...]
    world: World
    judged: bool = True
    journals: Path | None = None


class Standing(Protocol):
    """Something that was started, and must be stopped."""

    contestant: Contestant

    async def until_up(self) -> None: ...

    async def stop(self) -> None: ...


class Installation:
    """Airside itself."""

    def __init__(self, name: str, config: Config, world: World) -> None:
        self.config = config
        self.layout = Layout(Path(config.data))
        self._child = Child(
            "gateway",
            "serve",
            *("--data", config.data),
            *("--port", str(config.port)),
            *("--gateways", str(config.gateways)),
            *("--partitions", str(config.partitions)),
            environment={"AIRSIDE_LOG_LEVEL": config.log_level},
        )
        journals = self.layout.journals
        self.contestant = Contestant(
            name, config.port, (self._child.pid,), world, journals=journals
        )

    @property
    def socket_path(self) -> Path:
        """Of its first partition."""
        return self.layout.runtime / "p0.sock"

    def with_codes(self, count: int) -> World:
        """The same airport, paying by fresh codes, as passengers' phones would show them."""
        ring = open_keyring(self.layout.folder, random_bytes=token_bytes)
        keys = CodeKeys(sorted(ring.payment_code_keys().items()), token_bytes)
        now_ms, random, world = SystemClock().now_ms(), Random(count), self.contestant.world
        shares = zipf(len(world.wallets))
        codes = [
            PaymentCode(
                parse_account(world.wallets[shares.draw(random)]), 1, number, now_ms
            )
            for number in range(count)
        ]
        return msgspec.structs.replace(world, codes=[keys.seal(code) for code in codes])

    async def until_up(self) -> None:
        await self._child.until_listening(self.config.port)

    async def stop(self) -> None:
        await self._child.stop()


class Naive:
    def __init__(self, name: str, config: Config, world: World) -> None:
        self._config = config
        self._child = Child("benchmarks.naive", msgspec.json.encode(config).decode())
        journals = Layout(Path(config.data)).journals
        self.contestant = Contestant(
            name, config.port, (self._child.pid,), world, journals=journals
        )

    async def until_up(self) -> None:
        await self._child.until_listening(self._config.port)

    async def stop(self) -> None:
        await self._child.stop()
        shutil.rmtree(Layout(Path(self._config.data)).runtime, ignore_errors=True)


class Floor:
    def __init__(self, name: str, world: World) -> None:
        port = free_port()
        self._child = Child("benchmarks.floor", str(port))
        self.contestant = Contestant(name, port, (self._child.pid,), world, judged=False)

    async def until_up(self) -> None:
        await self._child.until_listening(self.contestant.port)

    async def stop(self) -> None:
        await self._child.stop()


class Bare:
    """The parts of a payment in a row. folder: on the disk that is measured."""

    def __init__(self, name: str, folder: Path, world: World) -> None:
        port = free_port()
        folder.mkdir()
        self._child = Child("benchmarks.bare", str(port), str(folder))
        self.contestant = Contestant(name, port, (self._child.pid,), world, judged=False)

    async def until_up(self) -> None:
        await self._child.until_listening(self.contestant.port)

    async def stop(self) -> None:
        await self._child.stop()


class RowsServer:
    """The server of rows, on a database that outlives it."""

    def __init__(self, name: str, database: Database, world: World) -> None:
        port = free_port()
        self._child = Child("benchmarks.rows", str(port), str(database.folder))
        self._child.write(msgspec.json.encode(world) + b"\n")
        self.contestant = Contestant(name, port, (self._child.pid, database.pid), world)

    async def until_up(self) -> None:
        await self._child.until_listening(self.contestant.port)

    async def stop(self) -> None:
        await self._child.stop()


def settings(folder: Path, *, gateways: int = 1, partitions: int = 1) -> Config:
    return Config(
        data=str(folder),
        port=free_port(),
        gateways=gateways,
        partitions=partitions,
        log_level="warning",
    )


async def install(name: str, config: Config, accounts: int) -> Installation:
    """An airport in a new data folder, and an installation that is starting on it."""
    return Installation(name, config, await asyncio.to_thread(seed, config, accounts))


async def install_naive(name: str, config: Config, accounts: int) -> Naive:
    return Naive(name, config, await asyncio.to_thread(seed, config, accounts))
