"""What a terminal moved, number by number: the other half of the end of its day."""

import asyncio
from collections.abc import Awaitable, Callable

from channels.outcome import unavailable
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, Route, scopes
from channels.terminal_wire import MovedView, TotalsBody, TotalsView
from ledger.clock import Clock
from ledger.errors import Happened, StoreUnreadable
from ledger.journal import Store as Journals
from services.bookkeeping import ends_of, has_told
from services.store import Store
from services.terminal_lines import RANGE_MAX, TooManyLines, moved_by

# The bookkeeper is some tenths of a second behind; a till at the end of its day can wait so long.
LOOKS, LOOK_S = 20, 0.1

Sleep = Callable[[float], Awaitable[None]]


class TerminalTotalsApi:
    def __init__(
        self,
        store: Store,
        journals: Journals,
        partitions: int,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._journals = journals
        self._partitions = partitions
        self._clock = clock
        self._sleep = sleep

    def routes(self) -> list[Route]:
        return [
            Route(
                method="POST", path="/v1/terminals/me/totals", handler=self.totals,
                scopes=scopes("payments"), body=TotalsBody, answers={200: TotalsView},
                summary="What the calling terminal moved under these numbers of its keys",
                problems=(422,),
            ),
        ]  # fmt: skip

    async def totals(self, call: Call) -> Answer:
        body: TotalsBody = call.body
        if not body.first <= body.last < body.first + RANGE_MAX:
            raise bad_field(
                "$.last", f"`last` is at most {RANGE_MAX - 1} numbers after `first`."
            )
        await self._wait_until_told()
        try:
            moved = await asyncio.to_thread(
                moved_by,
                self._store,
                call.caller.id,
                key_of=lambda sequence: f"{body.journal}-{sequence}",
                first=body.first,
                last=body.last,
                # By our clock: a terminal that shows an API key may have any time at all.
                since_ms=self._clock.now_ms() - (body.now_ms - body.since_ms),
            )
        except TooManyLines as error:
            detail = f"{error}.".capitalize()
            raise Problem(422, "too-many-lines", detail, field="$.since_ms") from None
        views = [
            MovedView(one.sequence, one.payment, one.currency, one.amount_minor)
            for one in moved
        ]
        return Answer(200, TotalsView(views))

    async def _wait_until_told(self) -> None:
        """Everything that is durable now must be in the answer: a total that lags is wrong."""
        try:
            ends = await asyncio.to_thread(ends_of, self._journals, self._partitions)
        except StoreUnreadable:
            raise unavailable("A journal cannot be read.", Happened.NO) from None
        for _ in range(LOOKS):
            if await asyncio.to_thread(has_told, self._store, ends):
                return
            await self._sleep(LOOK_S)
        raise unavailable("The books are behind: ask again in a moment.", Happened.NO)
