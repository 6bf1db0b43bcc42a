"""A partition whose commits are slow, and three times what it can do: counted, in virtual time.

The same with real processes: `make pressure`.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest

from actors.batcher import WAIT_MAX_S, Batcher, MailboxFull
from actors.frame import COMMANDS_PER_FRAME, Commands, decode_request, encode
from ledger.commands import Envelope, ReadPayment
from ledger.replies import Noted, Reply
from tests.books import account_of
from tests.simulation.virtual_loop import VirtualLoop

FRAME_S = 0.1
PEAK = COMMANDS_PER_FRAME / FRAME_S
SECONDS = 5.0
AMIRA = account_of("amira")


class SlowRoad:
    """Each frame takes so long, however many commands are in it."""

    def __init__(self, loop: VirtualLoop, frame_s: float = FRAME_S) -> None:
        self._loop = loop
        self.frame_s = frame_s

    async def send(self, partition: int, frame: bytes) -> bytes:
        request = decode_request(frame)
        assert isinstance(request, Commands)
        await self._loop.pause(self.frame_s)
        return encode([Noted() for _ in request.envelopes])

    async def close(self) -> None:
        pass


class Callers:
    """They ask at a fixed rate, whatever becomes of it."""

    def __init__(self, loop: VirtualLoop, batcher: Batcher) -> None:
        self._loop = loop
        self._batcher = batcher
        self.waits_s: list[float] = []
        self.pushed_out_s: list[float] = []  # let in, and then refused for another
        self.in_time = 0  # answered before the last had asked
        self.answered: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def ask_for(self, seconds: float, per_second: float, callers: list[str]) -> None:
        end_s, number = self._loop.time() + seconds, 0
        while self._loop.time() < end_s:
            self._ask(callers[number % len(callers)], number)
            number += 1
            await self._loop.pause(1 / per_second)
        self.in_time = len(self.waits_s)
        await self._batcher.drain()

    def _ask(self, caller: str, number: int) -> None:
        asked_s = self._loop.time()
        command = ReadPayment(account=AMIRA, ordinal=number)
        try:
            answer = self._batcher.ask(Envelope(command, caller))
        except MailboxFull:
            self.refused[caller] += 1
            return

        def answered(answer: asyncio.Future[Reply]) -> None:
            waited_s = self._loop.time() - asked_s
            if answer.exception():
                self.refused[caller] += 1
                self.pushed_out_s.append(waited_s)
            else:
                self.answered[caller] += 1
                self.waits_s.append(waited_s)

        answer.add_done_callback(answered)


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    loop = VirtualLoop()
    yield loop
    loop.close()


def pressed(loop: VirtualLoop, callers: list[str], frame_s: float = FRAME_S) -> Callers:
    crowd = Callers(loop, Batcher(0, SlowRoad(loop, frame_s), loop.time))
    loop.run_until_complete(crowd.ask_for(SECONDS, 3 * PEAK, callers))
    return crowd


def test_three_times_too_much_takes_nothing_from_what_can_be_done(
    loop: VirtualLoop,
) -> None:
    crowd = pressed(loop, ["till", "shop", "agent"])

    assert crowd.in_time >= 0.9 * PEAK * SECONDS
    assert sum(crowd.refused.values()) > PEAK * SECONDS, "the rest was refused at once"
    # Before the first frame is back nobody knows how long one takes; and the end of a long line may
    # be overtaken by who has less.
    waits_s = sorted(crowd.waits_s[4 * COMMANDS_PER_FRAME :])
    assert waits_s[len(waits_s) * 99 // 100] <= WAIT_MAX_S
    assert max(crowd.waits_s) <= WAIT_MAX_S + FRAME_S
    assert len(crowd.pushed_out_s) < 0.01 * sum(crowd.refused.values())


def test_who_asks_for_its_share_gets_it_beside_who_asks_for_all(loop: VirtualLoop) -> None:
    """Nineteen of twenty requests are the greedy one's; the modest one asks for a seventh of what
    can be done.
    """
    crowd = pressed(loop, ["greedy"] * 19 + ["modest"])

    assert crowd.refused["greedy"] > 0
    assert crowd.refused["modest"] == 0


def test_a_partition_that_stands_still_holds_two_frames_of_callers_and_no_more(
    loop: VirtualLoop,
) -> None:
    crowd = pressed(loop, ["till", "shop", "agent"], frame_s=2 * SECONDS)

    asked = sum(crowd.refused.values()) + 2 * COMMANDS_PER_FRAME
    assert asked == pytest.approx(3 * PEAK * SECONDS, rel=0.1)
