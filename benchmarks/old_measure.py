"""What an old ledger costs: a real installation on it, over HTTP, and its processes watched.

    start     from the command to the first approval, five times; killed with a full tail, once more
    cost      processor time, bytes and latency of one payment, by accounts and by history
    memory    of each process, when its partition has met more accounts than it may keep

Each step makes payments, so a folder that was measured is a little older than before.
"""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Sequence
from contextlib import closing
from hashlib import sha256
from itertools import islice, repeat
from pathlib import Path
from secrets import token_hex
from statistics import median

import aiohttp
import msgspec

from actors.directory import Directory, load
from actors.frame import COMMANDS_PER_FRAME, Commands, decode_replies, encode
from actors.ray_head import free_port
from actors.rebuild import rebuild_old
from actors.socket_road import SocketRoad
from benchmarks.machine import Machine, look
from benchmarks.old_books import payment_of
from benchmarks.old_generate import (
    funded_wallets,
    read_histories,
    read_people,
    read_plan,
)
from benchmarks.processes import Child, cpu_by_part, memory_by_part, written_by_part
from benchmarks.workload import CURRENCY
from gateway.layout import Layout
from ledger.commands import Envelope, ReadAccount
from ledger.ids import AccountId, parse_account
from ledger.sqlite_store import SqliteStore

# Payments of one row of the table, and how many are under way at once.
PAYMENTS = 2_000
CALLERS = 16
# Of a single old account: the first of them finds it on the disk.
PAYMENTS_OF_HISTORY = 1_000
# Ray's own start takes one second more or less from one time to the next.
STARTS = 5
# So many entries stand behind the mark when a busy partition is killed.
TAIL_PAYMENTS = 25_000
FIRST_ANSWER_S = 120.0
LOOK_S = 0.02
GONE_S = 30.0
RESOLVED_S = 10.0


class Start(msgspec.Struct, frozen=True):
    """Seconds. tail: entries that the partitions had to replay, at most. all_s: of which this is
    the median.
    """

    seconds: float
    tail: int
    all_s: list[float] = []


class Cost(msgspec.Struct, frozen=True):
    """Of one payment: microseconds of the partition's processor, bytes of its entry and bytes that
    the partition wrote for it, images and log and all; milliseconds until its answer.
    """

    name: str
    payments: int
    cpu_us: int
    entry_bytes: int
    written_bytes: int
    p50_ms: float
    p99_ms: float
    first_ms: float


class OldAge(msgspec.Struct, frozen=True):
    """memory_mb: by part of the installation, the biggest process of it."""

    machine: Machine
    accounts: int
    entries: int
    journal_bytes: int
    starts: list[Start]
    costs: list[Cost]
    memory_mb: dict[str, int]


