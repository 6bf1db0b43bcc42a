"""Money on its way between two partitions, while roads break and partitions die.

The auditor knows what everybody has once all is delivered, and, before that, the least and the
most that each may have: what was sent to them may have arrived or not. Amounts are drawn so that
the answer is certain either way.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from actors.engine import Engine
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from ledger.clock import ManualClock
from ledger.commands import (
    AnyCommand,
    CloseAccount,
    Envelope,
    FreezeAccount,
    Fund,
    OpenAccount,
    ReadAccount,
    ReadTransfer,
    SendTransfer,
)
from ledger.decline import DeclineReason
from ledger.events import AccountKind
from ledger.ids import AccountId, Ref
from ledger.money import Money
from ledger.replies import AccountReply, DeclinedReply, Reply, TransferReply
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.actors.roads import BreakingRoad
from tests.books import account_of, asked, evidence_of, memory_folder
from tests.ledger.forge import AMIRA, BILAL, DANA, DIRECTORY, resident

SHUT, FROZEN = resident(0, "shut"), resident(1, "frozen")
NOBODY = account_of("nobody")
SENDERS = [AMIRA, BILAL, DANA]
senders = st.sampled_from(SENDERS)
targets = st.sampled_from([*SENDERS, *SENDERS, FROZEN, SHUT, NOBODY])
partitions = st.sampled_from([0, 1])


@dataclass
class Sent:
    """A transfer as the auditor knows it."""

    envelope: Envelope
    ref: Ref
    source: AccountId
    target: AccountId
    minor: int
    settled: bool = False

    @property
    def ends(self) -> str:
        return "returned" if self.target in {SHUT, NOBODY} else "delivered"

    @property
    def ends_at(self) -> AccountId:
        return self.source if self.ends == "returned" else self.target


class TwoPartitions(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = memory_folder()
        self.runner = asyncio.Runner()
        self.store = SqliteStore(Path(self.folder.name))
        self.runtime = LocalRuntime(
            DIRECTORY, self.store, clock=ManualClock(), random_bytes=Random(7).randbytes
        )
        self.engine = Engine(DIRECTORY, self.runtime)
        self.road = BreakingRoad(self.runtime)
        self.relay = Relay(DIRECTORY, self.road, self.store, {})
        self.keys = 0
        self.least = dict.fromkeys([*SENDERS, FROZEN], 0)
        self.sent: list[Sent] = []
        for account in [*SENDERS, FROZEN, SHUT]:
            opening = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
            self.ask(opening)
        self.ask(CloseAccount(account=SHUT))
        self.ask(FreezeAccount(account=FROZEN))

    def ask(self, command: AnyCommand) -> tuple[Envelope, Reply]:
        self.keys += 1
        envelope = asked(command, f"key {self.keys}")
        return envelope, self.again(envelope)

    def again(self, envelope: Envelope) -> Reply:
        async def answered() -> Reply:
            return await self.engine.ask(envelope)

        return self.runner.run(answered())

    def step(self) -> bool:
        return self.runner.run(self.relay.step())

    def under_way(self) -> list[Sent]:
        return [sent for sent in self.sent if not sent.settled]

    def most(self, account: AccountId) -> int:
        coming = sum(s.minor for s in self.under_way() if s.ends_at == account)
        return self.least[account] + coming

    @rule(target_=senders, minor=st.integers(1, 1_000))
    def top_up(self, target_: AccountId, minor: int) -> None:
        source = evidence_of(f"stmt {self.keys}")
        command = Fund(account=source, target=target_, amount=Money(minor, "QAR"))
        envelope, reply = self.ask(command)
        assert isinstance(reply, TransferReply)
        assert reply.status == "sent"
        self.sent.append(Sent(envelope, reply.ref, source, target_, minor))

    @precondition(lambda self: any(self.least.values()))
    @rule(friend=targets, part=st.sampled_from([1, 2, 3]), data=st.data())
    def send(self, friend: AccountId, part: int, data: st.DataObject) -> None:
        """All, a half or a third of what is there for certain."""
        rich = [account for account in SENDERS if self.least[account] >= part]
        if not rich:
            return
        source = data.draw(st.sampled_from(rich))
        minor = self.least[source] // part
        command = SendTransfer(account=source, target=friend, amount=Money(minor, "QAR"))
        envelope, reply = self.ask(command)
        if friend == source:
            assert reply == DeclinedReply(DeclineReason.SAME_ACCOUNT)
            return
        assert isinstance(reply, TransferReply)
        assert (reply.status, reply.target, reply.amount_minor) == ("sent", friend, minor)
        self.least[source] -= minor
        self.sent.append(Sent(envelope, reply.ref, source, friend, minor))

    @rule(source=senders, friend=targets)
    def send_too_much(self, source: AccountId, friend: AccountId) -> None:
        amount = Money(self.most(source) + 1, "QAR")
        _, reply = self.ask(SendTransfer(account=source, target=friend, amount=amount))
        same = friend == source
        reason = DeclineReason.SAME_ACCOUNT if same else DeclineReason.INSUFFICIENT_FUNDS
        assert reply == DeclinedReply(reason)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retry(self, data: st.DataObject) -> None:
        sent = data.draw(st.sampled_from(self.sent))
        reply = self.again(sent.envelope)
        assert isinstance(reply, TransferReply)
        assert reply.replayed
        assert reply.ref == sent.ref
        assert reply.status in ({sent.ends} if sent.settled else {"sent", sent.ends})

    @rule(shut=st.sets(partitions), deaf=st.sets(partitions))
    def carry_a_little(self, shut: set[int], deaf: set[int]) -> None:
        """Some frames, or their answers, are lost."""
        self.road.shut, self.road.deaf = shut, deaf
        self.step()
        self.road.shut, self.road.deaf = set(), set()

    @rule()
    def carry_all(self) -> None:
        while self.step():
            pass
        for sent in self.under_way():
            sent.settled = True
            self.least[sent.ends_at] = self.least.get(sent.ends_at, 0) + sent.minor
        for account in SENDERS:
            assert self.available(account) == self.least[account]
        for sent in self.sent:
            ref = sent.ref
            reply = self.again(
                Envelope(ReadTransfer(account=ref.account, ordinal=ref.ordinal))
            )
            assert isinstance(reply, TransferReply)
            assert reply.status == sent.ends

    @rule(account=senders)
    def look(self, account: AccountId) -> None:
        assert self.least[account] <= self.available(account) <= self.most(account)

    @rule(partition=partitions)
    def kill(self, partition: int) -> None:
        self.runtime.kill(partition)

    @rule()
    def lose_the_relays_memory(self) -> None:
        """It begins again from the first entry: everything is offered a second time."""
        self.relay.close()
        self.relay = Relay(DIRECTORY, self.road, self.store, {})

    @rule()
    def tick(self) -> None:
        self.runtime.tick()

    def available(self, account: AccountId) -> int:
        reply = self.again(Envelope(ReadAccount(account=account)))
        assert isinstance(reply, AccountReply)
        return reply.pots["QAR"].available_minor

    def teardown(self) -> None:
        before = verify(self.store)
        self.carry_all()
        after = verify(self.store)
        self.relay.close()
        self.runner.run(self.engine.close())
        self.runner.close()
        self.folder.cleanup()
        assert not before.findings
        assert not after.findings
        assert after.at_rest
        assert after.transit == {}


TestTwoPartitions = TwoPartitions.TestCase
TestTwoPartitions.settings = settings(max_examples=30, stateful_step_count=30)
