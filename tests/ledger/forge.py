"""A small world on two partitions, and the ways to forge its journals.

`Forger` opens one journal, lets entries be changed, and seals all of them anew, as somebody could
who owns the machine: then the chain is whole, and only what the entries say can give them away.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from random import Random
from typing import Any

import msgspec

from actors.directory import plan
from actors.engine import Engine
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from ledger.clock import SECOND_MS, ManualClock
from ledger.commands import (
    AnyCommand,
    ApprovePayout,
    Authorise,
    Capture,
    CaptureMode,
    CloseAccount,
    CutStripe,
    Fund,
    GrantCredit,
    OpenAccount,
    PayOut,
    Refund,
    RequestPayout,
    Reverse,
    ScannedCode,
    SendTransfer,
    Settle,
    SweepStripe,
    Void,
)
from ledger.entry import GENESIS_HASH, NOBODY, Cause, Entry, Place, build, seal, unseal
from ledger.events import AccountKind, Event
from ledger.ids import AccountId, Ref
from ledger.journal import Mark
from ledger.keys import key_digest
from ledger.money import Money
from ledger.postings import postings_of
from ledger.replies import CutReply, Reply, TransferReply
from ledger.sqlite_store import SqliteStore
from tests.books import CALLER, account_of, asked, evidence_of, sale

DIRECTORY = plan(2)


def resident(partition: int, name: str) -> AccountId:
    """An account with this name, or nearly, that lives in this partition."""
    tries = (account_of(f"{name} {number}") for number in range(100))
    return next(a for a in tries if DIRECTORY.partition_of(a) == partition)


AMIRA, BILAL, DANA = resident(0, "amira"), resident(1, "bilal"), resident(1, "dana")
LOUNGE = resident(0, "lounge")
GULF = resident(1, "gulf")


class World:
    """Two partitions in this process, and a relay between them."""

    def __init__(self, store: SqliteStore) -> None:
        self.clock = ManualClock()
        self.runtime = LocalRuntime(
            DIRECTORY, store, clock=self.clock, random_bytes=Random(7).randbytes
        )
        self._engine = Engine(DIRECTORY, self.runtime)
        self._relay = Relay(DIRECTORY, self.runtime, store, {})
        self._keys = 0

    async def ask(self, command: AnyCommand, key: str = "") -> Reply:
        self._keys += 1
        key = key or f"key {self._keys} of {id(self)}"
        return await self._engine.ask(asked(command, key))

    async def deliver(self) -> None:
        while await self._relay.step():
            pass

    async def pay(self, account: AccountId, minor: int, **options: Any) -> None:
        self._keys += 1
        command = Authorise(
            account=account,
            amount=Money(minor, "QAR"),
            sale=sale("lounge", f"A-{self._keys}"),
            capture=options.get("capture", CaptureMode.MANUAL),
            hold_ms=options.get("hold_ms", 3_600 * SECOND_MS),
            code=options.get("code"),
            card=options.get("card"),
        )
        await self.ask(command, f"pay {self._keys}")

    async def close(self) -> None:
        self._relay.close()
        await self._engine.close()


async def live_through(world: World) -> None:
    """Something of everything; images are saved in the middle, so a tail follows them."""
    for account in (AMIRA, BILAL, DANA):
        pots = ("QAR", "AVIOS")
        await world.ask(OpenAccount(account=account, kind=AccountKind.WALLET, pots=pots))
        for pot, minor in [("QAR", 100_000), ("AVIOS", 500)]:
            source = evidence_of(f"{account.hex()} {pot}")
            command = Fund(account=source, target=account, amount=Money(minor, pot))
            await world.ask(command)
    await world.deliver()
    for account in (AMIRA, BILAL):
        code = ScannedCode(b"code 1 of " + account, world.clock.now_ms())
        await world.pay(account, 1_000, capture=CaptureMode.AUTOMATIC, code=code)
        await world.pay(account, 2_000)
        await world.pay(account, 3_000, hold_ms=SECOND_MS)
        await world.pay(account, 4_000)
        part = Money(500, "QAR")
        await world.ask(Capture(account=account, ordinal=2, amount=part, final=False))
        await world.ask(Capture(account=account, ordinal=2, amount=part))
        await world.ask(Refund(account=account, ordinal=2, amount=Money(300, "QAR")))
        await world.ask(Void(account=account, ordinal=4))
        await world.ask(Reverse(account=account, original=key_digest(CALLER, "late")))
        world.clock.advance(SECOND_MS)
        world.runtime.tick()
        await world.pay(account, 10_000_000)
        await world.pay(account, 1_500)
        code = ScannedCode(b"code 2 of " + account, world.clock.now_ms())
        await world.pay(account, 700, capture=CaptureMode.AUTOMATIC, code=code)
    await send(world, AMIRA, BILAL, 5_000)
    await send(world, BILAL, account_of("nobody"), 5_000)
    await world.deliver()
    await settle(world)
    await empty(world, DANA)
    await lend(world)
    for _ in range(2):
        await world.pay(AMIRA, 10_000_000)


async def lend(world: World) -> None:
    """An agency buys on credit, and half of it is repaid."""
    await world.ask(OpenAccount(account=GULF, kind=AccountKind.AGENT, pots=("QAR",)))
    later_ms = world.clock.now_ms() + 3_600 * SECOND_MS
    limit = Money(50_000, "QAR")
    await world.ask(GrantCredit(account=GULF, limit=limit, until_ms=later_ms))
    await world.pay(GULF, 20_000, capture=CaptureMode.AUTOMATIC)
    source = evidence_of("gulf repays")
    await world.ask(Fund(account=source, target=GULF, amount=Money(10_000, "QAR")))
    await world.deliver()


# What the lounge took in each partition, by the payments of live_through.
STRIPE_MINOR = 1_000 + 500 + 500 - 300 + 700


async def settle(world: World) -> None:
    """The lounge's stripes of both partitions, and a payout of a part."""
    pots = ("QAR",)
    await world.ask(OpenAccount(account=LOUNGE, kind=AccountKind.MERCHANT, pots=pots))
    for partition in (0, 1):
        stripe = DIRECTORY.stripe_of("mer_lounge", partition)
        cut = await world.ask(CutStripe(account=stripe, merchant="mer_lounge"))
        assert isinstance(cut, CutReply)
        command = SweepStripe(
            account=stripe, cut=cut.cut, target=LOUNGE, pot="QAR", amount_minor=STRIPE_MINOR
        )
        await world.ask(command)
    await world.deliver()
    gross, fees = (Money(2 * STRIPE_MINOR, "QAR"),), (Money(100, "QAR"),)
    await world.ask(Settle(account=LOUNGE, gross=gross, fees=fees))
    amount = Money(1_000, "QAR")
    held = await world.ask(RequestPayout(account=LOUNGE, amount=amount, by="prn_olga"))
    assert isinstance(held, TransferReply)
    ordinal = held.ref.ordinal
    await world.ask(ApprovePayout(account=LOUNGE, ordinal=ordinal, by="prn_piet"))
    await world.ask(PayOut(account=LOUNGE, ordinal=ordinal, evidence=b"bank 1"))


