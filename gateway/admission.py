"""Who is let in when a gateway has more to do than it can do in time.

Counted is what this process itself has still to work at: requests that have come and are not
answered, without those that wait for a partition, for they cost nothing until it answers, and its
mailbox bounds them (actors/mailbox.py). So one slow partition does not close the door to others.

Each caller may have as much of it as is left free, as in a mailbox: a lone one half of all, each of
three a quarter. So whoever asks too much is refused, and the others find room.

Where every mailbox is full, to read a request only to hear that costs as much as a payment. So
whoever has as much under way as callers have on average is refused at once; whoever has less may
find a place in a mailbox.
"""

from collections.abc import Callable, Hashable

# At some 4,000 requests a second an eighth of a second of work. With 64 under way a gateway is as
# quick as it gets, so the rest is for bursts: tills after a break, lines of a terminal.
WORK_MAX = 512

# All whose caller is not known by a first look stand in one line.
ANYBODY = b""


class Admission:
    """waiting: how many requests wait for partitions just now; swamped: whether every mailbox is
    full. A request is known by what it came on: its connection, which carries one at a time, or its
    line of a conversation.
    """

    def __init__(self, waiting: Callable[[], int], swamped: Callable[[], bool]) -> None:
        self._waiting = waiting
        self._swamped = swamped
        self._callers: dict[Hashable, bytes] = {}
        self._counts: dict[bytes, int] = {}

    @property
    def under_way(self) -> int:
        return len(self._callers)

    def full(self, caller: bytes) -> bool:
        """Whether a request of this caller is to be refused at once. caller: anything that tells
        callers apart; it is forgotten when nothing of theirs is under way.
        """
        count = len(self._callers)
        if 2 * count < WORK_MAX:
            return False
        work = count - self._waiting()
        if work >= WORK_MAX:
            return True
        own = self._counts.get(caller, 0)
        if own and own * len(self._counts) >= count and self._swamped():
            return True
        # Of a caller's own, as much is work as of everybody's.
        return own * work >= (WORK_MAX - work) * count

    def enter(self, request: Hashable, caller: bytes) -> None:
        assert request not in self._callers, "a connection carries one request at a time"
        self._callers[request] = caller
        self._counts[caller] = self._counts.get(caller, 0) + 1

    def admits(self, request: Hashable) -> bool:
        """Whether it may be worked at. What has not entered by now stands in everybody's line."""
        if request in self._callers:
            return True
        if self.full(ANYBODY):
            return False
        self.enter(request, ANYBODY)
        return True

    def leave(self, request: Hashable) -> None:
        """It is answered, or is no work any more; also when it never entered."""
        caller = self._callers.pop(request, None)
        if caller is None:
            return
        left = self._counts[caller] - 1
        if left:
            self._counts[caller] = left
        else:
            del self._counts[caller]
