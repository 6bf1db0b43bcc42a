"""Commands gather while a frame is away; the mailbox is bounded; nobody waits for ever."""

import asyncio

import pytest

from actors.batcher import REPLIES_AT_ONCE, WAIT_MAX_S, Batcher, MailboxFull
from actors.frame import COMMANDS_PER_FRAME, encode
from actors.mailbox import MAILBOX_MAX
from actors.runtime import PartitionUnavailable
from ledger.commands import Envelope, ReadPayment
from ledger.errors import Happened
from ledger.replies import Noted
from tests.actors.roads import HeldRoad
from tests.books import account_of


def read(number: int, caller: str = "") -> Envelope:
    return Envelope(ReadPayment(account=account_of("amira"), ordinal=number), caller)


def numbers(frame: list[Envelope]) -> list[int]:
    return [getattr(envelope.command, "ordinal", 0) for envelope in frame]


async def settle() -> None:
    """Every task that can go on has gone on."""
    for _ in range(5):
        await asyncio.to_thread(lambda: None)


@pytest.fixture
def road() -> HeldRoad:
    return HeldRoad()


class Watch:
    """The time, as a test says it."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def batcher(road: HeldRoad, watch: Watch) -> Batcher:
    return Batcher(3, road, watch)


async def test_a_lone_command_leaves_at_once(batcher: Batcher, road: HeldRoad) -> None:
    answer = batcher.ask(read(1))
    await settle()

    assert [numbers(frame) for frame in road.frames] == [[1]]
    road.release()
    assert await answer == Noted()


async def test_what_comes_while_a_frame_is_away_leaves_in_the_next(
    batcher: Batcher, road: HeldRoad
) -> None:
    batcher.ask(read(1))
    await settle()
    later = [batcher.ask(read(number)) for number in (2, 3, 4)]
    await settle()
    assert len(road.frames) == 1

    road.release()
    await settle()
    assert numbers(road.frames[1]) == [2, 3, 4]
    road.release()
    assert await asyncio.gather(*later) == [Noted()] * 3
    await settle()
    assert len(road.frames) == 2


async def test_a_frame_is_bounded(batcher: Batcher, road: HeldRoad) -> None:
    answers = [batcher.ask(read(number)) for number in range(COMMANDS_PER_FRAME + 1)]
    await settle()
    road.release()
    await settle()
    road.release()
    await asyncio.gather(*answers)

    assert [len(frame) for frame in road.frames] == [COMMANDS_PER_FRAME, 1]


async def test_a_full_mailbox_refuses_at_once_and_takes_again_later(
    batcher: Batcher, road: HeldRoad
) -> None:
    answers = [batcher.ask(read(0))]
    await settle()
    answers += [batcher.ask(read(number)) for number in range(MAILBOX_MAX)]

    with pytest.raises(MailboxFull, match="partition 3"):
        batcher.ask(read(9_999))
    assert batcher.depth == 1 + MAILBOX_MAX, "the one on its way counts"

    for _ in range(1 + MAILBOX_MAX // COMMANDS_PER_FRAME):
        road.release()
        await settle()
    await asyncio.gather(*answers)
    batcher.ask(read(1))


async def test_a_caller_who_asks_too_much_waits_behind_itself(
    batcher: Batcher, road: HeldRoad
) -> None:
    batcher.ask(read(0, "greedy"))
    await settle()
    greedy = [batcher.ask(read(1, "greedy")) for _ in range(MAILBOX_MAX)]
    with pytest.raises(MailboxFull):
        batcher.ask(read(1, "greedy"))
    modest = [batcher.ask(read(number, "modest")) for number in (2, 3)]

    for pushed_out in greedy[-2:]:
        with pytest.raises(MailboxFull, match="partition 3"):
            await pushed_out
    assert not greedy[-3].done()
    road.release()
    await settle()
    road.release()

    assert await asyncio.gather(*modest) == [Noted()] * 2
    assert numbers(road.frames[1])[:4] == [1, 2, 1, 3]
    assert len(road.frames[1]) == COMMANDS_PER_FRAME


async def test_who_would_wait_too_long_is_refused_at_once(
    batcher: Batcher, road: HeldRoad, watch: Watch
) -> None:
    """However few wait, if the partition is slow; and again as many as before when it is not."""
    for _ in range(40):
        answer = batcher.ask(read(0))
        await settle()
        watch.now_s += WAIT_MAX_S / 1.5
        road.release()
        await answer

    batcher.ask(read(0))
    await settle()
    for number in range(COMMANDS_PER_FRAME):  # the next frame is open to all
        batcher.ask(read(number))
    with pytest.raises(MailboxFull):
        batcher.ask(read(9_999))

    for _ in range(40):
        road.release()
        await settle()
        batcher.ask(read(0))
        await settle()
    for number in range(2 * COMMANDS_PER_FRAME):
        batcher.ask(read(number))


async def test_a_partition_that_stands_still_is_known_before_its_frame_is_back(
    batcher: Batcher, road: HeldRoad, watch: Watch
) -> None:
    batcher.ask(read(0))
    await settle()
    for number in range(COMMANDS_PER_FRAME + 1):  # frames took no time so far
        batcher.ask(read(number))

    watch.now_s += WAIT_MAX_S
    with pytest.raises(MailboxFull):
        batcher.ask(read(9_999))


async def test_what_is_left_of_the_frame_that_is_away_counts_too(
    batcher: Batcher, road: HeldRoad, watch: Watch
) -> None:
    """With frames of 0.4 of the bound, two of them are in time after half of one, not before."""
    frame_s = WAIT_MAX_S * 0.4
    for _ in range(40):
        answer = batcher.ask(read(0))
        await settle()
        watch.now_s += frame_s
        road.release()
        await answer

    batcher.ask(read(0))
    await settle()
    for number in range(COMMANDS_PER_FRAME):
        batcher.ask(read(number))
    watch.now_s += frame_s * 0.45
    with pytest.raises(MailboxFull):
        batcher.ask(read(9_999))

    watch.now_s += frame_s * 0.1
    batcher.ask(read(9_999))


def test_who_is_let_in_can_be_answered_within_what_a_till_waits() -> None:
    """F221: 300 ms, and the gateway's own work is in it."""
    assert WAIT_MAX_S < 0.3


