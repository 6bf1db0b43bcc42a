"""What tills had told before their second stories were kept, opened by this release."""

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from services import schema
from services.keyring import Keyring
from services.migrations.versions import v0016_flight_stories as stories
from services.store import open_store

SCRIPTS = ScriptDirectory(str(Path(schema.__file__).parent / "migrations"))
WRITTEN = """
INSERT INTO merchants VALUES ('mer_1', 'Lounge', '4582', 'Doha', 'QA');
INSERT INTO flights VALUES
    ('flt_1', 'QR17', '2026-01-01', '[]', 'A7', '[]', 'mer_1', 'QAR', 'acc_1', '[]', '{}', 'landed',
     '{}', 9, 1);
INSERT INTO flight_entries VALUES
    ('flt_1', 1, 2, x'aa', 'prn_1', 7), ('flt_1', 2, 2, x'bb', 'p', 8);
INSERT INTO flight_sales VALUES
    ('flt_1', 1, 2, 'alw_1', 5, 60, 'hold', 'paid', 0, 'pay_1'),
    ('flt_1', 2, 2, 'alw_1', 5, 70, 'risk', 'unpaid', 2, NULL);
"""


def test_what_was_told_moves_over(tmp_path: Path, url: str, keyring: Keyring) -> None:
    engine = create_engine(url)
    with (
        engine.begin() as connection,
        Operations.context(MigrationContext.configure(connection)),
    ):
        for revision in list(SCRIPTS.walk_revisions())[::-1]:
            if revision.revision == "0007":
                revision.module.create_data_keys()
                revision.module.create_sealed_columns()
            elif revision.revision < stories.revision:
                revision.module.upgrade()
    engine.dispose()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        database.executescript(WRITTEN)
        database.execute("CREATE TABLE store_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO store_version VALUES (?)", (stories.down_revision,))
        database.commit()
    open_store(url, keyring).close()
    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        records = database.execute("SELECT * FROM flight_records ORDER BY device")
        assert records.fetchall() == [
            ("flt_1", 1, 2, 0, b"\xaa", "prn_1", 7),
            ("flt_1", 2, 2, 0, b"\xbb", "p", 8),
        ]
        claims = database.execute("SELECT * FROM flight_claims ORDER BY device")
        assert claims.fetchall() == [
            ("flt_1", 1, 2, 0, "alw_1", 5, 0, 60, "hold", "paid", 0, "pay_1"),
            ("flt_1", 2, 2, 0, "alw_1", 5, 1, 70, "risk", "unpaid", 2, None),
        ]
