"""Which store an address means. Nothing above this floor knows what journals are made of."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ledger.entry import FORMAT_VERSION, unseal
from ledger.errors import DriverMissing, StoreTooNew
from ledger.events import PartitionOpened
from ledger.images import mark_of
from ledger.journal import Reader, Store
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress

if TYPE_CHECKING:
    from ledger.postgres_store import PostgresStore

PAGE = 2_000


def open_journals(where: StoreAddress) -> Store:
    """The store at that address; nothing is made or asked yet.

    Raises BadStoreAddress, DriverMissing.
    """
    return _postgres(where) if where.in_database else SqliteStore(Path(where.text))


def prepare_journals(where: StoreAddress) -> None:
    """Make, or upgrade, what journals live in; so what is wrong with it is said at the start.

    Raises BadStoreAddress, DriverMissing, StoreUnreadable, SchemaTooNew, StoreTooNew,
    StoreNotDurable.
    """
    store = _postgres(where) if where.in_database else SqliteStore(Path(where.text))
    store.prepare()
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            _require_known_format(partition, reader)


def _require_known_format(partition: int, reader: Reader) -> None:
    """By the mark, and by what was written after it. Raises StoreTooNew.

    A partition looks itself when it starts; but it is a process of its own, and nobody who starts
    an installation sees what it ends with.
    """
    mark_of(partition, reader)
    seq = reader.mark().seq
    while page := reader.read(seq, PAGE):
        for sealed in page:
            try:
                event = unseal(sealed.body).event
            except msgspec.DecodeError:
                return  # damage, and the partition's to judge
            if isinstance(event, PartitionOpened) and event.format_version > FORMAT_VERSION:
                raise StoreTooNew(partition, event.format_version)
        seq = page[-1].seq


def _postgres(where: StoreAddress) -> "PostgresStore":
    try:
        from ledger.postgres_store import PostgresStore  # noqa: PLC0415 — an optional driver
    except ImportError as error:
        raise DriverMissing("PostgreSQL", "postgres") from error
    return PostgresStore(where)
