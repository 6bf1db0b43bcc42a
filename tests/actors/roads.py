"""Roads for tests: one that a test opens frame by frame, and one that breaks on command."""

import asyncio

from actors.frame import Commands, decode_request, encode
from actors.runtime import PartitionUnavailable, Road
from ledger.commands import Envelope
from ledger.errors import Happened
from ledger.replies import Noted


class HeldRoad:
    """Holds each frame until the test lets it go: `release()` answers the oldest."""

    def __init__(self) -> None:
        self.frames: list[list[Envelope]] = []
        self._answers: list[asyncio.Future[bytes]] = []

    async def send(self, partition: int, frame: bytes) -> bytes:
        request = decode_request(frame)
        assert isinstance(request, Commands)
        self.frames.append(request.envelopes)
        self._answers.append(asyncio.get_running_loop().create_future())
        return await self._answers[-1]

    def release(self, *, answer: bytes | None = None) -> None:
        number = next(n for n, future in enumerate(self._answers) if not future.done())
        noted = encode([Noted() for _ in self.frames[number]])
        self._answers[number].set_result(noted if answer is None else answer)

    def fail(self, error: BaseException) -> None:
        number = next(n for n, future in enumerate(self._answers) if not future.done())
        self._answers[number].set_exception(error)

    async def close(self) -> None:
        pass


class BreakingRoad:
    """A real road, on which frames to some partitions, or answers from them, are lost."""

    def __init__(self, road: Road) -> None:
        self._road = road
        self.shut: set[int] = set()  # frames to these do not arrive
        self.deaf: set[int] = set()  # frames arrive, and their answers do not
        self.sent: list[int] = []

    async def send(self, partition: int, frame: bytes) -> bytes:
        self.sent.append(partition)
        if partition in self.shut:
            raise PartitionUnavailable(partition, Happened.NO)
        answer = await self._road.send(partition, frame)
        if partition in self.deaf:
            raise PartitionUnavailable(partition, Happened.UNKNOWN)
        return answer

    async def close(self) -> None:
        await self._road.close()