async def send(world: World, source: AccountId, target: AccountId, minor: int) -> Ref:
    command = SendTransfer(account=source, target=target, amount=Money(minor, "QAR"))
    reply = await world.ask(command)
    assert isinstance(reply, TransferReply)
    return reply.ref


async def empty(world: World, account: AccountId) -> None:
    """It spends all that it has, and closes."""
    await world.pay(account, 100_000, capture=CaptureMode.AUTOMATIC)
    command = SendTransfer(account=account, target=AMIRA, amount=Money(500, "AVIOS"))
    await world.ask(command)
    await world.deliver()
    await world.ask(CloseAccount(account=account))


def make_world(store: SqliteStore) -> None:
    async def make() -> None:
        world = World(store)
        await live_through(world)
        await world.close()

    asyncio.run(make())
    for partition in store.partitions():
        store.writer(
            partition
        ).close()  # nothing stays in the log: the files are all there is


class Forger:
    """One journal, decoded. entries[n] is entry n + 1."""

    def __init__(self, store: SqliteStore, partition: int) -> None:
        self._store = store
        self.partition = partition
        with closing(store.reader(partition)) as reader:
            self.entries = [unseal(sealed.body) for sealed in reader.read(0, 10_000)]

    def find(self, wanted: Callable[[Entry], bool], *, last: bool = False) -> int:
        """The sequence number of the first, or last, entry that is wanted."""
        found = [number for number, e in enumerate(self.entries, 1) if wanted(e)]
        return found[-1 if last else 0]

    def of(
        self, event: type, account: AccountId | None = None, *, last: bool = False
    ) -> int:
        return self.find(
            lambda e: isinstance(e.event, event) and account in {None, e.account}, last=last
        )

    def entry(self, seq: int) -> Entry:
        return self.entries[seq - 1]

    def change(self, seq: int, **changes: Any) -> None:
        """Fields of an entry. A new event gets the postings that belong to it."""
        entry = msgspec.structs.replace(self.entry(seq), **changes)
        if "event" in changes and "postings" not in changes:
            lines = tuple(postings_of(entry.account, entry.event))
            entry = msgspec.structs.replace(entry, postings=lines)
        self.entries[seq - 1] = entry

    def tell(self, seq: int, **changes: Any) -> None:
        """Fields of an event."""
        self.change(seq, event=msgspec.structs.replace(self.entry(seq).event, **changes))

    def add(self, account: AccountId, event: Event, cause: Cause = NOBODY) -> int:
        """One more entry at the end, in its right place."""
        line = [e.seq for e in self.entries if account and e.account == account]
        last = self.entries[-1]
        place = Place(last.seq + 1, last.at_ms, max(line, default=0))
        self.entries.append(build(account, event, place, cause))
        return place.seq

    def write(self, *, images: bool = False) -> None:
        """All sealed anew. images: leave those, and the mark, as they are."""
        rows, last = [], GENESIS_HASH
        for seq, entry in enumerate(self.entries, 1):
            sealed = seal(entry, last)
            rows.append((seq, sealed.body, sealed.hash))
            last = sealed.hash
        with edited(self._store, self.partition) as db:
            db.execute("DELETE FROM entries")
            db.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
            if not images:
                db.execute("DELETE FROM images")
                db.execute("DELETE FROM mark")


class edited:  # noqa: N801 — reads as a word in `with edited(…)`
    """The file of a partition, open to any change."""

    def __init__(self, store: SqliteStore, partition: int) -> None:
        self._db = sqlite3.connect(store.path(partition))

    def __enter__(self) -> sqlite3.Connection:
        return self._db

    def __exit__(self, *_error: object) -> None:
        self._db.commit()
        self._db.close()


def set_mark(store: SqliteStore, partition: int, **changes: Any) -> Mark:
    with closing(store.reader(partition)) as reader:
        mark = msgspec.structs.replace(reader.mark(), **changes)
    with edited(store, partition) as db:
        db.execute("UPDATE mark SET body = ?", (msgspec.msgpack.encode(mark),))
    return mark
