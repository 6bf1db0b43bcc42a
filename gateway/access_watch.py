"""Who lost access is refused within a second, by every gateway process.

A gateway remembers for seconds who holds which key, and keeps connections and streams open for
hours. So it looks at one number of the store (services/access_revision.py) twice in a second, a
read of some 50 µs in a thread; when that has grown it forgets what it remembers and asks again, for
every open connection, whether its holder may still be there. When the store does not answer, what
is remembered ends by its own age (services/principal_cache.py), and nothing new is let in.

One after the other, the last of two thousand connections would wait for all before it: a slow
store would keep it open for longer than the second that is promised. So several are asked for at
once; not all, for those look-ups share threads with the ones that new requests wait for.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

from gateway.logs import get
from services.access_revision import access_revision
from services.store import Store, StoreUnavailable

# Half of what is promised: the look itself, and a loop that is busy, take their part.
LOOK_S = 0.4

# Look-ups at a time; a process has some six threads for them (asyncio.to_thread).
AT_ONCE = 8

Recheck = Callable[[], Awaitable[None]]

_log = get("gateway.access_watch")


class AccessWatch:
    """forget: what is remembered of keys. rechecks: one for each that is open just now."""

    def __init__(
        self,
        store: Store,
        forget: Callable[[], None],
        rechecks: Sequence[Callable[[], Iterable[Recheck]]],
    ) -> None:
        self._store = store
        self._forget = forget
        self._rechecks = rechecks
        self._seen: int | None = None

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_S)

    async def look(self) -> None:
        try:
            now = await asyncio.to_thread(access_revision, self._store)
        except StoreUnavailable:
            _log.warning("who lost access could not be read")
            return
        if now == self._seen:
            return
        first, self._seen = self._seen is None, now
        self._forget()
        if not first:
            waiting = [one for of_kind in self._rechecks for one in of_kind()]
            await asyncio.gather(*[_work_off(waiting) for _ in range(AT_ONCE)])


async def _work_off(waiting: list[Recheck]) -> None:
    while waiting:
        await waiting.pop()()
