"""A day of payments on PostgreSQL: the engine on the in-process runtime, a real server under it."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from random import Random

import pytest

from actors.directory import Directory, plan
from actors.frame import Commands, decode_replies, encode
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from actors.runtime import PartitionUnavailable
from ledger.balances import balances
from ledger.clock import ManualClock
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Envelope,
    Fund,
    OpenAccount,
    ReadAccount,
    Refund,
)
from ledger.events import AccountKind
from ledger.journal import Journal, Reader
from ledger.postgres_store import PostgresStore
from ledger.replies import AccountReply, PaymentReply, Reply
from ledger.verify import verify
from tests.books import account_of, asked, evidence_of, money, sale
from tests.postgres_server import PostgresServer, the_server

NAMES = [f"traveller {number}" for number in range(12)]
START_MINOR = 100_000
FRAME = 16


class ClosingStore:
    """The runtime lets go of a journal as a crash does. A test also gives the session back."""

    def __init__(self, store: PostgresStore, opened: ExitStack) -> None:
        self._store = store
        self._opened = opened

    def partitions(self) -> list[int]:
        return self._store.partitions()

    def writer(self, partition: int) -> Journal:
        return self._opened.enter_context(closing(self._store.writer(partition)))

    def reader(self, partition: int) -> Reader:
        return self._store.reader(partition)


class World:
    def __init__(self, store: PostgresStore, opened: ExitStack) -> None:
        self.directory: Directory = plan(2)
        self.store = ClosingStore(store, opened)
        self.runtime = LocalRuntime(
            self.directory,
            self.store,
            clock=ManualClock(),
            random_bytes=Random(7).randbytes,
        )
        self.relay = Relay(self.directory, self.runtime, self.store, {})
        opened.callback(self.relay.close)
        self.lost = 0  # frames that were not answered

    async def ask(self, envelopes: list[Envelope]) -> list[Reply]:
        """In frames by partition, each asked again until it is answered."""
        replies: dict[int, Reply] = {}
        for partition in range(self.directory.partition_count):
            mine = [
                (place, envelope)
                for place, envelope in enumerate(envelopes)
                if self.directory.owns(partition, envelope.command.account)
            ]
            for start in range(0, len(mine), FRAME):
                frame = mine[start : start + FRAME]
                answers = await self._send(partition, [envelope for _, envelope in frame])
                places = (place for place, _ in frame)
                replies.update(zip(places, answers, strict=True))
        return [replies[place] for place in range(len(envelopes))]

    async def _send(self, partition: int, envelopes: list[Envelope]) -> list[Reply]:
        while True:
            try:
                answer = await self.runtime.send(partition, encode(Commands(envelopes)))
            except PartitionUnavailable:
                self.lost += 1
            else:
                return decode_replies(answer)

    async def deliver(self) -> None:
        while await self.relay.step():
            pass

    async def open_wallets(self) -> None:
        kind, pots = AccountKind.WALLET, ("QAR",)
        opened = [OpenAccount(account=account_of(n), kind=kind, pots=pots) for n in NAMES]
        await self.ask([asked(command, f"open {command.account!r}") for command in opened])
        amount = money("1000.00", "QAR")
        funds = [
            Fund(account=evidence_of(f"stmt {n}"), target=account_of(n), amount=amount)
            for n in NAMES
        ]
        await self.ask([asked(fund, f"fund {fund.target!r}") for fund in funds])
        await self.deliver()

    async def balance_minor(self, name: str) -> int:
        [reply] = await self.ask([Envelope(ReadAccount(account=account_of(name)))])
        assert isinstance(reply, AccountReply)
        return reply.pots["QAR"].available_minor


@pytest.fixture
def server() -> PostgresServer:
    return the_server()


@pytest.fixture
def world(server: PostgresServer) -> Iterator[World]:
    with ExitStack() as opened:
        yield World(PostgresStore(server.empty_database()), opened)


def hold(name: str, order: str) -> Envelope:
    command = Authorise(
        account=account_of(name),
        amount=money("10.00", "QAR"),
        sale=sale("lounge", order),
        capture=CaptureMode.MANUAL,
        hold_ms=60_000,
    )
    return asked(command, order)


def payments(count: int) -> list[Envelope]:
    return [hold(NAMES[n % len(NAMES)], f"A-{n}") for n in range(count)]


@pytest.mark.slow
async def test_hundreds_of_payments_leave_sound_books(world: World) -> None:
    await world.open_wallets()

    holds = [
        reply for reply in await world.ask(payments(300)) if isinstance(reply, PaymentReply)
    ]
    refs = [reply.ref for reply in holds]
    captures = [Capture(account=ref.account, ordinal=ref.ordinal) for ref in refs[:200]]
    await world.ask([asked(command, f"capture {command!r}") for command in captures])
    refunds = [
        Refund(account=ref.account, ordinal=ref.ordinal, amount=money("4.00", "QAR"))
        for ref in refs[:100]
    ]
    await world.ask([asked(command, f"refund {command!r}") for command in refunds])
    world.runtime.tick()
    for partition in range(2):
        world.runtime.kill(partition)

    spent_minor = 300 * 1_000 - 100 * 400
    left_minor = [await world.balance_minor(name) for name in NAMES]
    assert sum(left_minor) == len(NAMES) * START_MINOR - spent_minor
    report = verify(world.store)
    assert not report.findings
    assert report.entries > 600
    assert balances(world.store).trial_balance() == {"QAR": 0}


@pytest.mark.slow
async def test_a_server_that_restarts_under_load_loses_nothing_that_was_answered(
    world: World, server: PostgresServer
) -> None:
    await world.open_wallets()
    asked_for = payments(180)

    first: list[Reply] = []
    for start in range(0, 180, 60):
        first += await world.ask(asked_for[start : start + 60])
        server.stop()
        server.start()
    again = await world.ask(asked_for)

    assert world.lost
    assert [_ref_and_state(reply) for reply in again] == [_ref_and_state(r) for r in first]
    assert sum([await world.balance_minor(n) for n in NAMES]) == (
        len(NAMES) * START_MINOR - 180 * 1_000
    )
    assert not verify(world.store).findings


def _ref_and_state(reply: Reply) -> object:
    assert isinstance(reply, PaymentReply)
    assert reply.decline is None
    return reply.ref, reply.state, reply.seq
