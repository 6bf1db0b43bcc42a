"""Work that nobody waits for gives way to work that somebody waits for.

Linux wakes a process on the processor where it ran last. If a thread works there it waits for the
end of that one's slice, some 3 ms, even where another processor has nothing to do by then. A
payment is woken four times on its way, and all of it takes less than one such wait: of those of a
lone caller two in a hundred met a bookkeeper, and took five times as long as the others (p99 3.7 ms
without this, 2.6 with it). A lower priority changes nothing about it.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

# Of a bookkeeper, which spends most on each: half a millisecond.
AT_ONCE = 64

T = TypeVar("T")


def give_way() -> None:
    """Where nobody waits this takes a microsecond. Where all processors are busy it may take a
    whole slice of somebody else's: so now and then, not with each row, or who gives way never ends.
    """
    os.sched_yield()


def at_leisure(items: Iterable[T]) -> Iterator[T]:
    """The same items. Whoever works through more than a few of them gives way now and then."""
    for number, item in enumerate(items):
        if number and number % AT_ONCE == 0:
            give_way()
        yield item
