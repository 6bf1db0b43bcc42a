"""The relational store beside the journal: people, merchants, orders. Never money.

    open_store("sqlite:////srv/airside/store.db", keyring)
    open_store("postgresql+psycopg://airside@db/airside", keyring)    (with that driver installed)

One rule: a function of this floor opens one transaction, `read` or `write`, and leaves it.
All is synchronous: a caller on an event loop runs it in a thread, and any thread may.

SQLite. Python's driver begins transactions late and commits them early, so that is switched
off and BEGIN is said here. A write says BEGIN IMMEDIATE: a transaction that reads first
and then writes cannot wait for another writer (its snapshot would be old), it fails.

Errors: StoreUnavailable and UnsupportedStore here, SchemaIsNewer in services/schema.py.
They show neither a parameter nor the password of the address; nor do SQLAlchemy's own.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from services import schema
from services.data_keys import KEYS, DataKeys
from services.keyring import Keyring
from services.mint import RandomBytes
from services.new_file import new_file
from services.rows import WRITES, insert_into, writes
from services.sweep import sweep

# How long a writer waits for another one, and a caller for a connection. Writes here take
# milliseconds: who waited this long is better told so than kept.
WAIT_S = 5

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",  # readers do not wait for the writer
    # A power cut must not forget that an order was paid: it would be shown as open again.
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",  # off in SQLite unless said on each connection
    "PRAGMA secure_delete=ON",  # what is deleted is overwritten: services/sweep.py
)


class StoreUnavailable(Exception):
    """The database did not serve us: locked too long, full, out of reach. Worth a retry.

    Raised out of a write, it may have happened all the same: a commit's answer can be lost
    on its way. You do not get this for what the database understood and refused.
    """

    def __init__(self) -> None:
        super().__init__("the store did not answer")


class UnsupportedStore(Exception):
    """The address is not one that this store works with. The operator is to blame."""

    def __init__(self, backend: str) -> None:
        super().__init__(
            f"a store of kind {backend!r}: expected sqlite:///<path of a file> or postgresql://…"
        )


class Store:
    """An open database with the schema of this release. keys: what its sealed columns are under."""

    def __init__(self, engine: Engine, keys: DataKeys) -> None:
        self.keys = keys
        self._reader = engine.execution_options(**{KEYS: keys})
        self._writer = self._reader.execution_options(**{WRITES: True})

    def __repr__(self) -> str:
        return f"<Store {self._reader.dialect.name}>"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Only read; on SQLite from one snapshot, and without waiting for a writer."""
        with _reachable(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commit when the block ends, roll back when it raises."""
        with _reachable(), self._writer.begin() as connection:
            yield connection

    def insert_into(self, table: Table) -> sqlite.Insert | postgresql.Insert:
        """Begin an INSERT that can say what to do on conflict, as the dialect says it."""
        return insert_into(self._reader.dialect.name, table)

    def sweep(self) -> bool:
        """Whether nothing that was deleted is left in the files; services/sweep.py."""
        with _reachable():
            return sweep(self._reader)

    def close(self) -> None:
        self._reader.dispose()


def open_store(
    url: str, keyring: Keyring, *, random_bytes: RandomBytes = secrets.token_bytes
) -> Store:
    """Open the store, making or upgrading its tables. random_bytes: for keys and nonces.

    Raises UnsupportedStore, schema.SchemaIsNewer, StoreUnavailable.
    """
    keys = DataKeys(keyring.wrapping_key(), random_bytes)
    store = Store(_engine(_address(url)), keys)
    try:
        _upgrade(store)
        store.sweep()
    except BaseException:
        store.close()
        raise
    return store


def _upgrade(store: Store) -> None:
    # Asked in a read first: most starts find nothing to do, and need not wait for a writer.
    with store.read() as connection:
        if schema.is_current(connection):
            return
    with store.write() as connection:
        schema.upgrade(connection, store.keys)


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        # The text may hold a password, so it is not repeated.
        raise UnsupportedStore("unreadable") from None
    backend = address.get_backend_name()
    if backend == "sqlite":
        # In memory each connection would see a database of its own.
        if not address.database or address.database.startswith((":memory:", "file:")):
            raise UnsupportedStore("sqlite without a file")
    elif backend != "postgresql":
        raise UnsupportedStore(backend)
    return address


def _engine(address: URL) -> Engine:
    """Without hide_parameters, SQL errors print the names and digests they are about."""
    if address.get_backend_name() == "postgresql":
        return create_engine(
            address, hide_parameters=True, pool_timeout=WAIT_S, pool_pre_ping=True
        )
    _make_file(Path(str(address.database)))
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_timeout=WAIT_S,
        connect_args={"timeout": WAIT_S},
    )
    event.listen(engine, "connect", _configure)
    event.listen(engine, "begin", _begin)
    return engine


def _make_file(path: Path) -> None:
    """Make the database before SQLite does: for its owner only, in WAL mode from the start.

    Processes that open a new database together cannot all switch it to WAL: SQLite gives up
    on a busy switch without waiting. The WAL's files take over the mode of the database.
    """
    if path.exists():
        return
    with new_file(path) as aside, closing(sqlite3.connect(aside)) as database:
        database.execute("PRAGMA journal_mode=WAL")


def _configure(dbapi: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    dbapi.isolation_level = None
    cursor = dbapi.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes(connection) else "BEGIN")


@contextmanager
def _reachable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeoutError) as error:
        raise StoreUnavailable from error
