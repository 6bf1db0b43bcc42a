"""A road that can fail, over the in-process runtime."""

import asyncio
from collections import deque
from enum import Enum, auto

from actors.local_runtime import LocalRuntime
from actors.runtime import PartitionUnavailable
from ledger.clock import ManualClock
from ledger.errors import Happened


class Fate(Enum):
    """What becomes of a frame."""

    ARRIVES = auto()
    NEVER_LEAVES = auto()
    LOSES_ITS_ANSWER = auto()


class LossyRoad:
    """Frames meet their fates in the order in which they are sent; without one they arrive.

    sent: set whenever a frame has been handled. hold() stops frames on their way, after
    `stopped` is set, until release().
    """

    def __init__(self, runtime: LocalRuntime, clock: ManualClock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._fates: deque[tuple[Fate, int]] = deque()
        self._open = asyncio.Event()
        self._open.set()
        self.sent = asyncio.Event()
        self.stopped = asyncio.Event()
        self.down: set[int] = set()

    def meet(self, fate: Fate, *, times: int = 1, within_ms: int = 0) -> None:
        """The next frames meet this fate; each takes that long to be known to."""
        self._fates.extend([(fate, within_ms)] * times)

    def hold(self) -> None:
        self._open.clear()
        self.stopped.clear()

    def release(self) -> None:
        self._open.set()

    async def send(self, partition: int, frame: bytes) -> bytes:
        if not self._open.is_set():
            self.stopped.set()
            await self._open.wait()
        if partition in self.down:
            raise PartitionUnavailable(partition, Happened.NO)
        fate, within_ms = self._fates.popleft() if self._fates else (Fate.ARRIVES, 0)
        self._clock.advance(within_ms)
        if fate is Fate.NEVER_LEAVES:
            raise PartitionUnavailable(partition, Happened.NO)
        answer = await self._runtime.send(partition, frame)
        self.sent.set()
        if fate is Fate.LOSES_ITS_ANSWER:
            raise PartitionUnavailable(partition, Happened.UNKNOWN)
        return answer

    async def close(self) -> None:
        """The runtime is closed by who made it."""
