"""When is it over? The way back from a peak is read from slices of a tenth of a second."""

from benchmarks.orders import Slice
from benchmarks.overload import back_after_ms

CALM = [Slice(answered=10, spent_us=50_000)] * 3
BUSY = [Slice(answered=10, refused=5, spent_us=900_000)] * 5
SLOW = Slice(answered=10, spent_us=200_000)


def test_it_is_back_at_once_when_no_slice_after_the_peak_is_slow() -> None:
    assert back_after_ms([*CALM, *BUSY, *CALM], 3, 8) == 0


def test_it_is_back_after_the_last_slow_slice() -> None:
    assert back_after_ms([*CALM, *BUSY, CALM[0], SLOW, *CALM], 3, 8) == 200


def test_a_slow_slice_after_a_second_of_calm_is_no_part_of_the_peak() -> None:
    assert back_after_ms([*CALM, *BUSY, SLOW, *(CALM[:1] * 10), SLOW], 3, 8) == 100
    assert back_after_ms([*CALM, *BUSY, SLOW, *(CALM[:1] * 9), SLOW], 3, 8) == 1_100


def test_it_is_not_back_while_nobody_is_answered() -> None:
    assert back_after_ms([*CALM, *BUSY, Slice(), *CALM], 3, 8) == 100


def test_what_is_slow_to_the_end_was_not_back() -> None:
    assert back_after_ms([*CALM, *BUSY, SLOW, SLOW], 3, 8) == 200


def test_it_is_not_back_while_payments_are_refused() -> None:
    refusing = Slice(answered=10, refused=1, spent_us=50_000)

    assert back_after_ms([*CALM, *BUSY, refusing, *CALM], 3, 8) == 100
