"""Draw, judge, and say which one surprised."""

from collections.abc import Callable
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Surprise(Exception):
    """One drew an error that is not documented, or broke a promise. `number` brings it back."""

    def __init__(self, seed: int, number: int, drawn: object, error: BaseException) -> None:
        super().__init__(f"seed {seed} number {number}: {drawn!r}: {error!r}")


def run(
    draw: Callable[[Random], T], judge: Callable[[T], bool], *, seed: int, count: int
) -> int:
    """How many of `count` were read. Each has a source of its own, so any is drawn alone."""
    read = 0
    for number in range(count):
        drawn = draw(Random(f"{seed}/{number}"))
        try:
            read += judge(drawn)
        except Exception as error:
            raise Surprise(seed, number, drawn, error) from error
    return read
