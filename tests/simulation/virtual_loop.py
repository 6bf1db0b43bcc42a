"""A loop whose time is a number: when everybody waits, it jumps to the next timer.

So an hour of timeouts costs nothing, and the same calls always run in the same order. It is leaner
than asyncio's own: no sockets, no threads, no contexts. What a callback raises ends the run.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from typing import Any, TypeVarTuple

Ts = TypeVarTuple("Ts")


class Stuck(Exception):
    """Everybody waits, and no timer will wake anyone."""


class _Call(asyncio.TimerHandle):
    """Something to be done. Only what asyncio looks at, without the rest."""

    __slots__ = ("ended",)

    def __init__(self, when_s: float, callback: Callable[..., object], args: Any) -> None:
        self._when = when_s
        self._callback = callback
        self._args = args
        self.ended = False

    def cancel(self) -> None:
        self.ended = True

    def cancelled(self) -> bool:
        return self.ended

    def run(self) -> None:
        if not self.ended:
            self._callback(*self._args)


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._now_s = 0.0
        self._soon: deque[_Call] = deque()
        self._timers: list[tuple[float, int, _Call]] = []
        self._count = 0  # among timers of the same moment, the first is first

    def time(self) -> float:
        return self._now_s

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> _Call:
        call = _Call(self._now_s, callback, args)
        self._soon.append(call)
        return call

    def call_at(
        self,
        when: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> _Call:
        call = _Call(when, callback, args)
        self._count += 1
        heappush(self._timers, (when, self._count, call))
        return call

    def call_later(
        self,
        delay: float,
        callback: Callable[[*Ts], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> _Call:
        return self.call_at(self._now_s + delay, callback, *args)

    async def pause(self, seconds: float) -> None:
        done = self.create_future()
        timer = self.call_at(self._now_s + seconds, _wake, done)
        try:
            await done
        finally:
            timer.cancel()

    def _run_once(self) -> None:
        """One turn of asyncio's run_forever()."""
        soon, timers = self._soon, self._timers
        if not soon:
            while timers and timers[0][2].ended:
                heappop(timers)
            if not timers:
                raise Stuck
            self._now_s = max(self._now_s, timers[0][0])
            while timers and timers[0][0] <= self._now_s:
                soon.append(heappop(timers)[2])
        for _ in range(len(soon)):
            soon.popleft().run()


def _wake(done: asyncio.Future[None]) -> None:
    if not done.done():
        done.set_result(None)
