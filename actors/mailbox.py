"""What waits for one partition, each caller in a line of its own.

A frame takes from every line in turn, so a caller that asks too much waits behind itself and not
in front of the others. A full mailbox is open to whoever has little in it: the newest of the
longest line makes room, so nobody's place is worse for what another asks.
"""

from collections import deque
from typing import Generic, TypeVar

# Commands that may wait for one partition. At 8,000 commands a second this is an eighth of a
# second of waiting; a longer queue only turns overload into timeouts.
MAILBOX_MAX = 1_024

Item = TypeVar("Item")


class Mailbox(Generic[Item]):
    def __init__(self) -> None:
        self._lines: dict[str, deque[Item]] = {}
        self._count = 0
        self._longest = 0  # no line is longer; it may be that none is as long

    def __len__(self) -> int:
        return self._count

    def is_full(self, most: int) -> bool:
        """most: how many there may be just now, MAILBOX_MAX at most."""
        return self._count >= min(most, MAILBOX_MAX)

    def put(self, caller: str, item: Item) -> None:
        line = self._lines.get(caller)
        if line is None:
            line = self._lines[caller] = deque()
        line.append(item)
        self._count += 1
        self._longest = max(self._longest, len(line))

    def push_out(self, caller: str) -> Item | None:
        """The newest of the longest line, if that stays no shorter than this caller's with one
        more; None: this caller has its share.
        """
        own = len(self._lines.get(caller, ())) + 1
        if own >= self._longest:
            return None
        longest = max(self._lines, key=lambda one: len(self._lines[one]))
        line = self._lines[longest]
        self._longest = len(line)
        if own >= self._longest:
            return None
        self._count -= 1
        return line.pop()

    def take(self, most: int) -> list[Item]:
        """Up to so many, one of each line in turn."""
        taken: list[Item] = []
        while self._lines and len(taken) < most:
            for caller in list(self._lines)[: most - len(taken)]:
                line = self._lines.pop(caller)
                taken.append(line.popleft())
                if line:  # behind the others, also when the next frame begins
                    self._lines[caller] = line
        self._count -= len(taken)
        self._longest = max(map(len, self._lines.values()), default=0)
        return taken
