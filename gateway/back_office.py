"""The back office: what is done from the journals after payments were answered. One for each
installation, in the supervisor's process; so a gateway that is killed takes nothing of it along.

The bookkeeper tells payments to the store. It keeps its place in the store, in the same transaction
as its work. All of it may be killed at any step, and goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from gateway.logs import get
from ledger.journal import Store as Journals
from services.bookkeeping import Bookkeeper
from services.store import Store, StoreUnavailable

# Between two looks at journals where nothing new was: how old a list of payments may be. Looking
# less often under load makes pages fuller and each payment cheaper.
LOOK_S = 0.1

_log = get("back office")

Sleep = Callable[[float], Awaitable[None]]


class OfficeParts(msgspec.Struct, frozen=True, kw_only=True):
    """What a back office stands on."""

    journals: Journals
    store: Store
    partitions: int


class BackOffice:
    def __init__(self, parts: OfficeParts) -> None:
        self._bookkeeper = Bookkeeper(parts.store, parts.journals, parts.partitions)

    async def run(self, sleep: Sleep = asyncio.sleep) -> None:
        """For as long as the installation lives."""
        while True:
            try:
                await asyncio.to_thread(self._bookkeeper.step)
            except StoreUnavailable:
                _log.warning("the store does not answer: lists of payments wait")
            await sleep(LOOK_S)

    def catch_up(self) -> None:
        """Tell all that there is: for tests and tools, which have no time to wait."""
        while self._bookkeeper.step():
            pass

    def close(self) -> None:
        self._bookkeeper.close()
