"""Eight tills at once on a bad network, with power cuts: their days tie to the unit.

The long form, with processes that are killed and a whole installation: `make shift MINUTES=10`.
"""

import asyncio
import os
from pathlib import Path
from random import Random

import pytest

from ledger.clock import ManualClock
from terminals.attempt import Origin
from terminals.gateway_answer import Answer, Gateway
from terminals.gateway_client import GatewayClient
from terminals.pos_start import pair_till
from terminals.till_identity import read_identity
from terminals.till_journal import TillJournal
from terminals.till_proof import Signature
from tests.shift.clerk import Clerk, Closed, till_of
from tests.shift.cuts import Cuts
from tests.terminals.real_gateway import Operator
from tests.terminals.till_world import PowerLost

TILLS, CUSTOMERS = 8, 8
POWER_FAILS_EVERY = 25


class Mains:
    """The power fails now and then, before a request or behind it."""

    def __init__(self, far: Gateway, random: Random) -> None:
        self._far = far
        self._random = random
        self.is_whole = False

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return await self._far.get(path, timeout_ms=timeout_ms)

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        self._maybe()
        try:
            return await self._far.post(path, body, key=key, timeout_ms=timeout_ms)
        finally:
            self._maybe()

    def _maybe(self) -> None:
        if not self.is_whole and not self._random.randrange(POWER_FAILS_EVERY):
            raise PowerLost


async def at_once(_seconds: float) -> None:
    pass


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


async def work_a_shift(
    operator: Operator, folder: Path, clock: ManualClock, seed: int
) -> Closed:
    random = Random(seed)
    cuts = Cuts(operator.port, random)
    await cuts.open()
    _, code = await operator.register(f"till-{seed}")
    cuts.is_whole = True
    await pair_till(folder, cuts.url, code, lambda _line: None)
    cuts.is_whole = False
    identity = read_identity(folder)
    assert identity is not None
    origin = Origin(cuts.url, identity.terminal)
    async with GatewayClient(
        cuts.url, Signature(identity.signer, clock, os.urandom)
    ) as far:
        mains = Mains(far, random)
        for _ in range(CUSTOMERS):
            journal = TillJournal(folder, os.urandom)
            clerk = Clerk(till_of(journal, mains, origin, clock, at_once), journal, folder)
            try:
                await clerk.serve(random, operator.code)
            except PowerLost:
                pass
            finally:
                journal.close()
        mains.is_whole = cuts.is_whole = True
        journal = TillJournal(folder, os.urandom)
        clerk = Clerk(till_of(journal, mains, origin, clock, at_once), journal, folder)
        await operator.catch_up()
        await clerk.settle()
        await operator.catch_up()
        closed = await clerk.close()
        journal.close()
    await cuts.close()
    return closed


@pytest.mark.slow
async def test_eight_tills_with_cuts_tie_to_the_unit(
    operator: Operator, tmp_path: Path, clock: ManualClock
) -> None:
    before = await operator.balance_minor()
    keeper = asyncio.create_task(_keep_books(operator))

    closed = await asyncio.gather(
        *[
            work_a_shift(operator, made(tmp_path / f"till-{seed}"), clock, seed)
            for seed in range(TILLS)
        ]
    )
    keeper.cancel()

    for one in closed:
        assert (one.differences, one.still_open) == ((), 0)
        assert one.printed == one.sold
    assert sum(one.sold for one in closed) > TILLS
    spent_minor = before - await operator.balance_minor()
    assert sum(one.net_minor for one in closed) == spent_minor


async def _keep_books(operator: Operator) -> None:
    """As the back office of an installation does, all the time."""
    while True:
        await operator.catch_up()