async def a_frame_of(
    batcher: Batcher, road: HeldRoad, watch: Watch, seconds: float
) -> None:
    answer = batcher.ask(read(0))
    await settle()
    watch.now_s += seconds
    road.release()
    await answer
    await settle()


async def test_who_comes_after_a_rest_finds_as_much_room_as_frames_are_quick(
    batcher: Batcher, road: HeldRoad, watch: Watch
) -> None:
    """Nothing is away, so nothing is left of it; and that it is long ago says nothing."""
    await a_frame_of(batcher, road, watch, WAIT_MAX_S / 3.5)
    watch.now_s += 1_000

    for number in range(3 * COMMANDS_PER_FRAME):
        batcher.ask(read(number))
    with pytest.raises(MailboxFull):
        batcher.ask(read(9_999))


async def test_one_quick_frame_does_not_make_a_slow_partition_quick(
    batcher: Batcher, road: HeldRoad, watch: Watch
) -> None:
    await a_frame_of(batcher, road, watch, WAIT_MAX_S)
    await a_frame_of(batcher, road, watch, 0.0)

    for number in range(COMMANDS_PER_FRAME):
        batcher.ask(read(number))
    with pytest.raises(MailboxFull):
        batcher.ask(read(9_999))


async def test_a_few_hear_in_each_turn_and_a_drain_waits_for_the_last(
    batcher: Batcher, road: HeldRoad
) -> None:
    """Also when the next frame is back before all have heard of the one before."""
    answers = [batcher.ask(read(number)) for number in range(2 * COMMANDS_PER_FRAME)]
    await settle()
    road.release()
    await answers[0]
    assert sum(answer.done() for answer in answers) <= 2 * REPLIES_AT_ONCE

    assert len(road.frames) == 2
    road.release()
    await batcher.drain()
    assert all(answer.done() for answer in answers)


async def test_a_failure_fails_its_frame_and_says_what_is_known(
    batcher: Batcher, road: HeldRoad
) -> None:
    doomed = [batcher.ask(read(number)) for number in (1, 2)]
    await settle()
    waiting = batcher.ask(read(3))
    road.fail(PartitionUnavailable(3, Happened.NO))
    await settle()

    for answer in doomed:
        with pytest.raises(PartitionUnavailable) as caught:
            await answer
        assert caught.value.happened is Happened.NO
    road.release()
    assert await waiting == Noted()


@pytest.mark.parametrize("nonsense", [b"", b"\xc1", encode([Noted(), Noted()])])
async def test_an_answer_that_makes_no_sense_leaves_nobody_waiting(
    batcher: Batcher, road: HeldRoad, nonsense: bytes
) -> None:
    """What happened to the frame is unknown; what was behind it never left."""
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, _context: None)  # the sender's own end
    first = batcher.ask(read(1))
    await settle()
    behind = batcher.ask(read(2))
    road.release(answer=nonsense)
    await settle()

    with pytest.raises(PartitionUnavailable) as caught:
        await first
    assert caught.value.happened is Happened.UNKNOWN
    with pytest.raises(PartitionUnavailable) as caught:
        await behind
    assert caught.value.happened is Happened.NO
    again = batcher.ask(read(3))
    await settle()
    assert numbers(road.frames[-1]) == [3]  # and not once more what was said not to be done
    road.release()
    assert await again == Noted()


async def test_a_caller_that_has_gone_disturbs_nobody(
    batcher: Batcher, road: HeldRoad
) -> None:
    gone, stays = batcher.ask(read(1)), batcher.ask(read(2))
    await settle()
    gone.cancel()
    road.release()

    assert await stays == Noted()


async def test_drained_is_when_nothing_waits_and_nothing_is_away(
    batcher: Batcher, road: HeldRoad
) -> None:
    await batcher.drain()
    answer = batcher.ask(read(1))
    draining = asyncio.create_task(batcher.drain())
    await settle()
    assert not draining.done()

    road.release()
    await draining
    assert answer.done()
