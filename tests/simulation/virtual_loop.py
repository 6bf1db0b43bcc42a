"""A loop whose time is a number: when everybody waits, it jumps to the next timer.

So an hour of timeouts costs nothing, and the same calls always run in the same order.
"""

import asyncio
from typing import Any


class Stuck(Exception):
    """Everybody waits, and no timer will wake anyone."""


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._selector = self
        self._clock_resolution = 1e-9

    def time(self) -> float:
        return self._now_s

    async def pause(self, seconds: float) -> None:
        done = self.create_future()
        timer = self.call_later(seconds, _wake, done)
        try:
            await done
        finally:
            timer.cancel()

    def select(self, timeout_s: float | None) -> list[Any]:
        """What a selector does: wait. There are no sockets, so nothing ever happens meanwhile."""
        if timeout_s is None:
            raise Stuck
        self._now_s += max(timeout_s, 0.0)
        return []

    def _process_events(self, event_list: list[Any]) -> None:
        assert not event_list, "there are no sockets here"


def _wake(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
