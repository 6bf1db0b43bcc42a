import io
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import IntegrityError

from services import schema
from services.card_tables import CARDS
from services.counter_tables import COUNTER_CHARGES
from services.flight_tables import FLIGHTS
from services.keyring import Keyring
from services.merchant_tables import PAYMENTS
from services.schema import VERSION_TABLE, SchemaIsNewer, upgrade
from services.settlement_tables import SETTLEMENTS
from services.store import Store, StoreUnavailable, UnsupportedStore, open_store
from services.tables import MERCHANTS, METADATA, ORDERS
from services.terminal_tables import TERMINAL_TOTALS
from services.webhook_tables import WEBHOOKS

SCRIPTS = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
# Oldest first.
REVISIONS = list(SCRIPTS.walk_revisions())[::-1]

AMIRA = {
    "id": "mer_1",
    "name": "Amira's Tea",
    "mcc": "5814",
    "city": "Doha",
    "country": "QA",
}


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """Another program's connection to the same file, which does not wait for anybody."""
    with closing(sqlite3.connect(tmp_path / "store.db", timeout=0)) as connection:
        connection.isolation_level = None
        yield connection


def tables_of(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {name for (name,) in rows}


def test_the_revisions_make_exactly_the_tables_that_the_code_names(store: Store) -> None:
    tables = [PAYMENTS, TERMINAL_TOTALS, CARDS, FLIGHTS, WEBHOOKS, SETTLEMENTS]
    tables += [COUNTER_CHARGES]
    assert {table.metadata for table in tables} == {METADATA}
    with store.read() as connection:
        options = {"version_table": VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, METADATA) == []


def test_a_store_opened_again_has_kept_what_was_written(url: str, keyring: Keyring) -> None:
    first = open_store(url, keyring)
    with first.write() as connection:
        connection.execute(insert(MERCHANTS), AMIRA)
    first.close()

    second = open_store(url, keyring)

    with second.read() as connection:
        assert connection.execute(select(MERCHANTS.c.name)).scalar() == "Amira's Tea"
    second.close()


def test_a_store_of_a_newer_release_is_refused_and_left_alone(
    store: Store, raw: sqlite3.Connection, url: str, keyring: Keyring
) -> None:
    store.close()
    raw.execute("UPDATE store_version SET version_num = '0099'")

    with pytest.raises(SchemaIsNewer, match="revision 0099, this release knows up to"):
        open_store(url, keyring)

    assert raw.execute("SELECT version_num FROM store_version").fetchall() == [("0099",)]


def test_a_newer_release_that_upgrades_first_is_not_overtaken(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE store_version SET version_num = '0099'"))
        with pytest.raises(SchemaIsNewer):
            upgrade(connection, store.keys)


def test_a_store_that_is_up_to_date_opens_while_another_process_writes(
    store: Store, raw: sqlite3.Connection, url: str, keyring: Keyring
) -> None:
    raw.execute("BEGIN IMMEDIATE")

    open_store(url, keyring).close()


def test_different_stores_can_be_upgraded_at_once(tmp_path: Path, keyring: Keyring) -> None:
    urls = [f"sqlite:///{tmp_path / f'store-{number}.db'}" for number in range(4)]

    with ThreadPoolExecutor(4) as pool:
        for store in pool.map(open_store, urls, [keyring] * 4):
            store.close()


def test_an_upgrade_that_fails_leaves_nothing_behind(
    raw: sqlite3.Connection, url: str, keyring: Keyring
) -> None:
    raw.execute("CREATE TABLE orders (of_another_program)")

    with pytest.raises(StoreUnavailable):
        open_store(url, keyring)

    assert tables_of(raw) == {"orders"}


def test_stores_that_are_opened_together_upgrade_once(url: str, keyring: Keyring) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(open_store, [url] * 4, [keyring] * 4))

    with stores[0].read() as connection:
        assert connection.execute(text("SELECT count(*) FROM store_version")).scalar() == 1
    for store in stores:
        store.close()


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("foreign_keys", 1),
        ("synchronous", 2),
        ("busy_timeout", 5000),
    ],
)
def test_every_sqlite_connection_is_safe(store: Store, pragma: str, value: object) -> None:
    with store.read() as one, store.read() as other:
        assert one.execute(text(f"PRAGMA {pragma}")).scalar() == value
        assert other.execute(text(f"PRAGMA {pragma}")).scalar() == value


