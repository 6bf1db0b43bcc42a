"""What can go wrong, and where it strikes.

A plan arms a fault; the next frame, append or read of that partition meets it. So a history is a
list of what was asked and what was armed, and it can be made shorter.
"""

from collections import Counter, deque
from enum import StrEnum


class Fault(StrEnum):
    REQUEST_DROPPED = "a request is dropped"
    FRAME_DOUBLED = "a frame arrives twice"
    FRAME_DELAYED = "a frame arrives after its sender gave up"
    FRAME_MISROUTED = "a frame arrives at another partition"
    ANSWER_DROPPED = "an answer is dropped"
    CRASH_BEFORE_APPEND = "a partition dies before an append"
    CRASH_DURING_APPEND = "a partition dies during an append"
    CRASH_AFTER_APPEND = "a partition dies after an append"
    COMMIT_UNKNOWN = "a commit fails, and nobody knows whether it was done"
    TORN_WAL = "the power goes while a commit is written"
    WRITES_LOST = "the power goes before a commit is on the disk"
    DISK_FULL = "the disk is full"
    DISK_SLOW = "the disk is slow"
    DISK_UNREADABLE = "a partition cannot read its disk"
    RELAY_BLIND = "the relay cannot read a journal"
    KILLED = "an idle partition dies"
    PAUSED = "a partition stops for a while"
    STALE_INCARNATION = "a partition is replaced and lives on"
    RACING_INCARNATION = "two incarnations open at once"
    IMAGES_OUTDATED = "a release comes that cannot read the images"
    EVERYTHING_RESTARTED = "the power goes, and everything restarts"
    CLOCK_FORWARD = "a clock jumps forward"
    CLOCK_BACK = "a clock jumps back"
    RELAY_CRASHED = "the relay dies"
    RELAY_DOUBLED = "two relays run"
    CURSORS_LOST = "the relay forgets its place"
    GATEWAY_CRASHED = "a gateway dies"


class Place(StrEnum):
    REQUEST = "request"
    ANSWER = "answer"
    APPEND = "append"
    READ = "read"
    RELAY_READ = "the relay's read"
    WORLD = "world"  # it happens at once


_REQUEST = frozenset(
    {
        Fault.REQUEST_DROPPED,
        Fault.FRAME_DOUBLED,
        Fault.FRAME_DELAYED,
        Fault.FRAME_MISROUTED,
    }
)
_APPEND = frozenset(
    {
        Fault.CRASH_BEFORE_APPEND,
        Fault.CRASH_DURING_APPEND,
        Fault.CRASH_AFTER_APPEND,
        Fault.COMMIT_UNKNOWN,
        Fault.TORN_WAL,
        Fault.WRITES_LOST,
        Fault.DISK_FULL,
        Fault.DISK_SLOW,
    }
)


_ELSEWHERE = {
    Fault.ANSWER_DROPPED: Place.ANSWER,
    Fault.DISK_UNREADABLE: Place.READ,
    Fault.RELAY_BLIND: Place.RELAY_READ,
}


def place_of(fault: Fault) -> Place:
    if fault in _REQUEST:
        return Place.REQUEST
    if fault in _APPEND:
        return Place.APPEND
    return _ELSEWHERE.get(fault, Place.WORLD)


class Weather:
    """The faults that are armed, and how often each was met."""

    def __init__(self) -> None:
        self._armed: dict[tuple[Place, int], deque[Fault]] = {}
        self.met: Counter[Fault] = Counter()

    def arm(self, fault: Fault, partition: int) -> None:
        self._armed.setdefault((place_of(fault), partition), deque()).append(fault)

    def strike(self, place: Place, partition: int) -> Fault | None:
        """The fault that this frame, append or read meets."""
        armed = self._armed.get((place, partition))
        if not armed:
            return None
        fault = armed.popleft()
        self.met[fault] += 1
        return fault

    def clear(self) -> None:
        self._armed.clear()
