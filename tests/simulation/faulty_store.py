"""A store whose disk fails as the weather says: in memory, or SQLite's own files."""

from collections.abc import Callable, Sequence
from random import Random

from ledger.entry import Sealed
from ledger.errors import AppendFailed, Happened, StoreUnreadable
from ledger.ids import AccountId
from ledger.journal import Image, Journal, Mark, Reader, Store, Tip
from ledger.sqlite_store import SqliteJournal
from tests.simulation.fault import Fault, Place, Weather
from tests.simulation.memory_store import MemoryStore
from tests.simulation.sqlite_folder import Files, SqliteFolder, tear

# A commit of a healthy disk, and of a slow one.
COMMIT_S = 0.0005
SLOW_COMMIT_S = 0.4
PAGES_MAX = 1 << 30
SYNCHRONOUS_FULL = 2


class Crash(BaseException):
    """The process dies here: no handler of the code under test may see it."""


class PowerCut(Crash):
    """Everything dies here. torn: what is left of a journal's files, where they are files."""

    def __init__(self, torn: dict[int, Files]) -> None:
        super().__init__()
        self.torn = torn


class FaultyStore:
    """folder: of SQLite's files; without one, journals are in memory."""

    def __init__(
        self, weather: Weather, dice: Random, folder: SqliteFolder | None = None
    ) -> None:
        self._weather = weather
        self._dice = dice
        self._folder = folder
        self._memory = MemoryStore()

    @property
    def sound(self) -> Store:
        """The same journals on a disk that does not fail."""
        return self._folder.store if self._folder else self._memory

    def partitions(self) -> list[int]:
        return self.sound.partitions()

    def writer(self, partition: int) -> "FaultyJournal":
        journal = self.sound.writer(partition)
        return FaultyJournal(partition, journal, self._weather, self._dice, self._folder)

    def reader(self, partition: int) -> "FaultyReader":
        return FaultyReader(self.sound.reader(partition), self._blind(partition))

    def power_cut(self, torn: dict[int, Files]) -> None:
        if self._folder:
            self._folder.power_cut(torn)

    def outdate_images(self, partition: int) -> None:
        """As if a release that draws other images came next: a start replays everything."""
        if self._folder:
            self._folder.outdate_images(partition)
        else:
            self._memory.outdate_images(partition)

    def _blind(self, partition: int) -> Callable[[], None]:
        def look() -> None:
            if self._weather.strike(Place.RELAY_READ, partition):
                raise StoreUnreadable(f"partition {partition}", "input/output error")

        return look


class FaultyReader:
    def __init__(self, reader: Reader, look: Callable[[], None]) -> None:
        self._reader = reader
        self._look = look
        self.tip = reader.tip
        self.images = reader.images
        self.mark = reader.mark
        self.close = reader.close

    def read(self, after: int, limit: int) -> list[Sealed]:
        self._look()
        return self._reader.read(after, limit)


class FaultyJournal:
    """kept: the entries that this turn made durable, whatever their writer was told.

    Whoever drives the partition clears it before each turn; the auditor then knows what became of
    a turn that was not answered.
    """

    def __init__(
        self,
        partition: int,
        journal: Journal,
        weather: Weather,
        dice: Random,
        folder: SqliteFolder | None,
    ) -> None:
        self.partition = partition
        self._journal = journal
        self._weather = weather
        self._dice = dice
        self._folder = folder
        self.kept: list[Sealed] | None = None
        self.commit_s = COMMIT_S
        self.tip: Callable[[], Tip] = journal.tip
        self.images = journal.images
        self.mark = journal.mark
        self.due = journal.due
        self.require_sole_writer = journal.require_sole_writer
        self.close = journal.close

    def begin_turn(self) -> None:
        self.kept = None
        self.commit_s = COMMIT_S

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        fault = self._weather.strike(Place.APPEND, self.partition)
        match fault:
            case None:
                self._commit(entries, images, mark)
            case Fault.DISK_SLOW:
                self._commit(entries, images, mark)
                self.commit_s = SLOW_COMMIT_S
            case Fault.DISK_FULL:
                self._commit_on_full_disk(entries, images, mark)
            case Fault.COMMIT_UNKNOWN:
                self._commit_or_not(entries, images, mark)
                raise AppendFailed(self.partition, Happened.UNKNOWN, "disk I/O error")
            case Fault.CRASH_DURING_APPEND:
                self._commit_or_not(entries, images, mark)
                raise Crash
            case Fault.CRASH_AFTER_APPEND:
                self._commit(entries, images, mark)
                raise Crash
            case Fault.TORN_WAL:
                raise self._tear(entries, images, mark)
            case Fault.WRITES_LOST:
                raise self._lose(entries, images, mark)
            case _:
                raise Crash

    def _commit(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> None:
        if self._folder and not self._syncs:
            self._folder.lag(self.partition)
        self._journal.append(entries, images, mark)
        self.kept = [*(self.kept or ()), *entries]

    @property
    def _syncs(self) -> bool:
        """Is a commit on the disk when SQLite says so? In WAL mode only FULL or more says so
        (sqlite.org/pragma.html#pragma_synchronous).
        """
        assert isinstance(self._journal, SqliteJournal)
        [[level]] = self._journal._db.execute("PRAGMA synchronous").fetchall()
        return bool(level >= SYNCHRONOUS_FULL)

    def _commit_or_not(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> None:
        """Its writer dies now, or is told that nobody knows; what is written stays written."""
        if self._dice.random() < 0.5:
            self._commit(entries, images, mark)

    def _commit_on_full_disk(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> None:
        if not isinstance(self._journal, SqliteJournal):
            raise AppendFailed(self.partition, Happened.NO, "database or disk is full")
        database = self._journal._db
        [[pages]] = database.execute("PRAGMA page_count").fetchall()
        database.execute(f"PRAGMA max_page_count={pages}")
        try:
            self._commit(entries, images, mark)
            # A page had room left: the next append will need another one, or the one after it.
            self._weather.met[Fault.DISK_FULL] -= 1
            self._weather.arm(Fault.DISK_FULL, self.partition)
        finally:
            database.execute(f"PRAGMA max_page_count={PAGES_MAX}")

    def _tear(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> PowerCut:
        assert self._folder, "only files tear"
        old, before = self._journal.tip(), self._folder.files(self.partition)
        self._journal.append(entries, images, mark)
        new = self._journal.tip()
        torn = tear(before, self._folder.files(self.partition), self._dice)
        found = self._folder.tip_of(self.partition, torn)
        assert found in {old, new}, "a commit is written whole, or not at all"
        if found == new:
            self.kept = [*(self.kept or ()), *entries]
        return PowerCut({self.partition: torn})

    def _lose(
        self, entries: Sequence[Sealed], images: Sequence[Image], mark: Mark | None
    ) -> PowerCut:
        """It was written, and nothing of it was synced."""
        if self._folder is None:
            return PowerCut({})
        before = self._folder.files(self.partition)
        self._journal.append(entries, images, mark)
        return PowerCut({self.partition: before})

    def read(self, after: int, limit: int) -> list[Sealed]:
        self._look()
        return self._journal.read(after, limit)

    def entry(self, seq: int) -> Sealed | None:
        self._look()
        return self._journal.entry(seq)

    def image(self, account: AccountId) -> Image | None:
        self._look()
        return self._journal.image(account)

    def _look(self) -> None:
        if self._weather.strike(Place.READ, self.partition):
            raise StoreUnreadable(f"partition {self.partition}", "input/output error")
