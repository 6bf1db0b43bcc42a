"""The till's process is killed at every step: never two debits, never a receipt without a payment.

Each time it is started again, finishes what it owes and goes on; in the end the totals tie.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ledger.clock import SystemClock
from terminals.till_day import Day, DayEnd
from terminals.till_journal import TillJournal
from tests.terminals.real_gateway import BadRoad
from tests.terminals.till_world import LOOK_UPS, PAYS

KILLED = -signal.SIGKILL
PLAIN = ["begin", "payments", "write", "print", "shown"]
REVERSING = ["lookup", "write", "reverse", "print", "shown"]
REFUNDING = ["begin", "refund", "write", "print", "shown"]


class Doomed:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def do(self, **order: Any) -> int:
        """The exit code of the till: 0, or -9 where it was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(60):
            return int(await self._process.stdout.readline())


@asynccontextmanager
async def doomed(url: str, folder: Path) -> AsyncIterator[Doomed]:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.terminals.doomed_till", url, str(folder)],
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        yield Doomed(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def steps(names: list[str]) -> list[str]:
    return [f"{side}{name}" for name in names for side in "<>"]


def paid_receipts(folder: Path) -> list[str]:
    return [file.read_text() for file in folder.glob("*-PAID.receipt")]


async def spent_minor(road: BadRoad) -> int:
    await road.land()
    return 125_000 - await road.balance_minor()


async def day_of(road: BadRoad, folder: Path) -> Day:
    journal = TillJournal(folder, os.urandom)
    day = await DayEnd(road.gateway, journal, SystemClock()).look()
    journal.close()
    assert isinstance(day, Day)
    return day


@pytest.mark.slow
async def test_killed_at_every_step_of_a_sale(road: BadRoad, tmp_path: Path) -> None:
    async with doomed(road.url, tmp_path) as till:
        for number, step in enumerate(steps(PLAIN)):
            sale = {"code": await road.code(), "order": f"A-{number}", "minor": 1_000}
            before = await spent_minor(road)

            assert await till.do(die_at=step, **sale) == KILLED
            assert await till.do(settle=True) == 0

            assert await spent_minor(road) - before in {0, 1_000}, step

    await everything_ties(road, tmp_path)


@pytest.mark.slow
async def test_killed_at_every_step_of_a_reversal(road: BadRoad, tmp_path: Path) -> None:
    doubt = ["unheard", *PAYS[1:], *LOOK_UPS]
    async with doomed(road.url, tmp_path) as till:
        for number, step in enumerate(steps(REVERSING)):
            sale = {"code": await road.code(), "order": f"B-{number}", "minor": 1_000}
            road.script[:] = doubt

            assert await till.do(die_at=step, **sale) == KILLED
            road.script.clear()
            assert await till.do(settle=True) == 0

    await everything_ties(road, tmp_path)


@pytest.mark.slow
async def test_killed_at_every_step_of_a_refund(road: BadRoad, tmp_path: Path) -> None:
    async with doomed(road.url, tmp_path) as till:
        sale = {"code": await road.code(), "order": "C-1", "minor": 100_000}
        assert await till.do(**sale) == 0
        [paid] = paid_receipts(tmp_path)
        payment = paid.splitlines()[-1]
        for step in steps(REFUNDING):
            before = await spent_minor(road)

            assert await till.do(die_at=step, payment=payment, minor=1_000) == KILLED
            assert await till.do(settle=True) == 0

            # Asked for once by the cashier, given back once, if at all.
            expected = 0 if step == "<begin" else 1_000
            assert before - await spent_minor(road) == expected, step

    await everything_ties(road, tmp_path)


async def everything_ties(road: BadRoad, folder: Path) -> None:
    """The till's books, the gateway's, the wallet and the paper all say the same."""
    day = await day_of(road, folder)
    sales_minor = sum(total.sales_minor for total in day.totals)
    net_minor = sum(total.net_minor for total in day.totals)

    assert (day.differences, day.still_open) == ((), 0)
    assert net_minor == await spent_minor(road)
    receipts = paid_receipts(folder)
    assert len(receipts) == sum(total.sales for total in day.totals)
    assert all("*** PAID ***" in receipt for receipt in receipts)
    assert sales_minor >= net_minor
