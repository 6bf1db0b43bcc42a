"""Too much to do: who is let in, and that a slow partition does not count."""

from gateway.admission import WORK_MAX, Admission


class Partitions:
    waiting = 0
    swamped = False

    def admission(self) -> Admission:
        return Admission(lambda: self.waiting, lambda: self.swamped)


def filled(admission: Admission, caller: bytes, most: int = 10_000) -> int:
    """How many requests of this caller get in."""
    count = 0
    while count < most and not admission.full(caller):
        admission.enter((caller, count), caller)
        count += 1
    return count


def test_a_lone_caller_may_fill_half() -> None:
    assert filled(Partitions().admission(), b"greedy") == WORK_MAX // 2


def test_who_asks_too_much_leaves_room_for_others() -> None:
    admission = Partitions().admission()
    for greedy in (b"one", b"two", b"three"):
        filled(admission, greedy)

    assert admission.full(b"one")
    assert filled(admission, b"modest", most=20) == 20


def test_callers_who_ask_as_much_get_as_much() -> None:
    admission = Partitions().admission()
    crowd = [b"one", b"two", b"three"]
    counts = dict.fromkeys(crowd, 0)
    for number in range(WORK_MAX):
        for caller in crowd:
            if not admission.full(caller):
                admission.enter((caller, number), caller)
                counts[caller] += 1

    assert all(abs(count - WORK_MAX // 4) <= 1 for count in counts.values())


def test_many_who_ask_too_much_leave_room_for_one_more() -> None:
    admission = Partitions().admission()
    crowd = [b"%d" % number for number in range(8)]
    for _ in range(WORK_MAX):
        for caller in crowd:
            if not admission.full(caller):
                admission.enter(object(), caller)

    assert all(admission.full(caller) for caller in crowd)
    assert not admission.full(b"one more")


def test_all_together_never_have_more_than_the_bound() -> None:
    admission = Partitions().admission()
    for number in range(10 * WORK_MAX):
        caller = b"%d" % number
        if not admission.full(caller):
            admission.enter(number, caller)

    assert admission.under_way == WORK_MAX


def test_what_waits_for_a_partition_is_no_work() -> None:
    partitions = Partitions()
    admission = partitions.admission()
    filled(admission, b"till")
    assert admission.full(b"till")

    partitions.waiting = WORK_MAX // 2
    assert not admission.full(b"till")
    assert not admission.full(b"shop")


def test_what_has_left_has_left() -> None:
    admission = Partitions().admission()
    filled(admission, b"till")

    for number in range(WORK_MAX):
        admission.leave((b"till", number))
        admission.leave((b"till", number))

    assert admission.under_way == 0
    assert filled(admission, b"till") == WORK_MAX // 2


def test_what_nobody_looked_at_stands_in_one_line() -> None:
    admission = Partitions().admission()
    admitted = [number for number in range(WORK_MAX) if admission.admits(number)]

    assert len(admitted) == WORK_MAX // 2
    assert admission.admits(admitted[0]), "what is in is in"
    assert not admission.full(b"till")


def test_where_every_mailbox_is_full_only_who_asks_less_than_others_is_let_in() -> None:
    partitions = Partitions()
    admission = partitions.admission()
    for caller, asked in ((b"one", 150), (b"two", 150), (b"modest", 20)):
        assert filled(admission, caller, most=asked) == asked
    partitions.waiting, partitions.swamped = 320, True

    refused = [admission.full(caller) for caller in (b"one", b"two", b"modest", b"new")]
    assert refused == [True, True, False, False]

    partitions.swamped = False
    assert not admission.full(b"one")
