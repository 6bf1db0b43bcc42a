"""Journals in memory, which a crash leaves as a disk would: whole commits, or nothing of one."""

from collections.abc import Sequence
from threading import Lock

from ledger.entry import Sealed
from ledger.errors import Fenced, StoreUnreadable
from ledger.ids import AccountId
from ledger.journal import Image, Mark, Tip
from tests.simulation.old_images import outdated, outdated_mark


class Volume:
    """What is on the disk of one partition."""

    def __init__(self) -> None:
        self.entries: list[Sealed] = []
        self.images: dict[AccountId, Image] = {}
        self.mark = Mark()
        self.commits = 0
        self.lock = Lock()  # one writer at a time, as SQLite does it

    @property
    def tip(self) -> Tip:
        return Tip(self.entries[-1].seq, self.entries[-1].hash) if self.entries else Tip()


class MemoryStore:
    def __init__(self) -> None:
        self._volumes: dict[int, Volume] = {}

    def partitions(self) -> list[int]:
        return sorted(self._volumes)

    def outdate_images(self, partition: int) -> None:
        volume = self._volumes[partition]
        volume.mark = outdated_mark(volume.mark)
        volume.images = {name: outdated(image) for name, image in volume.images.items()}

    def writer(self, partition: int) -> "MemoryJournal":
        volume = self._volumes.setdefault(partition, Volume())
        return MemoryJournal(partition, volume)

    def reader(self, partition: int) -> "MemoryReader":
        if partition not in self._volumes:
            raise StoreUnreadable(f"partition {partition}", "there is no such journal")
        return MemoryReader(self._volumes[partition])


class MemoryReader:
    def __init__(self, volume: Volume) -> None:
        self._volume = volume

    def tip(self) -> Tip:
        return self._volume.tip

    def read(self, after: int, limit: int) -> list[Sealed]:
        return self._volume.entries[after : after + limit]

    def images(self, limit: int, after: bytes) -> list[Image]:
        found = sorted(account for account in self._volume.images if account > after)
        return [self._volume.images[account] for account in found[:limit]]

    def mark(self) -> Mark:
        return self._volume.mark

    def close(self) -> None:
        """Nothing is held."""


class MemoryJournal(MemoryReader):
    def __init__(self, partition: int, volume: Volume) -> None:
        super().__init__(volume)
        self._partition = partition
        self._tip = volume.tip
        self._commits = volume.commits

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        volume = self._volume
        with volume.lock:
            self._require_tip()
            for expected, entry in enumerate(entries, self._tip.seq + 1):
                assert entry.seq == expected, "sequence numbers have no gaps"
            volume.entries += entries
            for image in images:
                volume.images[image.account] = image
            volume.mark = mark or volume.mark
            volume.commits += 1
            self._commits, self._tip = volume.commits, volume.tip

    def entry(self, seq: int) -> Sealed | None:
        found = 0 < seq <= len(self._volume.entries)
        return self._volume.entries[seq - 1] if found else None

    def image(self, account: AccountId) -> Image | None:
        return self._volume.images.get(account)

    def due(self, at_ms: int, limit: int) -> list[AccountId]:
        due = [
            (image.due_ms, account)
            for account, image in self._volume.images.items()
            if 0 < image.due_ms <= at_ms
        ]
        return [account for _, account in sorted(due)[:limit]]

    def require_sole_writer(self) -> None:
        if self._commits != self._volume.commits:
            self._require_tip()
            self._commits = self._volume.commits

    def _require_tip(self) -> None:
        found = self._volume.tip
        if found != self._tip:
            raise Fenced(self._partition, self._tip.seq, found.seq)
