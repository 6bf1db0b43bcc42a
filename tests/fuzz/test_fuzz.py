"""The short form of `make fuzz`."""

from random import Random

import pytest

from tests.fuzz.kinds import KINDS
from tests.fuzz.run import Surprise, run

COUNT = 4_000


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_comes_in_is_read_or_refused_with_the_documented_error(
    kind: str,
) -> None:
    draw, judge = KINDS[kind]

    read = run(draw, judge, seed=20_261_122, count=COUNT)

    # A fuzzer that is always refused, or never, tests nothing behind the first door.
    assert COUNT // 20 < read < COUNT * 19 // 20


def test_a_surprise_says_how_to_bring_it_back() -> None:
    def judge(drawn: int) -> bool:
        return bool(1 // drawn)

    with pytest.raises(Surprise, match=r"seed 7 number 0: 0: ZeroDivisionError"):
        run(lambda _source: 0, judge, seed=7, count=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_and_a_number_draw_the_same_again(kind: str) -> None:
    draw, _ = KINDS[kind]

    assert draw(Random("7/3")) == draw(Random("7/3"))
