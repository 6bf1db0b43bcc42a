"""0500: the totals of a batch, ours beside the till's.

Ours are told from the journal a moment after the answer (services/bookkeeping.py). So a till's
figures are judged once the journals are told up to where they stood when it asked; a till asks
when it owes nothing, so its batch is in there, whole.
"""

import asyncio
from collections.abc import Awaitable, Callable

from channels.iso8583 import answers
from channels.iso8583.reading import (
    APPROVED,
    DIFFERENCE,
    DUPLICATE,
    UNAVAILABLE,
    MessageRefused,
    Trace,
    currency_of,
    require,
)
from ledger.clock import Clock
from ledger.errors import StoreUnreachable, StoreUnreadable
from ledger.journal import Store as Journals
from ledger.keys import key_digest
from services.bookkeeping import read_places
from services.store import Store
from services.terminal_totals import Closing, OtherFigures, close_batch
from services.terminals import Terminal
from terminals.iso8583 import profile
from terminals.iso8583.message import Message

# The bookkeeper is behind by a tenth of a second; after a break it may be by more. Then the till
# asks again, as for any answer of 91.
PATIENCE_MS = 3_000
LOOK_S = 0.05

Sleep = Callable[[float], Awaitable[None]]


class Counting:
    def __init__(
        self,
        store: Store,
        journals: Journals,
        partitions: int,
        *,
        clock: Clock,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._journals = journals
        self._partitions = partitions
        self._clock = clock
        self._sleep = sleep

    async def close(
        self, terminal: Terminal, message: Message, trace: Trace
    ) -> answers.Elements:
        """Raises MessageRefused, StoreUnavailable."""
        require(message, "74", "76", "77", "86", "88", "89")
        currency = currency_of(message, profile.SETTLEMENT_CURRENCY)
        await self._caught_up()
        try:
            closing = await self._closing(terminal, message, trace, currency)
        except OtherFigures:
            raise MessageRefused(DUPLICATE, "key_reused") from None
        code = APPROVED if closing.number else DIFFERENCE
        return answers.of_totals(closing.totals, code)

    async def _closing(
        self, terminal: Terminal, message: Message, trace: Trace, currency: str
    ) -> Closing:
        return await asyncio.to_thread(
            close_batch,
            self._store,
            terminal.principal,
            currency,
            answers.totals_of(message),
            request=key_digest(terminal.principal, f"{currency}.{trace.key}"),
            now_ms=self._clock.now_ms(),
        )

    async def _caught_up(self) -> None:
        """Wait until all is told that was in the journals when this was called."""
        tips = await asyncio.to_thread(self._tips)
        deadline_ms = self._clock.now_ms() + PATIENCE_MS
        while True:
            places = await asyncio.to_thread(read_places, self._store)
            if all(places.get(partition, 0) >= tip for partition, tip in tips.items()):
                return
            if self._clock.now_ms() >= deadline_ms:
                raise MessageRefused(UNAVAILABLE, "totals_are_behind")
            await self._sleep(LOOK_S)

    def _tips(self) -> dict[int, int]:
        """The last entry of each journal. One that cannot be read now cannot be counted either."""
        tips = {}
        for partition in range(self._partitions):
            try:
                reader = self._journals.reader(partition)
            except StoreUnreadable:
                continue  # there is none yet
            try:
                tips[partition] = reader.tip().seq
            except StoreUnreachable:
                raise MessageRefused(UNAVAILABLE, "totals_are_behind") from None
            finally:
                reader.close()
        return tips
