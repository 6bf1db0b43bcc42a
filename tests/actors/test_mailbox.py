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


def test_what_is_told_to_be_ahead_is_never_less_than_what_is() -> None:
    mailbox: Mailbox[str] = Mailbox()
    for number in range(50):
        mailbox.put("a", f"a{number}")
    mailbox.put("b", "b0")

    assert mailbox.ahead_of("b") == 3
    mailbox.put("b", "b1")
    assert mailbox.take(100).index("b1") <= 3
    assert mailbox.ahead_of("c") == 0


def test_there_is_always_room_for_one_more_caller() -> None:
    mailbox: Mailbox[int] = Mailbox()
    for caller in map(str, range(9)):
        assert mailbox.has_room(caller)
        while mailbox.has_room(caller):
            mailbox.put(caller, 0)

    assert MAILBOX_MAX * 0.9 < len(mailbox) < MAILBOX_MAX
    assert mailbox.has_room("one more")
