"""The till's process is killed at every step of a payment by card: one debit, and no false receipt.

What a till does in one payment, in its order: it asks who it is, reads the card, asks the gateway
for a charge, goes on with the card, and asks for the payment. It is killed while the card holds
each of its commands, and before and after each of its requests reaches the gateway.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from channels.web.demo import demo_key
from terminals.bench_reader.slot import Torn
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.pos_options import KEY_VARIABLE
from tests.bench_reader.bench import Bench
from tests.bench_reader.till import CardTill
from tests.gateway.cards import wallet_card
from tests.gateway.harness import House
from tests.house.tree import ROOT

COMMANDS = ["SELECT", "GET CHALLENGE", "AUTHENTICATE", "PAY"]
REQUESTS = ["me", "invitations", "payments"]


# `airside pos`, without the other commands and their second of imports.
POS = """
import argparse, asyncio, os, sys
from ledger.clock import SystemClock
from terminals.pos import Console, run
from terminals.pos_options import add_options
parser = argparse.ArgumentParser()
add_options(parser)
console = Console(keys=sys.stdin, out=sys.stdout, environ=os.environ,
                  clock=SystemClock(), sleep=asyncio.sleep)
sys.exit(run(parser.parse_args(), console))
"""


class Victim:
    """A till that is a process of its own. It is killed once."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, words: list[str]) -> None:
        environment = os.environ | {
            KEY_VARIABLE: demo_key("lounge"),
            "PYTHONPATH": str(ROOT),
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", POS, *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


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


@asynccontextmanager
async def road(house: House, at: str, victim: Victim) -> AsyncIterator[str]:
    """To the gateway: it kills the till before or after the request of this name arrives."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        name = head.split(b" ")[1].decode().rpartition("/")[2]
        length = [part for part in head.lower().split(b"\r\n") if b"content-length" in part]
        body = await reader.readexactly(int(length[0].split(b":")[1]) if length else 0)
        if at == f"before {name}" and victim.is_alive:
            await asyncio.to_thread(victim.kill)
        else:
            far, out = await asyncio.open_connection("127.0.0.1", house.port)
            out.write(head + body)
            answer = await far.read()
            out.close()
            if at == f"after {name}" and victim.is_alive:
                await asyncio.to_thread(victim.kill)
            writer.write(answer)
        writer.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def killed_and_started_again(
    house: House, bench: Bench, folder: Path, step: str
) -> tuple[CardTill, int, int]:
    """The till, what was available after the kill, and the exit code of its next start."""
    _, program = await wallet_card(house)
    till, victim = CardTill(house, bench, folder), Victim()
    at = COMMANDS.index(step) + 1 if step in COMMANDS else 0
    async with road(house, step, victim) as base:
        words = [base if word == house.base else word for word in till._words]
        with bench.holding(KillsAt(program, at, victim.kill)):
            victim.start([*words, "--amount", "20.00", "--order", "A-17"])
            assert victim.process is not None
            assert await asyncio.to_thread(victim.process.wait, 30) == -signal.SIGKILL
        left = await house.available()
        till._words[:] = words
        with bench.holding(program):
            code, _ = await till.take("20.00")
    return till, left, code


@pytest.mark.slow
@pytest.mark.parametrize(
    "step",
    [*COMMANDS, *(f"{when} {name}" for name in REQUESTS for when in ("before", "after"))],
)
async def test_a_till_that_is_killed_at_any_step_debits_once(
    funded: House, bench: Bench, tmp_path: Path, step: str
) -> None:
    receipt_after_kill = tmp_path / "receipt-0.txt"

    till, left, code = await killed_and_started_again(funded, bench, tmp_path, step)

    assert left == (98_000 if step == "after payments" else 100_000)
    assert code == 0
    assert "*** PAID ***" in receipt_after_kill.read_text()
    assert till.receipt == receipt_after_kill
    assert await funded.available() == 98_000
