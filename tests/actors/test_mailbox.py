"""Each caller has a line of its own, and a share of the room."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from actors.mailbox import MAILBOX_MAX, Mailbox

CALLERS = ["till", "shop", "agent"]
lives = st.lists(
    st.one_of(st.sampled_from(CALLERS), st.sampled_from(CALLERS * 8), st.integers(1, 7)),
    max_size=80,
)


@given(lives)
def test_it_gives_each_item_once_in_the_order_of_its_caller(life: list[str | int]) -> None:
    mailbox: Mailbox[tuple[str, int]] = Mailbox()
    put: Counter[str] = Counter()
    taken: list[tuple[str, int]] = []
    for number, step in enumerate(life):
        if isinstance(step, str):
            mailbox.put(step, (step, number))
            put[step] += 1
        else:
            taken += (frame := mailbox.take(step))
            assert len(frame) <= step
        assert len(mailbox) == put.total() - len(taken)
    taken += mailbox.take(len(life) + 1)

    assert not mailbox
    for caller in CALLERS:
        own = [number for who, number in taken if who == caller]
        assert own == sorted(own)
        assert len(own) == put[caller]


def test_a_frame_takes_of_every_line_in_turn() -> None:
    mailbox: Mailbox[str] = Mailbox()
    for item in ("a1", "a2", "a3", "a4", "b1", "c1"):
        mailbox.put(item[0], item)

    assert mailbox.take(4) == ["a1", "b1", "c1", "a2"]
    mailbox.put("b", "b2")
    assert mailbox.take(1) == ["a3"]
    assert mailbox.take(2) == ["b2", "a4"]


def filled(**lengths: int) -> Mailbox[str]:
    mailbox: Mailbox[str] = Mailbox()
    for caller, length in lengths.items():
        for number in range(length):
            mailbox.put(caller, f"{caller}{number}")
    return mailbox


def test_the_newest_of_the_longest_line_makes_room() -> None:
    mailbox = filled(a=3, b=5, c=1)

    assert mailbox.push_out("c") == "b4"
    assert mailbox.push_out("new") == "b3"
    assert len(mailbox) == 7
    assert sorted(mailbox.take(9)) == ["a0", "a1", "a2", "b0", "b1", "b2", "c0"]


def test_nobody_makes_room_for_who_has_as_much() -> None:
    mailbox = filled(a=3, b=3)

    assert mailbox.push_out("a") is None
    assert mailbox.push_out("b") is None
    assert filled(a=3, b=2).push_out("b") is None, (
        "or each would push out the other for ever"
    )
    assert filled().push_out("a") is None
    assert len(mailbox) == 6


@given(lives)
def test_a_full_mailbox_is_shared_evenly(life: list[str | int]) -> None:
    """Whoever asks gets as much as whoever has most, within one; and is refused no sooner."""
    mailbox: Mailbox[str] = Mailbox()
    lines: Counter[str] = Counter()
    for step in life:
        if not isinstance(step, str):
            lines.subtract(mailbox.take(step))
            continue
        if mailbox.is_full(6):
            pushed_out = mailbox.push_out(step)
            if pushed_out is None:
                assert lines[step] + 1 >= max(lines.values())
                continue
            assert lines[pushed_out] == max(lines.values()) > lines[step] + 1
            lines[pushed_out] -= 1
        mailbox.put(step, step)
        lines[step] += 1
        assert len(mailbox) == lines.total() <= 6


def test_it_is_full_when_it_holds_what_it_may() -> None:
    assert not filled(a=3).is_full(4)
    assert filled(a=4).is_full(4)
    assert not filled(a=MAILBOX_MAX - 1).is_full(2 * MAILBOX_MAX)
    assert filled(a=MAILBOX_MAX).is_full(2 * MAILBOX_MAX)
