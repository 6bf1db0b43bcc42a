"""A till that is killed where it is told: `python -m tests.terminals.doomed_till URL FOLDER`.

It reads what to do as lines of JSON, forks for each, and says how the child ended. A child that
reaches its step is killed by SIGKILL there, as a power cut would: nothing is flushed, nothing is
closed. Steps are named by what is done, with `<` before and `>` after it: `<payments`, `>write`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from channels.web.demo import demo_key
from ledger.clock import SystemClock
from ledger.money import Money
from terminals.attempt import Attempt, FollowUp, Origin, Sale
from terminals.gateway_answer import Answer
from terminals.gateway_client import GatewayClient
from terminals.pos_screen import receipt
from terminals.till import Till, TillParts
from terminals.till_journal import TillJournal
from terminals.till_proof import ApiKey


class Order(msgspec.Struct):
    """payment: refund this one, instead of a sale. settle: finish what is owed, and nothing new."""

    die_at: str = ""
    code: str = ""
    order: str = ""
    minor: int = 0
    payment: str = ""
    settle: bool = False


class Doom:
    def __init__(self, step: str) -> None:
        self._step = step

    def pass_by(self, step: str) -> None:
        if step == self._step:
            os.kill(os.getpid(), signal.SIGKILL)


class DoomedJournal(TillJournal):
    def __init__(self, folder: Path, doom: Doom) -> None:
        super().__init__(folder, os.urandom)
        self._doom = doom

    def begin(self, *args: Any) -> Attempt:
        begun: Attempt = self._do("begin", lambda: super(DoomedJournal, self).begin(*args))
        return begun

    def write(self, attempt: Attempt) -> None:
        self._do("write", lambda: super(DoomedJournal, self).write(attempt))

    def shown(self, attempt: Attempt) -> None:
        self._do("shown", lambda: super(DoomedJournal, self).shown(attempt))

    def _do(self, name: str, act: Callable[[], Any]) -> Any:
        self._doom.pass_by(f"<{name}")
        done = act()
        self._doom.pass_by(f">{name}")
        return done


class DoomedGateway:
    def __init__(self, far: GatewayClient, doom: Doom) -> None:
        self._far = far
        self._doom = doom

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return await self._far.get(path, timeout_ms=timeout_ms)

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        name = path.rpartition("/")[2]
        self._doom.pass_by(f"<{name}")
        try:
            return await self._far.post(path, body, key=key, timeout_ms=timeout_ms)
        finally:
            self._doom.pass_by(f">{name}")


async def at_once(_seconds: float) -> None:
    """Nobody waits: the gateway's clock stands still too."""


async def work(url: str, folder: Path, order: Order) -> None:
    doom = Doom(order.die_at)
    journal = DoomedJournal(folder, doom)
    async with GatewayClient(url, ApiKey(demo_key("lounge"))) as far:
        till = Till(
            TillParts(
                gateway=DoomedGateway(far, doom),
                journal=journal,
                origin=Origin(url, "prn_till"),
                clock=SystemClock(),
                sleep=at_once,
                tell=lambda _line: None,
            )
        )
        if order.settle:
            for attempt in till.owed():
                show(till, await till.settle(attempt), folder, doom)
        elif order.payment:
            amount = Money(order.minor, "QAR")
            refund = FollowUp("refund", order.payment, amount)
            show(till, await till.follow(refund), folder, doom)
        else:
            amount = Money(order.minor, "QAR")
            sale = Sale(amount, order.order, "DOH-L1", "till_b12", order.code)
            show(till, await till.take(sale), folder, doom)
    journal.close()


def show(till: Till, ended: Attempt, folder: Path, doom: Doom) -> None:
    """Print the receipt, as a till does: between the end and its being noted as shown."""
    assert ended.result is not None
    doom.pass_by("<print")
    if ended.result.payment is not None:
        file = folder / f"{ended.seq}-{ended.result.outcome.value}.receipt"
        file.write_text(receipt(ended.result.payment))
    doom.pass_by(">print")
    till.shown(ended)


def main() -> None:
    url, folder = sys.argv[1], Path(sys.argv[2])
    for line in sys.stdin.buffer:
        order = msgspec.json.decode(line, type=Order)
        child = os.fork()
        if not child:
            asyncio.run(work(url, folder, order))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
