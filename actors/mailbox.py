"""What waits for one partition, each caller in a line of its own.

A frame takes from every line in turn, so a caller that asks too much waits behind itself and not
in front of the others; and each may fill half of what the others leave, so there is always room
for one more who comes.
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

    def __len__(self) -> int:
        return self._count

    def has_room(self, caller: str) -> bool:
        own = len(self._lines.get(caller, ()))
        return 2 * own < MAILBOX_MAX - (self._count - own)

    def ahead_of(self, caller: str) -> int:
        """How many leave before the next command of this caller, at most."""
        own = len(self._lines.get(caller, ())) + 1
        lines = len(self._lines) + (caller not in self._lines)
        return min(self._count, own * lines - 1)

    def put(self, caller: str, item: Item) -> None:
        line = self._lines.get(caller)
        if line is None:
            line = self._lines[caller] = deque()
        line.append(item)
        self._count += 1

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
        return taken
