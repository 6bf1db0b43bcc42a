"""A store of the first release, with people in it in plain, opened by this one."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from ledger.clock import ManualClock
from ledger.ids import account_text, derive_account
from services import schema
from services.airline import Passenger
from services.keyring import Keyring
from services.labels import AccountLabel, find_labels
from services.migrations.versions import v0007_sealed as sealed
from services.order_texts import OrderTexts, SaleOf
from services.orders import OrderLine, get_order
from services.principals import find_by_key, get_principal, key_digest
from services.store import Store, open_store
from services.tickets import get_ticket

AMIRA = derive_account("prn_1", "amira")
ACCOUNT = account_text(AMIRA)
KEY = "ak_" + "a" * 32
A17 = b"\x17" * 16
TICKET = [b"PNR-TICKET", b"Passenger", b"1572400000001"]
PLANTED = [b"Zahra", b"Deleted text", b"PNR-7Q4K2Z", b"Seat 14C", b"LATE-PNR", *TICKET]
PASSENGERS = '[{"given_name": "Passenger", "surname": "Planted"}]'
SCRIPTS = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
LINES = '[{"text": "Seat 14C", "amount_minor": 1}]'

WRITTEN = f"""
INSERT INTO merchants VALUES ('mer_1', 'Lounge', '4582', 'Doha', 'QA');
INSERT INTO principals VALUES
    ('prn_1', 'customer', 'Zahra', '["own"]', 'web', '{ACCOUNT}', NULL, 1, NULL),
    ('prn_2', 'operator', 'Zahra too', '[]', 'web', NULL, NULL, 1, NULL),
    ('prn_3', 'agent', 'Zahra thrice', '[]', 'web', '{ACCOUNT}', NULL, 1, NULL);
INSERT INTO agencies VALUES ('agy_1', 'Falcon Travel', '12345675', '{ACCOUNT}', 180, 1);
INSERT INTO tickets VALUES
    ('tkt_1', 'agy_1', '{ACCOUNT}', 'prn_3', 'agent', 'mer_1', 'offer', 'PNR-TICKET', 100,
     'QAR', NULL, '{PASSENGERS}', 'issuing', NULL, '["1572400000001"]', NULL, 1, 1);
INSERT INTO account_labels VALUES ('{ACCOUNT}', 'Zahra', 'prn_1');
INSERT INTO order_texts VALUES (x'{A17.hex()}', 'mer_1', 'PNR-7Q4K2Z', 5);
INSERT INTO orders VALUES
    ('ord_1', 'mer_1', 100, 'QAR', 'PNR-7Q4K2Z', '{LINES}', 'paid', '{ACCOUNT}', 1, 'pay_1', 1),
    ('ord_2', 'mer_1', 100, 'QAR', 'LATE-PNR', '[]', 'open', NULL, NULL, NULL, 1);
"""


@pytest.fixture
def old(tmp_path: Path, url: str) -> Path:
    engine = create_engine(url)
    with engine.begin() as connection:
        context = MigrationContext.configure(connection)
        with Operations.context(context):
            for revision in list(SCRIPTS.walk_revisions())[::-1]:
                if revision.revision < sealed.revision:
                    revision.module.upgrade()
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        # As the first release did on most systems: what is deleted stays where it was.
        database.execute("PRAGMA secure_delete=OFF")
        database.executescript(WRITTEN)
        gone = [
            (n.to_bytes(16, "big"), "mer_1", f"Deleted text {n}", 5) for n in range(3_000)
        ]
        database.executemany("INSERT INTO order_texts VALUES (?, ?, ?, ?)", gone)
        database.execute("DELETE FROM order_texts WHERE order_text LIKE 'Deleted%'")
        row = (key_digest(KEY), "prn_1", 1, None, None)
        database.execute("INSERT INTO api_keys VALUES (?, ?, ?, ?, ?)", row)
        database.execute("CREATE TABLE store_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO store_version VALUES (?)", (sealed.down_revision,))
        database.commit()
    return tmp_path


@pytest.fixture
def upgraded(old: Path, url: str, keyring: Keyring) -> Iterator[Store]:
    assert all(found(old, planted) for planted in PLANTED)
    opened = open_store(url, keyring)
    yield opened
    opened.close()


def found(folder: Path, planted: bytes) -> list[str]:
    return [path.name for path in folder.iterdir() if planted in path.read_bytes()]


def test_everything_reads_as_before(upgraded: Store, clock: ManualClock) -> None:
    zahra = get_principal(upgraded, "prn_1")
    order = get_order(upgraded, "ord_1")

    assert (zahra.name, zahra.account) == ("Zahra", ACCOUNT)
    assert find_by_key(upgraded, KEY, now_ms=9) == zahra
    assert get_principal(upgraded, "prn_2").name == "Zahra too"
    label = AccountLabel(account=ACCOUNT, label="Zahra", owner="prn_1")
    assert find_labels(upgraded, [ACCOUNT]) == {ACCOUNT: label}
    assert (order.order_text, order.lines) == ("PNR-7Q4K2Z", (OrderLine("Seat 14C", 1),))
    assert get_order(upgraded, "ord_2").order_text == "LATE-PNR"
    ticket = get_ticket(upgraded, "tkt_1")
    assert (ticket.order_text, ticket.ticket_numbers) == ("PNR-TICKET", ("1572400000001",))
    assert ticket.passengers == (Passenger("Passenger", "Planted"),)
    assert get_principal(upgraded, "prn_3").name == "Zahra thrice"
    texts = OrderTexts(upgraded, clock)
    sale = SaleOf(AMIRA, "mer_1", A17)
    assert texts.find([sale]) == {sale: "PNR-7Q4K2Z"}


@pytest.mark.parametrize("planted", PLANTED)
def test_nothing_is_left_in_plain_in_any_file(
    upgraded: Store, tmp_path: Path, planted: bytes
) -> None:
    assert found(tmp_path, planted) == []
    assert repr(upgraded) == "<Store sqlite>"


def test_what_nobody_paid_yet_is_the_merchants_and_the_rest_the_payers(
    upgraded: Store,
) -> None:
    with upgraded.write() as connection:
        upgraded.keys.destroy(connection, ACCOUNT, 9)

    assert get_order(upgraded, "ord_1").order_text == ""
    assert get_principal(upgraded, "prn_1").name == ""
    assert find_labels(upgraded, [ACCOUNT]) == {}
    assert get_order(upgraded, "ord_2").order_text == "LATE-PNR"
    assert get_principal(upgraded, "prn_2").name == "Zahra too"


def test_more_rows_than_a_page_are_all_sealed(
    old: Path, url: str, keyring: Keyring, clock: ManualClock
) -> None:
    digests = [number.to_bytes(16, "big") for number in range(1_001)]
    with closing(sqlite3.connect(old / "store.db")) as database:
        rows = [(digest, "mer_1", f"A-{n}", 1) for n, digest in enumerate(digests)]
        database.executemany("INSERT INTO order_texts VALUES (?, ?, ?, ?)", rows)
        database.commit()

    store = open_store(url, keyring)

    known = OrderTexts(store, clock).find(
        [SaleOf(AMIRA, "mer_1", each) for each in digests]
    )
    assert [text for _, text in sorted(known.items())] == [f"A-{n}" for n in range(1_001)]
    store.close()
