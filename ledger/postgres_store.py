"""Journals on PostgreSQL: one schema for all partitions, for installations of many machines.

PostgreSQL keeps what it answered by `synchronous_commit`, which each session sees to. Whether a
replica has it too is the operator's to say, in `synchronous_standby_names`: without that, what a
lost primary answered is lost with it.
"""

from ledger.entry import GENESIS_HASH
from ledger.errors import StoreUnreadable
from ledger.postgres_journal import SETTLE_MS, PostgresJournal
from ledger.postgres_reader import PostgresReader, SharedSession
from ledger.postgres_schema import migrate, version
from ledger.postgres_session import READ_MS, Session
from ledger.store_address import StoreAddress

_PARTITIONS = "SELECT partition FROM airside.tips ORDER BY partition"
_FIRST = (
    "INSERT INTO airside.tips (partition, seq, hash, turn) VALUES (%s, %s, %s, 0)"
    " ON CONFLICT (partition) DO NOTHING"
)


class PostgresStore:
    """The journals in one database."""

    def __init__(
        self,
        address: StoreAddress,
        *,
        settle_ms: int = SETTLE_MS,
        read_ms: int = READ_MS,
    ) -> None:
        address.require_database()
        self._address = address
        self._settle_ms = settle_ms
        self._shared = SharedSession(address, read_ms)

    def __repr__(self) -> str:
        return f"<PostgresStore {self._address}>"

    def prepare(self) -> None:
        """Make or upgrade the schema. Raises StoreUnreachable, SchemaTooNew, StoreNotDurable."""
        self._writing("start").close()

    def partitions(self) -> list[int]:
        """Those that have a journal here, in order. None at all before the schema is made."""
        session = Session(self._address, "partitions")
        try:
            if version(session) == 0:
                return []
            return [row[0] for row in session.rows(_PARTITIONS)]
        finally:
            session.close()

    def writer(self, partition: int) -> PostgresJournal:
        """Raises StoreUnreachable, SchemaTooNew, StoreNotDurable."""
        name = f"partition {partition}"
        session = self._writing(name)
        try:
            session.run(_FIRST, (partition, 0, GENESIS_HASH))
            return PostgresJournal(
                partition, session, lambda: Session(self._address, name), self._settle_ms
            )
        except BaseException:
            session.close()
            raise

    def reader(self, partition: int) -> PostgresReader:
        reader = PostgresReader(partition, self._shared.join())
        try:
            if reader.opened():
                return reader
        except BaseException:
            reader.close()
            raise
        reader.close()
        where = f"{self._address}, partition {partition}"
        raise StoreUnreadable(where, "there is no such journal")

    def _writing(self, name: str) -> Session:
        session = Session(self._address, name)
        try:
            migrate(session)
            session.require_durable()
        except BaseException:
            session.close()
            raise
        return session
