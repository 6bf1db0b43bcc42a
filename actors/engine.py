"""The engine as the floors above see it: ask an account, get its answer."""

import asyncio
import time
from collections.abc import Callable

from actors.batcher import Batcher
from actors.directory import Directory
from actors.runtime import Road
from ledger.commands import AnyCommand, Envelope
from ledger.ids import AccountId
from ledger.replies import Reply


class Engine:
    """One per gateway process: the directory and a mailbox to each partition."""

    def __init__(
        self, directory: Directory, road: Road, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.directory = directory
        self._road = road
        count = directory.partition_count
        self._batchers = [Batcher(n, road, now_s) for n in range(count)]

    def ask(self, envelope: Envelope) -> asyncio.Future[Reply]:
        """Raises MailboxFull at once; the future raises PartitionUnavailable."""
        partition = self.directory.partition_of(envelope.command.account)
        return self._batchers[partition].ask(envelope)

    async def read(self, command: AnyCommand) -> Reply:
        return await self.ask(Envelope(command))

    def partition_of(self, account: AccountId) -> int:
        return self.directory.partition_of(account)

    def mailbox_depths(self) -> list[int]:
        return [batcher.depth for batcher in self._batchers]

    def waiting(self) -> int:
        """Commands of this gateway that no partition has answered yet."""
        return sum(batcher.depth for batcher in self._batchers)

    def swamped(self) -> bool:
        """Whether every mailbox is full: whoever comes now, gets in only in somebody's place."""
        return all(batcher.full for batcher in self._batchers)

    async def drain(self) -> None:
        for batcher in self._batchers:
            await batcher.drain()

    async def close(self) -> None:
        await self.drain()
        await self._road.close()
