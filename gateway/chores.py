"""What a gateway does again and again beside serving: write what it remembers, learn what others
did, and finish what was left half done.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from actors import garbage
from gateway.logs import get
from gateway.parts import Shared
from services.forgetting import learn_forgotten
from services.store import StoreUnavailable

# Order references are written beside the journal this often; losing some costs a label.
FLUSH_S = 0.25
# A limit that was set on another gateway holds here within this time: an indexed read each.
LIMITS_S = 0.5
# Between two looks at tickets and flights that are unfinished: an indexed read of each.
RESUME_S = 5.0
# What another process forgot is forgotten here within this time, as a disabled principal is
# (services/principal_cache.py).
LEARN_S = 5.0
# What the C library keeps of what was freed: megabytes an hour at most.
GIVE_BACK_S = 60.0
# A transaction commits a little after the moment that it wrote down.
LATE_MS = 60_000

Resume = Callable[[], Awaitable[object]]

_log = get("gateway.chores")


class Chores:
    """unfinished: what takes up again what was left half done."""

    def __init__(self, shared: Shared, unfinished: Sequence[Resume]) -> None:
        self._shared = shared
        self._unfinished = unfinished

    async def prepare(self) -> None:
        """Before anybody is served: a limit that is not known yet would not hold."""
        await self._learn_limits()

    async def run(self) -> None:
        """For as long as the gateway lives."""
        await asyncio.gather(
            _keep(
                FLUSH_S, self._flush, "order references could not be written, and are kept"
            ),
            _keep(LIMITS_S, self._learn_limits, "limits could not be read, and wait"),
            self._keep_resuming(),
            self._keep_forgetting(),
            _keep_giving_back(),
        )

    async def _flush(self) -> None:
        await asyncio.to_thread(self._shared.order_texts.flush)
        await asyncio.to_thread(self._shared.sightings.flush)

    async def _learn_limits(self) -> None:
        """Who set one on another gateway."""
        await asyncio.to_thread(self._shared.own_limits.learn)

    async def _keep_resuming(self) -> None:
        while True:
            await asyncio.sleep(RESUME_S)
            for resume in self._unfinished:
                try:
                    await resume()
                except StoreUnavailable:
                    _log.warning(
                        "unfinished tickets, flights or charges could not be read, and wait"
                    )
                except Exception as error:  # noqa: BLE001 — one flight that fails must not end all later rounds
                    _log.error("a round of what was unfinished failed", exc_info=error)

    async def _keep_forgetting(self) -> None:
        """What other processes forgot, and what their deletions left in the files."""
        clock = self._shared.parts.clock
        since_ms = clock.now_ms()
        while True:
            await asyncio.sleep(LEARN_S)
            asked_ms = clock.now_ms()
            try:
                await self.learn(since_ms - LATE_MS)
            except StoreUnavailable:
                continue  # asked again from the same moment
            except Exception as error:  # noqa: BLE001 — as below: it comes again
                _log.error("what others forgot could not be learned", exc_info=error)
                continue
            since_ms = asked_ms

    async def learn(self, since_ms: int) -> None:
        """Whom any process forgot since. Raises StoreUnavailable."""
        store = self._shared.parts.store
        self._shared.let_go(await asyncio.to_thread(learn_forgotten, store, since_ms))
        await asyncio.to_thread(store.sweep)


async def _keep(every_s: float, work: Callable[[], Awaitable[None]], trouble: str) -> None:
    while True:
        await asyncio.sleep(every_s)
        try:
            await work()
        except StoreUnavailable:
            _log.warning(trouble)
        except Exception as error:  # noqa: BLE001 — one round that fails must not end all later rounds
            _log.error("a chore failed, and comes again", exc_info=error)


async def _keep_giving_back() -> None:
    while True:
        await asyncio.sleep(GIVE_BACK_S)
        await asyncio.to_thread(garbage.give_back)
