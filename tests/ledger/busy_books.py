"""Some thousands of commands of every kind, each with its key, and the first answers to them."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from actors.directory import Directory, plan
from actors.frame import Commands, decode_replies, encode
from actors.local_runtime import LocalRuntime
from actors.relay import Relay
from ledger.clock import SECOND_MS, ManualClock
from ledger.commands import (
    AnyCommand,
    Authorise,
    Capture,
    CaptureMode,
    Change,
    Envelope,
    Fund,
    Increase,
    OpenAccount,
    Refund,
    Reverse,
    SendTransfer,
    Void,
)
from ledger.events import AccountKind
from ledger.ids import Ref
from ledger.journal import Store
from ledger.keys import key_digest
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import PaymentReply, Reply
from tests.books import CALLER, account_of, asked, evidence_of, sale

PARTITIONS = 3
WALLETS = [account_of(f"traveller {number}") for number in range(60)]
FUNDS_MINOR = 1_000_000
# More than any wallet has.
TOO_MUCH_MINOR = 2_000_000
HOLD_MS = 3_600 * SECOND_MS
# So many of the latest payments are captured, voided, refunded.
AT_HAND = 400
PER_FRAME = 64


class Asked(NamedTuple):
    envelope: Envelope
    reply: Reply


class BusyBooks:
    """seed: of everything that is drawn. Two on one store must not have the same."""

    def __init__(self, store: Store, seed: int) -> None:
        self.directory: Directory = plan(PARTITIONS)
        self.clock = ManualClock()
        self.runtime = LocalRuntime(
            self.directory, store, clock=self.clock, random_bytes=Random(seed).randbytes
        )
        self._relay = Relay(self.directory, self.runtime, store, {})
        self._dice = Random(seed)
        self._orders = self._numbers(seed)
        self.payments: list[PaymentReply] = []

    def _numbers(self, seed: int) -> Iterator[str]:
        number = 0
        while True:
            number += 1
            yield f"order {seed} {number}"

    async def open_wallets(self) -> None:
        kind, pots = AccountKind.WALLET, ("QAR",)
        opened = [OpenAccount(account=wallet, kind=kind, pots=pots) for wallet in WALLETS]
        amount = Money(FUNDS_MINOR, "QAR")
        funds = [
            Fund(account=evidence_of(wallet.hex()), target=wallet, amount=amount)
            for wallet in WALLETS
        ]
        for commands in (opened, funds):
            await self.ask([asked(command, f"first {command!r}") for command in commands])
        await self.deliver()

    async def live(self, count: int) -> list[Asked]:
        """So many commands, a hundred at a time; then some holds expire, and money arrives."""
        done: list[Asked] = []
        while len(done) < count:
            size = min(100, count - len(done))
            envelopes = [self._draw() for _ in range(size)]
            replies = await self.ask(envelopes)
            done += [Asked(*pair) for pair in zip(envelopes, replies, strict=True)]
            self.payments += [reply for reply in replies if isinstance(reply, PaymentReply)]
            del self.payments[:-AT_HAND]
            self.clock.advance(SECOND_MS)
        await self.deliver()
        return done

    async def ask(self, envelopes: list[Envelope]) -> list[Reply]:
        replies: dict[int, Reply] = {}
        for partition in range(PARTITIONS):
            mine = [
                place
                for place, envelope in enumerate(envelopes)
                if self.directory.owns(partition, envelope.command.account)
            ]
            for start in range(0, len(mine), PER_FRAME):
                places = mine[start : start + PER_FRAME]
                frame = encode(Commands([envelopes[place] for place in places]))
                answers = decode_replies(await self.runtime.send(partition, frame))
                replies.update(zip(places, answers, strict=True))
        return [replies[place] for place in range(len(envelopes))]

    async def deliver(self) -> None:
        while await self._relay.step():
            pass

    async def aclose(self) -> None:
        self._relay.close()
        await self.runtime.close()

    def _draw(self) -> Envelope:
        """A payment, or what follows one: some of it is declined, as in life."""
        order = next(self._orders)
        kind = self._dice.choices(
            ("pay", "hold", "beyond", "transfer", "follow"), (30, 20, 5, 10, 35)
        )[0]
        command: AnyCommand
        match kind:
            case "transfer":
                source, target = self._dice.sample(WALLETS, 2)
                amount = Money(self._dice.randrange(1, 2_000), "QAR")
                command = SendTransfer(account=source, target=target, amount=amount)
            case "follow" if self.payments:
                command = self._follow(self._dice.choice(self.payments))
            case _:
                command = self._authorise(kind, order)
        return asked(command, order)

    def _authorise(self, kind: str, order: str) -> Authorise:
        minor = TOO_MUCH_MINOR if kind == "beyond" else self._dice.randrange(1, 3_000)
        return Authorise(
            account=self._dice.choice(WALLETS),
            amount=Money(minor, "QAR"),
            sale=sale("lounge", order),
            capture=CaptureMode.MANUAL if kind == "hold" else CaptureMode.AUTOMATIC,
            hold_ms=self._dice.choice((SECOND_MS, HOLD_MS)),
        )

    def _follow(self, payment: PaymentReply) -> Change:
        ref = payment.ref
        account, ordinal = ref.account, ref.ordinal
        part = Money(self._dice.randrange(1, 1_500), "QAR")
        if payment.state is PaymentState.CAPTURED and self._dice.random() < 0.9:
            return Refund(account=account, ordinal=ordinal, amount=part)
        match self._dice.randrange(5):
            case 0:
                return Capture(account=account, ordinal=ordinal, amount=part, final=False)
            case 1:
                return Capture(account=account, ordinal=ordinal)
            case 2:
                return Increase(account=account, ordinal=ordinal, amount=part)
            case 3:
                return Void(account=account, ordinal=ordinal)
            case _:
                original = key_digest(CALLER, payment.sale.order.decode())
                return Reverse(account=account, original=original)


def captured(asked_before: list[Asked]) -> list[Ref]:
    """The payments that were captured at some time."""
    return [
        reply.ref
        for _, reply in asked_before
        if isinstance(reply, PaymentReply) and reply.state is PaymentState.CAPTURED
    ]
