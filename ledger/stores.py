"""Which store an address means. Nothing above this floor knows what journals are made of."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ledger.entry import FORMAT_VERSION, GENESIS_HASH, Entry, Sealed, chain, unseal
from ledger.errors import DriverMissing, JournalDamaged, StoreTooNew
from ledger.events import PartitionOpened
from ledger.ids import AccountId
from ledger.images import mark_of, require_readable
from ledger.journal import Reader, Store
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress

if TYPE_CHECKING:
    from ledger.postgres_store import PostgresStore

PAGE = 2_000
# Images that are looked at before a start: 50 ms of a file, half a second of a database. After a
# kill under load the tail may have more accounts; the partition looks at each when it replays.
IMAGES_CHECKED_MAX = 2_000


def open_journals(where: StoreAddress) -> Store:
    """The store at that address; nothing is made or asked yet.

    Raises BadStoreAddress, DriverMissing.
    """
    return _postgres(where) if where.in_database else SqliteStore(Path(where.text))


def damage_of(store: Store, partition: int) -> list[str]:
    """What is wrong with the files of a journal, as sentences. A database checks its own."""
    return store.damage(partition) if isinstance(store, SqliteStore) else []


def prepare_journals(where: StoreAddress) -> None:
    """Make, or upgrade, what journals live in; so what is wrong with it is said at the start.

    Raises BadStoreAddress, DriverMissing, StoreUnreadable, SchemaTooNew, StoreTooNew,
    StoreNotDurable, JournalDamaged.
    """
    store = _postgres(where) if where.in_database else SqliteStore(Path(where.text))
    store.prepare()
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            _require_sound_tail(partition, reader)


def _require_sound_tail(partition: int, reader: Reader) -> None:
    """By the mark, and by what was written after it. Raises StoreTooNew, JournalDamaged.

    A partition looks itself when it starts; but it is a process of its own, and nobody who starts
    an installation sees what it ends with.
    """
    mark_of(partition, reader)
    seq, last = reader.mark().seq, GENESIS_HASH
    touched: set[AccountId] = set()
    for sealed in reader.read(seq - 1, 1) if seq else []:
        last = sealed.hash
    while page := reader.read(seq, PAGE):
        for sealed in page:
            seq += 1
            entry = _unsealed(partition, seq, sealed)
            event = entry.event
            if isinstance(event, PartitionOpened) and event.format_version > FORMAT_VERSION:
                raise StoreTooNew(partition, event.format_version)
            if sealed.seq != seq or chain(last, sealed.body) != sealed.hash:
                raise JournalDamaged(partition, f"entry {seq} is damaged")
            last = sealed.hash
            if entry.account and len(touched) < IMAGES_CHECKED_MAX:
                touched.add(entry.account)
    for account in touched:
        _require_sound_image(partition, reader, account)


def _require_sound_image(partition: int, reader: Reader, account: AccountId) -> None:
    """Of an account that the replay will read. Raises JournalDamaged."""
    before = (int.from_bytes(account, "big") - 1).to_bytes(len(account), "big")
    for image in reader.images(1, before):
        if image.account == account:
            require_readable(partition, image)


def _unsealed(partition: int, seq: int, sealed: Sealed) -> Entry:
    try:
        return unseal(sealed.body)
    except msgspec.DecodeError as error:
        raise JournalDamaged(partition, f"entry {seq} cannot be decoded: {error}") from None


def _postgres(where: StoreAddress) -> "PostgresStore":
    try:
        from ledger.postgres_store import PostgresStore  # noqa: PLC0415 — an optional driver
    except ImportError as error:
        raise DriverMissing("PostgreSQL", "postgres") from error
    return PostgresStore(where)
