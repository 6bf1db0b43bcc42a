"""The till's process is killed at every step of a payment by card: one debit, and no false receipt.

What a till does in one payment, in its order: it asks who it is, says what it waits for, reads the
card, asks the gateway for a charge, goes on with the card, asks for the payment, and shows it. A
till that finds a payment whose end it does not know looks it up, and reverses it if nobody can be
waiting any more. It is killed while the card holds each of its commands, before and after each of
its requests reaches the gateway, and before each of its words is seen.
"""

import asyncio
import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from terminals.bench_reader.slot import Torn
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.till import CUSTOMER_WAITS_MS
from tests.bench_reader.bench import Bench
from tests.bench_reader.road import Road
from tests.bench_reader.till import CardTill
from tests.bench_reader.till_process import ForkedTill
from tests.gateway.cards import PIN, wallet_card
from tests.gateway.harness import House

COMMANDS = ["SELECT", "GET CHALLENGE", "AUTHENTICATE", "VERIFY", "PAY"]
REQUESTS = ["me", "invitations", "payments"]
WORDS = ["tap the card", "PAID"]
DEBITED = {"after payments", "PAID"}


class KillsAt:
    """A card that kills the till when it hears a command, and is pulled out by its falling hand."""

    def __init__(self, program: WalletProgram, at: int, kill: Callable[[], None]) -> None:
        self._program = program
        self._at = at
        self._kill = kill
        self._asked = 0
        self.atr = program.atr

    def power(self) -> None:
        self._program.power()

    def process(self, question: bytes) -> bytes:
        self._asked += 1
        answer = self._program.process(question)
        if self._asked == self._at:
            self._kill()
            raise Torn
        return answer


class Counter:
    """A till and a customer with a card, before and after the till was killed."""

    def __init__(self, road: Road, till: CardTill, bench: Bench) -> None:
        self._road = road
        self._bench = bench
        self.till = till

    async def killed(self, program: WalletProgram, step: str, now_ms: int) -> None:
        at = COMMANDS.index(step) + 1 if step in COMMANDS else 0
        victim = ForkedTill(last_words=step if step in WORDS else "")
        self._road.at, self._road.act = step, victim.kill
        words = [*self.till.words, "--amount", "500.00", "--order", "A-17"]
        with self._bench.holding(KillsAt(program, at, victim.kill)):
            victim.start(words, f"{PIN}\n", now_ms, self._bench.daemon.environment)
            assert await asyncio.to_thread(victim.end) == -signal.SIGKILL
        self._road.at = ""

    async def started_again(self, program: WalletProgram) -> int:
        with self._bench.holding(program):
            code, _ = await self.till.take("500.00", keys=f"{PIN}\n")
        return code


@pytest.fixture
async def counter(funded: House, bench: Bench, tmp_path: Path) -> AsyncIterator[Counter]:
    till = CardTill(funded, bench, tmp_path)
    async with Road(funded) as road:
        till.words[till.words.index(funded.base)] = road.base
        yield Counter(road, till, bench)


async def receipted(house: House, receipt: str) -> tuple[str, int]:
    """The payment of the receipt, as the gateway has it: its state, and what came back."""
    [payment] = re.findall("pay_[a-z2-7]{32}", receipt)
    body = (await house.operator.get(f"/v1/payments/{payment}")).body
    return body["status"], body["refunded_minor"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [
        *COMMANDS,
        *(f"{when} {name}" for name in REQUESTS for when in ("before", "after")),
        *WORDS,
    ],
)
async def test_a_till_that_is_killed_at_any_step_debits_once(
    funded: House, counter: Counter, step: str
) -> None:
    _, program = await wallet_card(funded)

    await counter.killed(program, step, funded.clock.now_ms())

    assert not counter.till.receipt.exists()
    assert await funded.available() == (50_000 if step in DEBITED else 100_000)
    assert await counter.started_again(program) == 0
    assert "*** PAID ***" in counter.till.receipt.read_text()
    assert await receipted(funded, counter.till.receipt.read_text()) == ("captured", 0)
    assert await funded.available() == 50_000


@pytest.mark.slow
@pytest.mark.parametrize("request_name", ["lookup", "reverse"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_till_that_is_killed_again_while_it_finds_out_debits_once(
    funded: House, counter: Counter, request_name: str, when: str
) -> None:
    """It reverses what is so old that its customer has gone; the next one pays."""
    _, program = await wallet_card(funded)
    await counter.killed(program, "after payments", funded.clock.now_ms())
    if request_name == "reverse":
        funded.clock.advance(CUSTOMER_WAITS_MS + 1)

    await counter.killed(program, f"{when} {request_name}", funded.clock.now_ms())

    assert not counter.till.receipt.exists()
    undone = (when, request_name) == ("after", "reverse")
    assert await funded.available() == (100_000 if undone else 50_000)
    assert await counter.started_again(program) == 0
    assert await receipted(funded, counter.till.receipt.read_text()) == ("captured", 0)
    assert await funded.available() == 50_000
