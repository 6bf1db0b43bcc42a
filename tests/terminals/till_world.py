"""The world of a till: a bad road to its gateway, power that fails, a wallet, a clock.

The road does to each request, in order, what the script says; then all goes well.

    ok                  it arrives, and its answer comes back
    lost                it never arrives
    unheard             it arrives, and its answer is lost
    cut                 it arrives, and half of its answer comes back
    late                the road keeps it, until `land` or the end of the script
    land                what was kept arrives first; then ok
    503, 422, 401       something on the way answers instead; so does a portal: portal
    dark                the till's power fails before it is sent
    unheard dark        it arrives; the till's power fails before the answer
    late dark           the road keeps it; the till's power fails
"""

import json
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

from ledger.clock import ManualClock
from ledger.errors import Happened
from terminals.attempt import Attempt, FollowUp, Origin, Outcome, Sale
from terminals.gateway_answer import Answer, Gateway, NoAnswer
from terminals.till import LOOKUPS, PAY_WAITS_MS, REVERSE_WAITS_MS, Till, TillParts
from terminals.till_journal import TillJournal
from tests.books import money

PAYS = ["lost"] * (len(PAY_WAITS_MS) + 1)
LOOK_UPS = ["lost"] * LOOKUPS
REVERSALS = ["lost"] * (len(REVERSE_WAITS_MS) + 1)

STANDING_IN = {
    "503": (503, "application/problem+json", {"detail": "Busy.", "happened": "no"}),
    "422": (422, "application/problem+json", {"detail": "Too old.", "happened": "no"}),
    "401": (401, "application/problem+json", {"detail": "Who?", "happened": "no"}),
    "portal": (200, "text/html", "Welcome to the airport!"),
}


class PowerLost(BaseException):
    """Everything that the till had in memory is gone."""


class Road(Protocol):
    """Between a till and its gateway."""

    gateway: Gateway
    script: list[str]
    asked: list[str]  # the last part of each path
    landed: list[int]  # the status of each late request that arrived

    async def code(self) -> str: ...
    async def balance_minor(self) -> int: ...
    async def land(self) -> None: ...


class FakeRoad:
    """Faults by calling, or not calling, a gateway in memory."""

    def __init__(self, gateway: Gateway, code: Callable[[], str]) -> None:
        self._far = gateway
        self._code = code
        self._kept: list[Callable[[], Awaitable[Answer]]] = []
        self.gateway: Gateway = self
        self.script: list[str] = []
        self.asked: list[str] = []
        self.landed: list[int] = []

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return await self._far.get(path, timeout_ms=timeout_ms)

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        async def arrive() -> Answer:
            return await self._far.post(path, body, key=key, timeout_ms=timeout_ms)

        self.asked.append(path.rpartition("/")[2])
        match self.script.pop(0) if self.script else "ok":
            case "ok":
                return await arrive()
            case "lost":
                raise NoAnswer(Happened.UNKNOWN)
            case "unheard":
                await arrive()
                raise NoAnswer(Happened.UNKNOWN)
            case "cut":
                answer = await arrive()
                return Answer(answer.status, answer.body[: len(answer.body) // 2])
            case "late":
                self._kept.append(arrive)
                raise NoAnswer(Happened.UNKNOWN)
            case "land":
                await self.land()
                return await arrive()
            case word:
                status, _, content = STANDING_IN[word]
                return Answer(status, json.dumps(content).encode())

    async def land(self) -> None:
        while self._kept:
            self.landed.append((await self._kept.pop(0)()).status)

    async def code(self) -> str:
        return self._code()

    async def balance_minor(self) -> int:
        raise NotImplementedError


class Mains:
    """The till's power: it fails where the script says."""

    def __init__(self, road: Road) -> None:
        self._road = road

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return await self._road.gateway.get(path, timeout_ms=timeout_ms)

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        word = self._road.script[0] if self._road.script else ""
        if not word.endswith("dark"):
            return await self._road.gateway.post(path, body, key=key, timeout_ms=timeout_ms)
        self._road.script[:1] = [word.removesuffix(" dark")] if " " in word else []
        try:
            if " " in word:
                await self._road.gateway.post(path, body, key=key, timeout_ms=timeout_ms)
        except NoAnswer:
            pass
        raise PowerLost


class World:
    """One till, one road, one wallet, and their clock."""

    def __init__(
        self, folder: Path, road: Road, clock: ManualClock, seed: int = 20_261_122
    ) -> None:
        self._folder = folder
        self._random = random.Random(seed)
        self.road = road
        self.clock = clock
        self.slept_ms: list[int] = []
        self.told: list[str] = []
        self.start()

    def start(self) -> None:
        """Switch the till on; it finds what it left on its disk."""
        self.journal = TillJournal(self._folder, self._random.randbytes)
        self.till = Till(
            TillParts(
                gateway=Mains(self.road),
                journal=self.journal,
                origin=Origin("http://gateway", "prn_till"),
                clock=self.clock,
                sleep=self._sleep,
                tell=self.told.append,
            )
        )

    async def _sleep(self, seconds: float) -> None:
        self.slept_ms.append(round(seconds * 1_000))
        self.clock.advance(round(seconds * 1_000))

    def close(self) -> None:
        self.journal.close()

    async def sale(self, amount: str = "240.00", order: str = "A-17") -> Sale:
        code = await self.road.code()
        return Sale(money(amount, "QAR"), order, "DOH-L1", "till_b12", code)

    async def take(self, *script: str, sale: Sale | None = None) -> str:
        """What the till shows."""
        self.road.script[:] = script
        return self.show(await self.till.take(sale or await self.sale()))

    async def follow(self, request: FollowUp, *script: str) -> str:
        self.road.script[:] = script
        return self.show(await self.till.follow(request))

    async def lose_power(self, *script: str) -> None:
        """Take a payment, or try to, until the power fails."""
        self.road.script[:] = script
        try:
            await self.till.take(await self.sale())
        except PowerLost:
            self.close()
        else:
            raise AssertionError("the power did not fail")

    async def start_again(self, *script: str, after_ms: int = 30_000) -> list[str]:
        """What the till shows of the attempts that it finds."""
        self.close()
        self.clock.advance(after_ms)
        self.road.asked.clear()
        self.road.script[:] = script
        self.start()
        return [self.show(await self.till.settle(each)) for each in self.till.owed()]

    def show(self, attempt: Attempt) -> str:
        assert attempt.result is not None
        self.till.shown(attempt)
        self.last = attempt.result
        return attempt.result.outcome.value

    async def payment_id(self) -> str:
        """Of a payment that was made just now."""
        assert await self.take() == Outcome.PAID
        assert self.last.payment is not None
        return self.last.payment.id
