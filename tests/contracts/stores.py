"""The stores that the journal contract runs on: a second store is one more class and row."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Protocol

from ledger.journal import Journal, Store
from ledger.postgres_journal import PostgresJournal
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteJournal, SqliteStore
from tests.postgres_server import the_server
from tests.simulation.fault import Fault, Weather
from tests.simulation.faulty_store import FaultyJournal, FaultyStore


class Bench(Protocol):
    """A store, and the ways to hurt it that every disk knows."""

    @property
    def store(self) -> Store: ...

    def fill_disk(self, journal: Journal) -> None:
        """From now on this writer finds no room."""
        ...

    def forbid_writing(self, journal: Journal) -> None: ...


class SqliteBench:
    def __init__(self, folder: Path) -> None:
        self.store = SqliteStore(folder / "journals")

    def fill_disk(self, journal: Journal) -> None:
        assert isinstance(journal, SqliteJournal)
        journal._db.execute("PRAGMA max_page_count=1")  # SQLite takes it as: no more pages

    def forbid_writing(self, journal: Journal) -> None:
        assert isinstance(journal, SqliteJournal)
        journal._db.execute("PRAGMA query_only=ON")


class PostgresBench:
    """An empty database on the server of the run."""

    def __init__(self, _folder: Path) -> None:
        self.store = PostgresStore(the_server().empty_database())

    def fill_disk(self, journal: Journal) -> None:
        """The server refuses rows as it does when a table's file cannot grow."""
        assert isinstance(journal, PostgresJournal)
        the_server().ask(_NO_ROOM)
        journal._session.run("SET test.disk_full = 'yes'")

    def forbid_writing(self, journal: Journal) -> None:
        assert isinstance(journal, PostgresJournal)
        journal._session.run("SET default_transaction_read_only = on")


class SimulatedBench:
    """What tests/simulation runs on must be a journal too, or nothing is proved there."""

    def __init__(self, _folder: Path) -> None:
        self._weather = Weather()
        self.store = FaultyStore(self._weather, Random(0))

    def fill_disk(self, journal: Journal) -> None:
        assert isinstance(journal, FaultyJournal)
        self._weather.arm(Fault.DISK_FULL, journal.partition)

    def forbid_writing(self, journal: Journal) -> None:
        self.fill_disk(journal)


_NO_ROOM = """
CREATE OR REPLACE FUNCTION airside.no_room() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE 'could not extend file: No space left on device' USING ERRCODE = '53100'; END
$$;
CREATE TRIGGER no_room BEFORE INSERT ON airside.entries FOR EACH ROW
WHEN (new.seq > 100 AND current_setting('test.disk_full', true) = 'yes')
EXECUTE FUNCTION airside.no_room();
"""

BENCHES: dict[str, Callable[[Path], Bench]] = {
    "sqlite": SqliteBench,
    "postgres": PostgresBench,
    "simulated": SimulatedBench,
}
