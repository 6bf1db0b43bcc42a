"""So many at once, then one each time; for each by itself, and in bounded memory."""

from hypothesis import given
from hypothesis import strategies as st

from ledger.clock import ManualClock
from services.limits import Limit, Rate

RATE = Rate(burst=3, every_ms=1_000)


def taken(limit: Limit, whose: str = "amira") -> int:
    """How many there are in the bucket."""
    count = 0
    while not limit.wait_ms(whose):
        limit.spend(whose)
        count += 1
    return count


def test_a_burst_and_then_one_each_time() -> None:
    clock = ManualClock()
    limit = Limit(RATE, clock)

    assert taken(limit) == 3
    assert limit.wait_ms("amira") == 1_000
    clock.advance(999)
    assert limit.wait_ms("amira") == 1
    clock.advance(1)
    assert taken(limit) == 1
    clock.advance(2_000)
    assert taken(limit) == 2
    clock.advance(60_000)
    assert taken(limit) == 3


def test_nobody_pays_for_another() -> None:
    limit = Limit(RATE, ManualClock())
    taken(limit, "amira")

    assert taken(limit, "jonas") == 3


def test_an_empty_bucket_is_full_again_after_its_time_however_much_was_tried() -> None:
    clock = ManualClock()
    limit = Limit(RATE, clock)
    for _ in range(50):
        limit.spend("amira")

    clock.advance(3 * 1_000)
    assert taken(limit) >= 2


def test_a_clock_that_is_set_back_shuts_nobody_out() -> None:
    clock = ManualClock()
    limit = Limit(RATE, clock)
    taken(limit)

    clock.advance(-3_600_000)
    assert limit.wait_ms("amira") <= 1_000


def test_the_bucket_that_was_used_longest_ago_is_forgotten() -> None:
    limit = Limit(RATE, ManualClock(), remembered_max=2)
    taken(limit, "amira")
    taken(limit, "jonas")
    limit.spend("amira")
    taken(limit, "mei")

    assert len(limit._full_at_ms) == 2
    assert limit.wait_ms("amira")
    assert not limit.wait_ms("jonas")


@given(st.lists(st.integers(min_value=0, max_value=4_000), max_size=60))
def test_in_any_time_there_are_no_more_than_the_burst_and_what_came_since(
    steps: list[int],
) -> None:
    clock = ManualClock()
    limit = Limit(RATE, clock)
    spent: list[int] = []
    for step_ms in steps:
        clock.advance(step_ms)
        if not limit.wait_ms("amira"):
            limit.spend("amira")
            spent.append(clock.now_ms())

    for first, from_ms in enumerate(spent):
        for count, until_ms in enumerate(spent[first:], 1):
            assert count <= RATE.burst + (until_ms - from_ms) // RATE.every_ms
