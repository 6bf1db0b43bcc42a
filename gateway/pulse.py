"""The pulse of each partition: does it answer a heartbeat, and if not, since when?

A heartbeat passes the same queue as payments. Ray sees when a partition's process has ended, and
starts the next one; one that lives and does not answer is seen here alone.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

import msgspec

from actors.frame import Heartbeat, decode_statistics, encode
from actors.runtime import PartitionUnavailable
from actors.socket_road import SocketRoad
from gateway.logs import get

# Heartbeats that may be missed: on a busy machine one comes late now and then.
MISSED_MAX = 2

_log = get("pulse")

Locate = Callable[[int], Awaitable[tuple[int, str]]]  # process and socket of a partition


class Seen(msgspec.Struct):
    """When the process was last known to work, by the monotonic clock; and what it missed since."""

    pid: int
    at_s: float
    missed: int = 0


class Pulse:
    """heartbeat_s: how long one may take."""

    def __init__(self, locate: Locate, heartbeat_s: int) -> None:
        self._locate = locate
        self._heartbeat_s = heartbeat_s
        self._road = SocketRoad(self._resolve)
        self._seen: dict[int, Seen] = {}
        self._stopped: set[int] = set()  # those of which it was said

    async def beats(self, partition: int) -> bool:
        try:
            async with asyncio.timeout(self._heartbeat_s):
                answer = await self._road.send(partition, encode(Heartbeat()))
        except (PartitionUnavailable, TimeoutError):
            if partition in self._seen:
                self._seen[partition].missed += 1
            return False
        statistics = decode_statistics(answer)
        seen = self._note(partition, statistics.pid)
        seen.at_s, seen.missed = time.monotonic(), 0
        if statistics.damage and partition not in self._stopped:
            self._stopped.add(partition)
            _log.error(
                "a partition has stopped", partition=partition, problem=statistics.damage
            )
        return True

    def silent_process(self, partition: int) -> int | None:
        """The process that we last saw, if that is too long ago. It may have ended since.

        Counted too: if somebody stopped us in the middle of a heartbeat, the one that we missed
        is no silence of the partition's.
        """
        seen = self._seen.get(partition)
        if seen is None or seen.missed < MISSED_MAX:
            return None
        late_s = time.monotonic() - seen.at_s
        return seen.pid if late_s > MISSED_MAX * self._heartbeat_s else None

    def forget(self) -> None:
        """All partitions start anew."""
        self._seen.clear()
        self._stopped.clear()

    async def close(self) -> None:
        await self._road.close()

    async def _resolve(self, partition: int) -> str:
        pid, path = await self._locate(partition)
        self._note(partition, pid)
        return path

    def _note(self, partition: int, pid: int) -> Seen:
        seen = self._seen.get(partition)
        if seen and seen.pid == pid:
            return seen
        if seen:
            _log.warning("a partition ended and was started again", partition=partition)
        self._seen[partition] = Seen(pid, time.monotonic())
        return self._seen[partition]
