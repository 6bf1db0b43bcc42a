"""Commands on their way to one partition gather while a frame is out, and leave together.

A lone command waits for nobody: it leaves at once. Under load the next frame holds whatever came
while the last one was away, so the batch grows with the load and needs no timer. The mailbox is
bounded, by number and by the time that its end will take: full means a refusal at once, never a
queue that grows and then answers nobody in time.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence

from actors.frame import (
    COMMANDS_PER_FRAME,
    FRAME_BYTES_MAX,
    Commands,
    decode_replies,
    encode,
)
from actors.mailbox import MAILBOX_MAX, Mailbox
from actors.runtime import PartitionUnavailable, Road
from ledger.commands import Envelope
from ledger.errors import Happened
from ledger.replies import Reply

# Whoever would have its answer later is refused at once. A till is to have it within 300 ms (F221);
# the gateway's own work and the way home need the rest.
WAIT_MAX_S = 0.2
# Frames are expected to take what the slowest of late took, for whoever is let in now must be in
# time if it goes on like that; with this weight a hiccup is forgotten after some ten frames.
LATEST_WEIGHT = 0.25
# Of a full frame; at 100 µs for what follows each, 2 ms of a gateway's loop. Who is refused waits
# for it: 99 of 100 took 76 to 89 ms with 64 at once, 47 to 58 ms with 16 (`make pressure`).
REPLIES_AT_ONCE = 16

Waiting = tuple[Envelope, asyncio.Future[Reply]]


class MailboxFull(Exception):
    """The partition has all the work it can answer in time. Nothing was done; try again."""

    def __init__(self, partition: int) -> None:
        super().__init__(f"the mailbox of partition {partition} is full")


class Batcher:
    """The mailbox of one partition, on this gateway's side."""

    def __init__(
        self, partition: int, road: Road, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._partition = partition
        self._road = road
        self._now_s = now_s
        self._mailbox: Mailbox[Waiting] = Mailbox()
        self._away_count = 0
        self._left_s = 0.0  # when the frame left that is away
        self._frame_s = 0.0  # what a frame takes, there and back
        self._sender: asyncio.Task[None] | None = None
        self._unheard = 0  # replies that have come and are still to be handed out
        self._all_heard = asyncio.Event()

    @property
    def depth(self) -> int:
        """Commands without a reply yet, those on their way counted: a partition that stands still
        with all of them in one frame must not look idle.
        """
        return len(self._mailbox) + self._away_count

    @property
    def full(self) -> bool:
        """Whether who comes now gets in only in somebody's place."""
        return self._mailbox.is_full(self._in_time())

    def ask(self, envelope: Envelope) -> asyncio.Future[Reply]:
        """The reply, later. Raises MailboxFull, now or from the future; and from that also
        PartitionUnavailable.
        """
        caller = envelope.caller
        if self.full:
            self._make_room(caller)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Reply] = loop.create_future()
        self._mailbox.put(caller, (envelope, future))
        if self._sender is None:
            self._sender = loop.create_task(self._send_all())
        return future

    def _make_room(self, caller: str) -> None:
        """By the newest of who has most in the mailbox, which did not leave yet. Raises MailboxFull
        when that is this caller itself.
        """
        pushed_out = self._mailbox.push_out(caller)
        if pushed_out is None:
            raise MailboxFull(self._partition)
        self._fail([pushed_out], MailboxFull(self._partition))

    def _in_time(self) -> int:
        """How many may wait, so that the last has its answer in time. The next frame is open to
        all, however slow frames are: with fewer in each, a slow partition would only get slower.

        A frame that is away for longer than they take is how long they take now: a partition
        that stands still is not as quick as it was.
        """
        away_s = self._now_s() - self._left_s if self._away_count else 0.0
        frame_s = max(self._frame_s, away_s)
        if not frame_s:
            return MAILBOX_MAX
        rest_s = frame_s - away_s if self._away_count else 0.0
        return COMMANDS_PER_FRAME * max(1, int((WAIT_MAX_S - rest_s) / frame_s))

    async def _send_all(self) -> None:
        try:
            while self._mailbox:
                await self._send(self._mailbox.take(COMMANDS_PER_FRAME))
        finally:
            self._sender = None
            # Only a broken promise leaves any: they never left, and nobody may wait for ever.
            left = self._mailbox.take(len(self._mailbox))
            self._fail(left, PartitionUnavailable(self._partition, Happened.NO))

    async def _send(self, batch: list[Waiting]) -> None:
        self._left_s = self._now_s()
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
            self._unheard += len(batch)
            self._all_heard.clear()
            self._hand_out([future for _, future in batch], replies)
        finally:
            self._away_count = 0
            taken_s = self._now_s() - self._left_s
            quicker_s = self._frame_s + (taken_s - self._frame_s) * LATEST_WEIGHT
            self._frame_s = max(taken_s, quicker_s)

    def _hand_out(
        self, futures: Sequence[asyncio.Future[Reply]], replies: Sequence[Reply]
    ) -> None:
        """Some in each turn of the loop, for each is some work for whoever waits; and who comes
        meanwhile shall hear soon if there is too much to do.
        """
        now, later = slice(REPLIES_AT_ONCE), slice(REPLIES_AT_ONCE, None)
        self._unheard -= len(futures[now])
        for future, reply in zip(futures[now], replies[now], strict=True):
            if not future.done():  # its caller may have gone
                future.set_result(reply)
        if not self._unheard:
            self._all_heard.set()
        if futures[later]:
            loop = asyncio.get_running_loop()
            loop.call_soon(self._hand_out, futures[later], replies[later])

    def _fail(self, batch: Iterable[Waiting], error: Exception) -> None:
        for _, future in batch:
            if not future.done():
                future.set_exception(error)

    async def drain(self) -> None:
        """Return when nothing is waiting or on its way, and everybody has been answered."""
        while self._sender is not None:
            await asyncio.wait([self._sender])
        if self._unheard:
            await self._all_heard.wait()
