"""How many commands a partition commits at once, as an installation's own metrics say it."""

import asyncio
import re

import msgspec

from benchmarks.stack import Contestant

_COUNTED = re.compile(
    r"^airside_partition_(commands|batches)_total\{[^}]*\} ([\d.e+]+)$", re.MULTILINE
)


class Batches(msgspec.Struct, frozen=True):
    """Since their incarnations began, all partitions together."""

    commands: float = 0.0
    batches: float = 0.0

    def since(self, before: "Batches") -> float:
        """Commands in a mean batch; 0 where nobody counts them."""
        batches = self.batches - before.batches
        return round((self.commands - before.commands) / batches, 2) if batches else 0.0


async def read_batches(contestant: Contestant) -> Batches:
    if contestant.journals is None:
        return Batches()
    reader, writer = await asyncio.open_connection("127.0.0.1", contestant.port)
    writer.write(b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    page = (await reader.read()).decode()
    writer.close()
    found = dict.fromkeys(("commands", "batches"), 0.0)
    for name, value in _COUNTED.findall(page):
        found[name] += float(value)
    return Batches(**found)
