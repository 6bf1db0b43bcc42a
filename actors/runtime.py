"""What the rest of the house asks of a runtime: a road to each partition.

Two runtimes stand behind it, and one contract suite runs on both: Ray, where a partition is a
detached named actor in a process of its own; and the in-process one, for tests and simulation.
"""

from typing import Protocol

from ledger.errors import Happened


class PartitionUnavailable(Exception):
    """The partition did not answer: it is down, or restarting.

    `happened` is what is known of the commands in the frame: NO if it never left, UNKNOWN once it
    was sent. You do not get this for a command that was refused: that is a Refusal in the answer.
    """

    def __init__(self, partition: int, happened: Happened) -> None:
        super().__init__(f"partition {partition} is unavailable; done: {happened}")
        self.partition = partition
        self.happened = happened


class Road(Protocol):
    """Carries frames to partitions. One frame at a time per partition and caller."""

    async def send(self, partition: int, frame: bytes) -> bytes:
        """The answer to one frame (actors/frame.py). Raises PartitionUnavailable."""
        ...

    async def close(self) -> None: ...
