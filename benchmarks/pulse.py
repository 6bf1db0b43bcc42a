"""What partitions do, as an installation's own metrics say it: how many commands they commit at
once, and how long that takes.
"""

import asyncio
import re

import msgspec

from benchmarks.stack import Contestant

_COUNTED = re.compile(
    r"^airside_partition_(?:(commands|batches)_total|commit_(seconds)_sum)\{[^}]*\} ([\d.e+-]+)$",
    re.MULTILINE,
)


class Batches(msgspec.Struct, frozen=True):
    """All partitions together. seconds: deciding and committing."""

    commands: float = 0.0
    batches: float = 0.0
    seconds: float = 0.0

    def since(self, before: "Batches") -> "Batches":
        return Batches(
            self.commands - before.commands,
            self.batches - before.batches,
            self.seconds - before.seconds,
        )

    @property
    def mean(self) -> float:
        """Commands in a mean batch; 0 where nobody counts them."""
        return round(self.commands / self.batches, 2) if self.batches else 0.0

    @property
    def mean_us(self) -> float:
        """What a mean batch takes its partition."""
        return round(self.seconds / self.batches * 1e6, 1) if self.batches else 0.0


async def read_batches(contestant: Contestant) -> Batches:
    if contestant.journals is None:
        return Batches()
    reader, writer = await asyncio.open_connection("127.0.0.1", contestant.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    page = (await reader.read()).decode()
    writer.close()
    found = dict.fromkeys(("commands", "batches", "seconds"), 0.0)
    for counted, summed, value in _COUNTED.findall(page):
        found[counted or summed] += float(value)
    return Batches(**found)
