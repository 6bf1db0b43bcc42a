"""Which store an address means. Nothing above this floor knows what journals are made of."""

from pathlib import Path
from typing import TYPE_CHECKING

from ledger.errors import DriverMissing
from ledger.journal import Store
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress

if TYPE_CHECKING:
    from ledger.postgres_store import PostgresStore


def open_journals(where: StoreAddress) -> Store:
    """The store at that address; nothing is made or asked yet.

    Raises BadStoreAddress, DriverMissing.
    """
    return _postgres(where) if where.in_database else SqliteStore(Path(where.text))


def prepare_journals(where: StoreAddress) -> None:
    """Make, or upgrade, what journals live in; so what is wrong with it is said at the start.

    Raises BadStoreAddress, DriverMissing, StoreUnreachable, SchemaTooNew, StoreNotDurable.
    """
    if where.in_database:
        _postgres(where).prepare()
    else:
        Path(where.text).mkdir(parents=True, exist_ok=True)


def _postgres(where: StoreAddress) -> "PostgresStore":
    try:
        from ledger.postgres_store import PostgresStore  # noqa: PLC0415 — an optional driver
    except ImportError as error:
        raise DriverMissing("PostgreSQL", "postgres") from error
    return PostgresStore(where)
