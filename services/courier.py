"""The courier: brings to each webhook what it is owed, at least once, in order for each payment.

Each webhook has a round of its own, so a slow one holds up nobody else. A round brings one delivery
of each of some payments at once, writes down what became of them, and goes on while more is due.

What fails is tried again later and later, at a moment with chance in it, so that a receiver that
comes back is not met by everybody in one second. A webhook that fails several times in a row rests:
until something arrives there, one delivery now and then finds out whether it is back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from ledger.clock import SECOND_MS, Clock
from services.outbox import Delivery, Ended, Outbox
from services.store import StoreUnavailable

# Deliveries to one webhook under way at a time: at 50 ms each some 300 a second, and no more
# connections than a small server bears.
PARALLEL = 16
# Between attempts: 1, 2, 4 … 600 seconds, each half as long to half as long again.
FIRST_WAIT_MS = SECOND_MS
WAIT_MAX_MS = 600 * SECOND_MS
# After so many failures in a row a webhook rests; a look whether it is back comes within a minute.
FAILURES_BEFORE_REST = 3
REST_MAX_MS = 60 * SECOND_MS

# Brings one delivery; returns what was wrong, or nothing.
Bring = Callable[[Delivery], Awaitable[str]]


class Courier:
    """bring: ends within a bounded time, and raises nothing. dice: for the moments of retries."""

    def __init__(self, outbox: Outbox, bring: Bring, *, clock: Clock, dice: Random) -> None:
        self._outbox = outbox
        self._bring = bring
        self._clock = clock
        self._dice = dice
        self._rounds: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._rests_until_ms: dict[str, int] = {}

    async def step(self) -> None:
        """Begin a round for each webhook that is owed something and has none."""
        due = await asyncio.to_thread(self._outbox.webhooks_due, self._clock.now_ms())
        for webhook in due:
            if webhook in self._rounds or self._rests(webhook):
                continue
            self._rounds[webhook] = asyncio.create_task(self._round(webhook))

    async def settle(self) -> None:
        """Until no round is under way."""
        while self._rounds:
            await asyncio.gather(*list(self._rounds.values()))

    async def stop(self) -> None:
        """What is under way is left, and brought again by whoever comes next."""
        rounds = list(self._rounds.values())
        for task in rounds:
            task.cancel()
        await asyncio.gather(*rounds, return_exceptions=True)

    def _rests(self, webhook: str) -> bool:
        return self._clock.now_ms() < self._rests_until_ms.get(webhook, 0)

    async def _round(self, webhook: str) -> None:
        try:
            await self._bring_all(webhook)
        except StoreUnavailable:
            pass  # what was brought and not written down comes again
        finally:
            del self._rounds[webhook]

    async def _bring_all(self, webhook: str) -> None:
        while not self._rests(webhook):
            fails = self._failures.get(webhook, 0) >= FAILURES_BEFORE_REST
            now_ms, limit = self._clock.now_ms(), 1 if fails else PARALLEL
            due = await asyncio.to_thread(self._outbox.due, webhook, now_ms, limit)
            if not due:
                return
            problems = await asyncio.gather(*[self._bring(delivery) for delivery in due])
            ended = [
                Ended(delivery, problem, self._next_ms(delivery.attempts) if problem else 0)
                for delivery, problem in zip(due, problems, strict=True)
            ]
            await asyncio.to_thread(self._outbox.record, ended, self._clock.now_ms())
            self._note(webhook, problems)

    def _note(self, webhook: str, problems: list[str]) -> None:
        """Anything that arrived shows that the webhook is there."""
        if not all(problems):
            self._failures[webhook] = 0
            return
        failures = self._failures.get(webhook, 0) + len(problems)
        self._failures[webhook] = failures
        if failures >= FAILURES_BEFORE_REST:
            wait_ms = min(self._wait_ms(failures - FAILURES_BEFORE_REST), REST_MAX_MS)
            self._rests_until_ms[webhook] = self._clock.now_ms() + wait_ms

    def _next_ms(self, attempts: int) -> int:
        return self._clock.now_ms() + self._wait_ms(attempts)

    def _wait_ms(self, attempts: int) -> int:
        wait_ms = min(FIRST_WAIT_MS << min(attempts, 20), WAIT_MAX_MS)
        return wait_ms // 2 + self._dice.randrange(wait_ms)
