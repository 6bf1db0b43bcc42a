"""A clerk at a till, for a whole shift: sells, gives back, prints, and closes the day.

`python -m tests.shift.clerk`, with what it needs as JSON on the first line of its standard input,
is a till in a process of its own, which may be killed at any moment; started again it goes on. It
closes its day when its standard input ends, and prints what came of it.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import aiohttp
import msgspec

from channels.web.demo import demo_key
from ledger.clock import Clock, SystemClock
from ledger.money import Money
from terminals.attempt import Attempt, FollowUp, Origin, Outcome, Sale, SaleLine
from terminals.gateway_answer import Gateway, Payment
from terminals.gateway_client import GatewayClient
from terminals.till import Sleep, Till, TillParts
from terminals.till_day import Day
from terminals.till_identity import read_identity
from terminals.till_journal import TillJournal
from terminals.till_proof import Signature

PAPER = "receipts"
# Of what a clerk does, one in so many gives something back.
GIVES_BACK_EVERY = 6
CLOSING_TRIES = 40
MINOR_MAX = 5_000

DrawCode = Callable[[], Awaitable[str]]


class Closed(msgspec.Struct):
    """How a shift ended. printed: receipts on paper. sold: sales by the till's own books."""

    agrees: bool
    differences: tuple[str, ...]
    still_open: int
    attempts: int
    sold: int
    printed: int
    net_minor: int


class Clerk:
    """journal: open. One shift, or as much of it as the power lasts."""

    def __init__(self, till: Till, journal: TillJournal, folder: Path) -> None:
        self._till = till
        self._journal = journal
        self._paper = folder / PAPER

    async def settle(self) -> bool:
        """Finish what is owed; whether all of it is."""
        for attempt in self._till.owed():
            self._show(await self._till.settle(attempt))
        return not self._till.owed()

    async def serve(self, random: Random, draw_code: DrawCode) -> None:
        """One customer."""
        if not await self.settle():
            return
        if not random.randrange(GIVES_BACK_EVERY) and await self._give_back(random):
            return
        minor = random.randint(1, MINOR_MAX)
        seq = self._journal.last_sequence + 1
        order = f"{self._journal.name[-6:]}-{seq}"
        lines = (SaleLine("Something", minor, random.choice(["food", "lounge"])),)
        code = await draw_code()
        amount = Money(minor, "QAR")
        sale = Sale(amount, order, "DOH-T1", "shift", code, lines)
        self._show(await self._till.take(sale))

    async def _give_back(self, random: Random) -> bool:
        """A part, or all, of something that was sold; False if there is nothing."""
        sold = [
            attempt.result.payment
            for attempt in self._journal.since(max(1, self._journal.last_sequence - 50))
            if attempt.result and attempt.result.outcome is Outcome.PAID
        ]
        payments = [payment for payment in sold if isinstance(payment, Payment)]
        if not payments:
            return False
        payment = random.choice(payments)
        part = Money(max(1, payment.amount.amount_minor // 3), payment.amount.currency)
        request = random.choice(
            [
                FollowUp("refund", payment.id, part),
                FollowUp("refund", payment.id),
                FollowUp("void", payment.id),
            ]
        )
        self._show(await self._till.follow(request))
        return True

    async def close(self) -> Closed:
        """Settle everything, hold the day against the gateway, and end it."""
        day: object = None
        for _ in range(CLOSING_TRIES):
            if await self.settle() and isinstance(day := await self._till.day.look(), Day):
                break
        assert isinstance(day, Day), "the network is whole again"
        printed = self._paper.read_text().split() if self._paper.exists() else []
        closed = Closed(
            agrees=day.agrees,
            differences=day.differences,
            still_open=day.still_open,
            attempts=day.last,
            sold=sum(total.sales for total in day.totals),
            printed=len(set(printed)),
            net_minor=sum(total.net_minor for total in day.totals),
        )
        if day.agrees:
            self._till.day.close(day)
        return closed

    def _show(self, attempt: Attempt) -> None:
        """On paper, which no power cut takes back; then in the journal."""
        assert attempt.result is not None
        if attempt.result.outcome is Outcome.PAID and not attempt.result.repeats:
            with self._paper.open("a") as paper:
                paper.write(f"{attempt.seq}\n")
        self._till.shown(attempt)


def till_of(
    journal: TillJournal, gateway: Gateway, origin: Origin, clock: Clock, sleep: Sleep
) -> Till:
    parts = TillParts(
        gateway=gateway,
        journal=journal,
        origin=origin,
        clock=clock,
        sleep=sleep,
        tell=lambda _line: None,
        registered=True,
    )
    return Till(parts)


class Post(msgspec.Struct):
    """What a clerk is told when a shift begins. gateway: past the cuts, for the customers."""

    url: str
    gateway: str
    folder: str
    account: str
    seed: int


async def pause(seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


async def hurried(seconds: float) -> None:
    """A shift of ten minutes holds what a day does: a till here waits a tenth of the time."""
    await pause(seconds / 10)


async def stand(post: Post) -> Closed:
    folder, random = Path(post.folder), Random(post.seed)
    identity = read_identity(folder)
    assert identity is not None
    closing_time = asyncio.Event()
    # Nothing more is said: when the other end is closed, it can be read.
    asyncio.get_running_loop().add_reader(sys.stdin, closing_time.set)
    proof = Signature(identity.signer, SystemClock(), os.urandom)
    async with (
        GatewayClient(post.url, proof) as gateway,
        aiohttp.ClientSession(post.gateway) as customers,
    ):

        async def draw_code() -> str:
            path = f"/v1/accounts/{post.account}/codes"
            headers = {"Authorization": f"Bearer {demo_key('operator')}"}
            while True:
                async with customers.post(path, headers=headers) as response:
                    if response.status == 201:
                        payload: str = (await response.json())["payload"]
                        return payload
                await pause(1)  # too much to do, or too many codes

        with closing(TillJournal(folder, os.urandom)) as journal:
            origin = Origin(identity.gateway, identity.terminal)
            till = till_of(journal, gateway, origin, SystemClock(), hurried)
            clerk = Clerk(till, journal, folder)
            while not closing_time.is_set():
                await clerk.serve(random, draw_code)
                await till.beat()
                await pause(random.random() / 2)
            return await clerk.close()


def main() -> None:
    post = msgspec.json.decode(sys.stdin.buffer.readline(), type=Post)
    closed = asyncio.run(stand(post))
    sys.stdout.write(msgspec.json.encode(closed).decode() + "\n")


if __name__ == "__main__":
    main()
