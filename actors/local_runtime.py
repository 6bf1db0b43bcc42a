"""The runtime in one process: partitions called directly. For tests, tools and simulation."""

from collections.abc import Callable

from actors.desk import Desk
from actors.directory import Directory
from actors.frame import decode_request
from actors.partition import Partition
from actors.runtime import PartitionUnavailable
from ledger.clock import Clock
from ledger.errors import AppendFailed, Fenced, Happened, LedgerError, StoreUnreadable
from ledger.ids import AccountId
from ledger.journal import Store


class LocalRuntime:
    """All partitions of an installation. kill() forgets one's memory, as a crash does; the next
    frame to it starts it again from its journal.
    """

    def __init__(
        self,
        directory: Directory,
        store: Store,
        *,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._directory = directory
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes
        self._desks: dict[int, Desk] = {}

    def start(self) -> None:
        for number in range(self._directory.partition_count):
            self._desk(number)

    def kill(self, partition: int) -> None:
        if partition in self._desks:
            self._desks.pop(partition).close()

    def tick(self) -> None:
        """Let every partition do what it does when nobody is waiting."""
        for desk in self._desks.values():
            while desk.tick():
                pass

    async def send(self, partition: int, frame: bytes) -> bytes:
        try:
            desk = self._desk(partition)
        except LedgerError as error:
            raise PartitionUnavailable(partition, Happened.NO) from error
        try:
            [answer] = desk.serve([decode_request(frame)])
        except AppendFailed as error:
            self.kill(partition)
            raise PartitionUnavailable(partition, error.happened) from error
        except (Fenced, StoreUnreadable) as error:
            self.kill(partition)
            raise PartitionUnavailable(partition, Happened.UNKNOWN) from error
        return answer

    async def close(self) -> None:
        for number in list(self._desks):
            self.kill(number)

    def _desk(self, number: int) -> Desk:
        if number not in self._desks:
            self._desks[number] = Desk(self._open(number))
        return self._desks[number]

    def _open(self, number: int) -> Partition:
        def owns(account: AccountId) -> bool:
            return self._directory.owns(number, account)

        journal = self._store.writer(number)
        partition = Partition(number, owns=owns, journal=journal, clock=self._clock)
        try:
            partition.open(self._random_bytes(8))
        except LedgerError:
            partition.close()
            raise
        return partition