class Gateway:
    """An installation that was started on the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.layout = Layout(folder)
        self.port = free_port()
        self.people = read_people(folder)
        self.directory: Directory = load(self.layout.directory)
        self._child = Child(
            "gateway",
            "serve",
            *("--data", str(folder)),
            *("--port", str(self.port)),
            *("--partitions", str(read_plan(folder).partitions)),
            environment={"AIRSIDE_LOG_LEVEL": "warning"},
        )
        self._run = token_hex(4)
        self._count = 0

    @property
    def roots(self) -> list[int]:
        return [self._child.pid]

    def request(self, account: str) -> tuple[dict[str, str], bytes]:
        self._count += 1
        key = f"old-{self._run}-{self._count}"
        body = {
            "amount": {"amount_minor": 100, "currency": CURRENCY},
            "payer": {"account": account},
            "order": key,
            "merchant": self.people.merchants[0],
            "place": "DOH-T1-B12",
            "terminal": "till_b12",
        }
        headers = {
            "Authorization": f"Bearer {self.people.api_key}",
            "Idempotency-Key": key,
        }
        return headers, msgspec.json.encode(body)

    async def until_first_approval(
        self, session: aiohttp.ClientSession, account: str
    ) -> None:
        headers, body = self.request(account)
        async with asyncio.timeout(FIRST_ANSWER_S):
            while await self._status(session, headers, body) != 201:  # noqa: ASYNC110 — no event of ours
                await asyncio.sleep(LOOK_S)

    async def _status(
        self, session: aiohttp.ClientSession, headers: dict[str, str], body: bytes
    ) -> int:
        url = f"http://127.0.0.1:{self.port}/v1/payments"
        try:
            async with session.post(url, data=body, headers=headers) as answer:
                await answer.read()
                return answer.status
        except aiohttp.ClientConnectionError:
            return 0

    async def pay(self, session: aiohttp.ClientSession, account: str) -> float:
        """Milliseconds."""
        headers, body = self.request(account)
        started = time.perf_counter()
        status = await self._status(session, headers, body)
        assert status == 201, f"a payment was answered {status}"
        return (time.perf_counter() - started) * 1_000

    async def stop(self) -> None:
        await self._child.stop()

    async def kill(self) -> None:
        """As a power cut would, but for the disk."""
        os.kill(self._child.pid, signal.SIGKILL)
        await self.stop()
        async with asyncio.timeout(GONE_S):
            while True:
                with contextlib.suppress(BlockingIOError, Exception):
                    self.layout.lock().close()
                    return
                await asyncio.sleep(LOOK_S)


async def measure(folder: Path) -> OldAge:
    # Once, if this release draws them otherwise than the one that made the folder.
    rebuild_old(SqliteStore(folder / "journals"), print)
    wallets = await asyncio.to_thread(funded_wallets, folder)
    machine = look(folder)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        gateway, first = await _start_often(session, folder, wallets[0])
        costs = await _costs(gateway, session, wallets)
        await _meet(gateway, [parse_account(one) for one in wallets])
        memory = {part: kb // 1_024 for part, kb in memory_by_part(gateway.roots).items()}
        await _fill_tail(gateway, wallets)
        await gateway.kill()
        gateway, second = await _start(session, folder, wallets[1])
        await gateway.stop()
    plan = read_plan(folder)
    size = sum(path.stat().st_size for path in (folder / "journals").iterdir())
    return OldAge(
        machine, plan.wallets, _entries(folder), size, [first, second], costs, memory
    )


async def _start_often(
    session: aiohttp.ClientSession, folder: Path, account: str
) -> tuple[Gateway, Start]:
    """The last of them stays."""
    all_s = []
    for _ in range(STARTS - 1):
        gateway, start = await _start(session, folder, account)
        all_s.append(start.seconds)
        await gateway.stop()
    gateway, start = await _start(session, folder, account)
    all_s.append(start.seconds)
    return gateway, Start(median(all_s), start.tail, all_s)


async def _start(
    session: aiohttp.ClientSession, folder: Path, account: str
) -> tuple[Gateway, Start]:
    tail = _tail(folder)
    started = time.monotonic()
    gateway = Gateway(folder)
    try:
        await gateway.until_first_approval(session, account)
    except BaseException:
        await gateway.stop()
        raise
    return gateway, Start(round(time.monotonic() - started, 2), tail)


async def _costs(
    gateway: Gateway, session: aiohttp.ClientSession, wallets: Sequence[str]
) -> list[Cost]:
    """Wallets from all over: on the disk at their first payment, in memory at the second."""
    step = max(1, len(wallets) // PAYMENTS)
    some = wallets[2::step][:PAYMENTS]
    found = [
        await _cost(gateway, session, "each from another wallet, read from the disk", some),
        await _cost(gateway, session, "the same wallets again, in memory", some),
    ]
    for length, accounts in sorted(read_histories(gateway.folder).items()):
        name = f"a history of {length:,} payments"
        payers = list(repeat(accounts[-1], PAYMENTS_OF_HISTORY))
        found.append(await _cost(gateway, session, name, payers))
    return found


async def _cost(
    gateway: Gateway, session: aiohttp.ClientSession, name: str, payers: Sequence[str]
) -> Cost:
    first_ms = await gateway.pay(session, payers[0])
    tips = _tips(gateway.folder)
    used, wrote = cpu_by_part(gateway.roots), written_by_part(gateway.roots)
    rest = iter(payers[1:])
    spent: list[float] = []

    async def call() -> None:
        spent.extend([await gateway.pay(session, payer) for payer in rest])

    await asyncio.gather(*[call() for _ in range(CALLERS)])
    cpu = cpu_by_part(gateway.roots)["partitions"] - used["partitions"]
    written = written_by_part(gateway.roots)["partitions"] - wrote["partitions"]
    spent.sort()
    return Cost(
        name=name,
        payments=len(spent),
        cpu_us=round(cpu * 1_000_000 / len(spent)),
        entry_bytes=_bytes_since(gateway.folder, tips) // len(spent),
        written_bytes=written // len(spent),
        p50_ms=round(spent[len(spent) // 2], 2),
        p99_ms=round(spent[len(spent) * 99 // 100], 2),
        first_ms=round(first_ms, 1),
    )


async def _meet(gateway: Gateway, accounts: Sequence[AccountId]) -> None:
    """Have each partition load all of these, more than it may keep."""
    reads = [Envelope(ReadAccount(account=account)) for account in accounts]
    await _ask(gateway, reads)


async def _fill_tail(gateway: Gateway, wallets: Sequence[str]) -> None:
    """So many payments at once that their images are not saved when it is killed."""
    run = int.from_bytes(sha256(token_hex().encode()).digest()[:6], "big")
    payers = [parse_account(wallet) for wallet in wallets[:TAIL_PAYMENTS]]
    asked = [payment_of(payer, run + number) for number, payer in enumerate(payers)]
    await _ask(gateway, asked)


async def _ask(gateway: Gateway, envelopes: Sequence[Envelope]) -> None:
    async def resolve(partition: int) -> str:
        return str(gateway.layout.runtime / f"p{partition}.sock")

    road = SocketRoad(resolve)
    by_partition: dict[int, list[Envelope]] = {}
    for envelope in envelopes:
        home = gateway.directory.partition_of(envelope.command.account)
        by_partition.setdefault(home, []).append(envelope)

    async def ask(partition: int, mine: list[Envelope]) -> None:
        rest = iter(mine)
        while frame := list(islice(rest, COMMANDS_PER_FRAME)):
            decode_replies(await road.send(partition, encode(Commands(frame))))

    await asyncio.gather(*[ask(number, mine) for number, mine in by_partition.items()])
    await road.close()


def _tips(folder: Path) -> dict[int, int]:
    store, found = SqliteStore(folder / "journals"), {}
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            found[partition] = reader.tip().seq
    return found


def _entries(folder: Path) -> int:
    return sum(_tips(folder).values())


def _tail(folder: Path) -> int:
    store, longest = SqliteStore(folder / "journals"), 0
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            longest = max(longest, reader.tip().seq - reader.mark().seq)
    return longest


def _bytes_since(folder: Path, tips: dict[int, int]) -> int:
    store, total = SqliteStore(folder / "journals"), 0
    for partition, tip in tips.items():
        seq = tip
        with closing(store.reader(partition)) as reader:
            while page := reader.read(seq, COMMANDS_PER_FRAME):
                seq = page[-1].seq
                total += sum(len(entry.body) + len(entry.hash) for entry in page)
    return total