def test_only_the_owner_may_read_the_files_of_the_store(
    store: Store, tmp_path: Path
) -> None:
    with store.write() as connection:
        connection.execute(insert(MERCHANTS), AMIRA)

    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert modes == {"store.db": 0o600, "store.db-wal": 0o600, "store.db-shm": 0o600}


def test_a_write_that_raises_leaves_nothing(store: Store) -> None:
    def write_half() -> None:
        with store.write() as connection:
            connection.execute(insert(MERCHANTS), AMIRA)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_half()

    with store.read() as connection:
        assert connection.execute(select(MERCHANTS)).all() == []


def test_a_write_holds_the_lock_before_its_first_statement(
    store: Store, raw: sqlite3.Connection
) -> None:
    with store.write(), pytest.raises(sqlite3.OperationalError, match="locked"):
        raw.execute("BEGIN IMMEDIATE")


def test_a_read_keeps_its_snapshot_and_hinders_no_writer(
    store: Store, raw: sqlite3.Connection
) -> None:
    count = select(func.count()).select_from(MERCHANTS)
    with store.read() as connection:
        assert connection.execute(count).scalar() == 0
        raw.execute("INSERT INTO merchants VALUES ('mer_1', 'Tea', '5814', 'Doha', 'QA')")
        assert connection.execute(count).scalar() == 0


def test_a_store_that_stays_locked_is_unavailable(
    raw: sqlite3.Connection, url: str, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.WAIT_S", 0)
    impatient = open_store(url, keyring)
    raw.execute("BEGIN IMMEDIATE")

    with pytest.raises(StoreUnavailable), impatient.write():
        pytest.fail("nobody writes while another one does")

    impatient.close()


def test_an_error_of_sql_does_not_show_what_it_was_about(store: Store) -> None:
    with store.write() as connection:
        connection.execute(insert(MERCHANTS), AMIRA)

    with store.write() as connection, pytest.raises(IntegrityError) as caught:
        connection.execute(insert(MERCHANTS), AMIRA)

    assert "UNIQUE constraint failed: merchants.id" in str(caught.value)
    assert "Tea" not in f"{caught.value} {caught.value!r}"


def test_an_order_without_a_positive_amount_is_refused_by_the_database(
    store: Store,
) -> None:
    texts = {"id": "ord_1", "currency": "QAR", "merchant": "mer_1", "status": "open"}
    order = texts | {"amount_minor": 0, "created_at_ms": 1}

    with store.write() as connection:
        connection.execute(insert(MERCHANTS), AMIRA)
        with pytest.raises(IntegrityError, match="ck_orders_amount_is_positive"):
            connection.execute(insert(ORDERS), order)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:x?mode=memory&uri=true",
        "mysql+pymysql://airside:swordfish@db/airside",
        "airside:swordfish@db",
        "",
    ],
)
def test_other_addresses_are_refused_and_not_repeated(
    address: str, keyring: Keyring
) -> None:
    with pytest.raises(UnsupportedStore) as caught:
        open_store(address, keyring)

    assert "swordfish" not in f"{caught.value} {caught.value!r}"


def test_a_store_shows_its_kind_and_not_its_address(store: Store, tmp_path: Path) -> None:
    assert repr(store) == "<Store sqlite>"


def test_every_revision_can_be_said_in_postgresql() -> None:
    said = io.StringIO()
    context = MigrationContext.configure(
        dialect_name="postgresql", opts={"as_sql": True, "output_buffer": said}
    )

    with Operations.context(context):
        for revision in REVISIONS:
            revision.module.upgrade()

    made, dropped = (said.getvalue().count(f"{word} TABLE ") for word in ("CREATE", "DROP"))
    assert made - dropped == len(METADATA.tables)
    assert "digest BYTEA NOT NULL" in said.getvalue()
    assert "amount_minor BIGINT NOT NULL" in said.getvalue()
