"""A journal of the first release is read, upgraded and carried on, on both stores."""

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import LiteralString

import msgspec
import pytest

from actors.rebuild import rebuild
from ledger.account import (
    Account,
    AccountStatus,
    Credit,
    Earnings,
    KeyUse,
    Pot,
    Stripe,
    Transfer,
    TransferStatus,
)
from ledger.balances import balances
from ledger.clock import ManualClock
from ledger.entry import FORMAT_VERSION, Sealed
from ledger.errors import SchemaTooOld
from ledger.events import AccountKind
from ledger.images import IMAGE_VERSION, draw_head
from ledger.journal import Image, Mark, Store
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.stores import prepare_journals
from ledger.verify import verify
from tests.books import memory_folder, open_partition
from tests.ledger.first_release import on_postgres, on_sqlite, rows
from tests.ledger.forge import AMIRA
from tests.postgres_server import the_server

# Whoever changes what an image holds raises IMAGE_VERSION, and pins here what it holds then.
# Else a start would go on from images that a replay does not give.
GOLDEN_IMAGES = (
    6,
    "db6fe4be7db2573231d9fcc03c699c60ccbee36938f190abd04be4ad15158147",
)
# The first release had no credit, no stripes and no merchants' accounts.
GOLDEN_HEAD = (6, "a228ca88fb9083f60fbf79712f6fe865ab02e6f9b00a566664375e677ae35229")


@pytest.fixture
def folder() -> Iterator[Path]:
    with memory_folder() as name:
        yield Path(name)


@pytest.fixture(params=[on_sqlite, on_postgres])
def store(request: pytest.FixtureRequest, folder: Path) -> Store:
    make: Callable[[Path], Store] = request.param
    return make(folder)


def prepare(store: Store) -> None:
    for partition in store.partitions():
        store.writer(partition).close()


def images(store: Store, partition: int) -> list[Image]:
    with closing(store.reader(partition)) as reader:
        return reader.images(100, b"")


def test_every_entry_is_there_and_the_books_are_sound(store: Store) -> None:
    prepare(store)

    for partition, kept in rows().items():
        with closing(store.reader(partition)) as reader:
            assert reader.read(0, 100) == [Sealed(*row) for row in kept.entries]
    assert verify(store).findings == ()
    assert balances(store).trial_balance() == {"QAR": 0, "AVIOS": 0}


def test_its_images_are_no_damage_and_are_drawn_anew(store: Store) -> None:
    prepare(store)
    for partition, kept in rows().items():
        with closing(store.writer(partition)) as journal:
            assert journal.mark().image_version == 0
            opened = open_partition(journal, ManualClock(), number=partition)
            while opened.tick():
                pass
            assert journal.mark().image_version == IMAGE_VERSION
            assert journal.mark().format_version == FORMAT_VERSION
            assert journal.mark().seq == len(kept.entries) + 1
        drawn = images(store, partition)
        assert {image.account for image in drawn} >= {row[0] for row in kept.images}
        assert all(image.body[0] == IMAGE_VERSION for image in drawn)

    assert verify(store).findings == ()


def test_what_an_image_holds_belongs_to_its_version(folder: Path) -> None:
    store = on_sqlite(folder)
    digest = hashlib.sha256()
    for partition in store.partitions():
        with closing(store.writer(partition)) as journal:
            rebuild(partition, journal)
        for image in images(store, partition):
            digest.update(msgspec.msgpack.encode(image))

    assert (IMAGE_VERSION, digest.hexdigest()) == GOLDEN_IMAGES


def test_what_an_image_holds_of_later_accounts_belongs_to_its_version_too() -> None:
    account = Account(
        AMIRA,
        AccountKind.WALLET,
        AccountStatus.OPEN,
        7,
        {"QAR": Pot(5, 3)},
        stripe=Stripe("mer_lounge", 9, {"QAR": 8}),
        earnings=Earnings({"QAR": 4}, {"QAR": -2}),
        credits={"QAR": Credit(100, 50, 20)},
    )
    account.add_transfer(1, Transfer(TransferStatus.HELD, 7, AMIRA, "QAR", 6, by="a"), 3)
    account.remember(b"key", KeyUse(3, 1, attempt=False))

    digest = hashlib.sha256(msgspec.msgpack.encode(draw_head(account))).hexdigest()

    assert (IMAGE_VERSION, digest) == GOLDEN_HEAD


def test_who_only_reads_a_file_of_the_first_release_is_told_how_to_upgrade_it(
    folder: Path,
) -> None:
    store = on_sqlite(folder)

    for attempt in (lambda: store.reader(0), lambda: verify(store)):
        with pytest.raises(
            SchemaTooOld, match="version 0; `airside serve` makes it current"
        ):
            attempt()


def test_the_start_of_the_installation_upgrades_it(folder: Path) -> None:
    store = on_sqlite(folder)

    prepare_journals(StoreAddress(str(folder)))

    assert verify(store).findings == ()


def test_what_was_upgraded_on_sqlite_has_the_tables_of_what_is_new(folder: Path) -> None:
    prepare(on_sqlite(folder))
    new = SqliteStore(folder / "new")
    new.writer(0).close()

    assert sqlite_tables(folder) == sqlite_tables(folder / "new")


def sqlite_tables(folder: Path) -> list[tuple[str, ...]]:
    """As SQLite writes them down, but for spaces."""
    with closing(sqlite3.connect(SqliteStore(folder).path(0))) as db:
        made = db.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()
        [version] = db.execute("PRAGMA user_version").fetchone()
    return [(str(version),), *((name, "".join((sql or "").split())) for name, sql in made)]


def test_what_was_upgraded_on_postgresql_has_the_tables_of_what_is_new(
    folder: Path,
) -> None:
    server = the_server()
    prepare(on_postgres(folder))
    upgraded = server.ask(POSTGRES_LAYOUT)

    PostgresStore(server.empty_database()).prepare()

    assert server.ask(POSTGRES_LAYOUT) == upgraded
    assert len(upgraded) > 20


POSTGRES_LAYOUT: LiteralString = """
SELECT relname::text, attname::text, format_type(atttypid, atttypmod), attnotnull::text,
    coalesce(pg_get_expr(adbin, adrelid), ''), coalesce(reloptions::text, '')
FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
WHERE relnamespace = 'airside'::regnamespace AND attnum > 0
UNION ALL SELECT tablename, indexname, indexdef, '', '', '' FROM pg_indexes
WHERE schemaname = 'airside'
UNION ALL SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), '', '', ''
FROM pg_constraint WHERE connamespace = 'airside'::regnamespace
UNION ALL SELECT 'version', version::text, '', '', '', '' FROM airside.schema_version
ORDER BY 1, 2, 3
"""


def test_left_over_images_are_not_trusted_behind_a_mark_of_today(folder: Path) -> None:
    """As if only some had been drawn anew: an account is replayed, never read as something else."""
    store = on_sqlite(folder)
    with closing(store.writer(0)) as journal:
        rebuild(0, journal)
    whole = {image.account: image for image in images(store, 0)}
    with closing(store.writer(0)) as journal:
        old = [Image(*row) for row in rows()[0].images]  # type: ignore[arg-type]
        journal.append([], old, Mark(0, {}, 0, 1, IMAGE_VERSION))
        opened = open_partition(journal, ManualClock())
        assert opened.residents.get(AMIRA) is not None
        while opened.tick():
            pass

    assert {image.account: image for image in images(store, 0)} == whole
