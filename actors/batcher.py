"""Commands on their way to one partition gather while a frame is out, and leave together.

A lone command waits for nobody: it leaves at once. Under load the next frame holds whatever came
while the last one was away, so the batch grows with the load and needs no timer. The mailbox is
bounded: full means a refusal at once, never a queue that grows.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from actors.frame import (
    COMMANDS_PER_FRAME,
    FRAME_BYTES_MAX,
    Commands,
    decode_replies,
    encode,
)
from actors.runtime import PartitionUnavailable, Road
from ledger.commands import Envelope
from ledger.errors import Happened
from ledger.replies import Reply

# Commands that may wait for one partition. At 8,000 commands a second this is an eighth of a
# second of waiting; a longer queue only turns overload into timeouts.
MAILBOX_MAX = 1_024


class MailboxFull(Exception):
    """The partition has all the work it can answer in time. Nothing was done; try again."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"the mailbox of partition {partition} is full")


class Batcher:
    """The mailbox of one partition, on this gateway's side."""

    def __init__(self, partition: int, road: Road) -> None:
        self._partition = partition
        self._road = road
        self._waiting: deque[tuple[Envelope, asyncio.Future[Reply]]] = deque()
        self._away_count = 0
        self._sender: asyncio.Task[None] | None = None

    @property
    def depth(self) -> int:
        """Commands without a reply yet, those on their way counted: a partition that stands still
        with all of them in one frame must not look idle.
        """
        return len(self._waiting) + self._away_count

    def ask(self, envelope: Envelope) -> asyncio.Future[Reply]:
        """The reply, later. Raises MailboxFull now, or PartitionUnavailable from the future."""
        if len(self._waiting) >= MAILBOX_MAX:
            raise MailboxFull(self._partition)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._waiting.append((envelope, future))
        if self._sender is None:
            self._sender = loop.create_task(self._send_all())
        return future

    async def _send_all(self) -> None:
        try:
            while self._waiting:
                size = min(len(self._waiting), COMMANDS_PER_FRAME)
                await self._send([self._waiting.popleft() for _ in range(size)])
        finally:
            self._sender = None
            # Only a broken promise leaves any: they never left, and nobody may wait for ever.
            self._fail(self._waiting, PartitionUnavailable(self._partition, Happened.NO))
            self._waiting.clear()

    async def _send(self, batch: list[tuple[Envelope, asyncio.Future[Reply]]]) -> None:
        self._away_count = len(batch)
        try:
            frame = encode(Commands([envelope for envelope, _ in batch]))
            assert len(frame) <= FRAME_BYTES_MAX, (
                "fields are bounded where they are decoded"
            )
            replies = decode_replies(await self._road.send(self._partition, frame))
            assert len(replies) == len(batch), "one reply for each command"
        except PartitionUnavailable as error:
            self._fail(batch, error)
        except BaseException:
            self._fail(batch, PartitionUnavailable(self._partition, Happened.UNKNOWN))
            raise
        else:
            for (_, future), reply in zip(batch, replies, strict=True):
                if not future.done():  # its caller may have gone
                    future.set_result(reply)
        finally:
            self._away_count = 0

    def _fail(
        self,
        batch: Iterable[tuple[Envelope, asyncio.Future[Reply]]],
        error: PartitionUnavailable,
    ) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(error)

    async def drain(self) -> None:
        """Return when nothing is waiting or on its way."""
        while self._sender is not None:
            await asyncio.wait([self._sender])
