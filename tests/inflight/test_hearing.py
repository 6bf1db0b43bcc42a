"""What tills hear of each other: it makes them more careful, and never stops them."""

import msgspec
import pytest

from terminals.inflight.crew_till import Accepted
from terminals.inflight.entry import Gave, Sold, make_entry
from terminals.inflight.records import record
from terminals.inflight.refusal import Reason, Refusal
from tests.inflight.cabin import Cabin, MemoryFile, PowerCut, Till


def refused(verdict: Accepted | Refusal) -> Reason | None:
    return verdict.reason if isinstance(verdict, Refusal) else None


def test_a_counter_that_another_till_saw_is_refused_once_they_met() -> None:
    cabin = Cabin(tills=3)
    one, two, three = cabin.tills
    phone = cabin.phone(300)
    frame = phone.show()
    assert isinstance(one.sell(frame, 10), Accepted)
    one.meet(two)
    two.meet(three)
    assert refused(three.sell(frame, 10)) is Reason.COUNTER_USED
    assert isinstance(three.sell(phone.show(), 10), Accepted)


def test_what_was_heard_survives_a_restart_and_takes_nothing_of_ones_own_share() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    frame = phone.show()
    one.sell(frame, 100)
    one.meet(two)
    two.restart()
    assert refused(two.sell(frame, 10)) is Reason.COUNTER_USED
    assert isinstance(two.sell(phone.show(), 100), Accepted)


def test_a_till_that_tells_two_stories_is_remembered_as_two() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    before = one.log.content
    one.sell(phone.show(), 10)
    one.meet(two)
    one.log.content = before
    one.restart()
    assert not two.hearing.forked
    one.meet(two)
    assert set(two.hearing.forked) == {1}
    two.restart()
    assert set(two.hearing.forked) == {1}, "it is remembered"
    assert [entry.body.seq for entry in two.hearing.heard[1]] == [1, 2]


def set_back(till: Till, content: bytes) -> None:
    """Its disk is as it was some sales ago."""
    till.log.content = content
    till.restart()


def test_a_till_that_was_set_back_sells_nothing_once_it_hears_what_it_had_done() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    before = one.log.content
    one.sell(phone.show(), 100)
    one.meet(two)
    set_back(one, before)
    one.meet(two)
    assert one.hearing.hear([entry.raw for entry in two.hearing.heard[1]]) == 0
    assert 1 not in one.hearing.heard
    for _ in range(2):
        assert refused(one.sell(phone.show(), 100)) is Reason.SET_BACK
        assert one.till.give(two.ask(phone.sealed, 10)) is None
        one.restart()  # it does not forget


def test_a_till_that_was_set_back_and_sold_more_since_is_found_too() -> None:
    cabin = Cabin(tills=3)
    one, two, three = cabin.tills
    phone = cabin.phone(300)
    before = one.log.content
    one.sell(phone.show(), 10)
    one.meet(two)
    set_back(one, before)
    for _ in range(3):
        assert isinstance(one.sell(phone.show(), 5), Accepted)
    one.meet(two)
    two.meet(one)
    assert refused(one.sell(phone.show(), 5)) is Reason.SET_BACK
    with pytest.MonkeyPatch.context() as patch:  # also when not all goes at once
        patch.setattr("terminals.inflight.hearing.TOLD_BYTES_MAX", 1_000)
        for _ in range(8):
            two.meet(three)
    assert set(three.hearing.forked) == {1}


def test_a_till_takes_no_share_from_one_that_tells_two_stories() -> None:
    cabin = Cabin(split_window_s=0)
    one, two = cabin.tills
    phone = cabin.phone(200)
    before = one.log.content
    one.sell(phone.show(), 100)
    one.meet(two)
    set_back(one, before)
    gift = one.till.give(two.ask(phone.sealed, 100))
    assert gift is not None
    one.meet(two)
    assert not two.till.take(gift.raw)
    assert refused(two.sell(phone.show(), 101)) is Reason.SHARE_SPENT


def test_a_share_that_was_signed_over_and_lost_is_taken_when_it_is_heard_of() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    assert two.till.give(one.ask(phone.sealed, 50)) is not None
    assert refused(one.sell(phone.show(), 150)) is Reason.SHARE_SPENT
    one.meet(two)
    assert isinstance(one.sell(phone.show(), 150), Accepted)
    one.meet(two)
    assert one.hearing.gifts() == []


def senseless(till: Till) -> bytes:
    """Signed by a till of the flight, and yet a sale on nothing."""
    body = till.till.entries[-1].body
    body = msgspec.structs.replace(
        body, seq=2, previous=till.till.entries[0].digest, what=Sold(b"nothing", 1, ())
    )
    return make_entry(body, till.key).raw


def test_what_another_till_signed_without_sense_is_set_aside_by_name() -> None:
    cabin = Cabin(tills=3)
    one, two, three = cabin.tills
    phone = cabin.phone(300)
    three.sell(phone.show(), 10)
    one.meet(two)
    assert one.hearing.hear([senseless(two)]) == 0
    assert one.hearing.senseless == {2: 1}
    one.restart()
    one.meet(three)
    assert isinstance(one.sell(phone.show(), 10), Accepted)
    assert set(one.hearing.heard) == {2, 3}


@pytest.mark.parametrize("at", [0, 5, 40, -1])
def test_what_was_heard_and_got_damaged_is_passed_over_and_heard_again(at: int) -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    frame = phone.show()
    two.sell(frame, 10)
    one.meet(two)
    damaged = bytearray(one.heard_log.content)
    damaged[at] ^= 1
    one.heard_log.content = bytes(damaged)
    one.restart()
    assert one.hearing.damaged_bytes > 0
    one.meet(two)
    assert [entry.body.seq for entry in one.hearing.heard[2]] == [1, 2]
    one.restart()
    assert [entry.body.seq for entry in one.hearing.heard[2]] == [1, 2]
    assert refused(one.sell(frame, 10)) is Reason.COUNTER_USED


def test_a_full_disk_ends_hearing_and_not_selling() -> None:
    class Full(MemoryFile):
        def append(self, content: bytes) -> None:
            raise PowerCut(len(content))

    cabin = Cabin()
    one, two = cabin.tills
    one.heard_log = Full()
    one.restart()
    one.meet(two)
    assert one.hearing.stopped
    assert isinstance(one.sell(cabin.phone(200).show(), 10), Accepted)


def test_a_gift_that_was_taken_is_none_any_more() -> None:
    cabin = Cabin()
    one, two = cabin.tills
    phone = cabin.phone(200)
    gift = two.till.give(one.ask(phone.sealed, 50))
    assert gift is not None
    assert isinstance(gift.body.what, Gave)
    one.till.take(gift.raw)
    one.meet(two)
    taken = [e for e in one.till.entries if e.raw.count(gift.raw)]
    assert len(taken) == 1
    assert record(gift.raw) in two.log.content
