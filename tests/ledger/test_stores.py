"""Opening the store that an address names, and what is said when its driver is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from ledger.errors import DriverMissing
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.stores import open_journals, prepare_journals

DATABASE = StoreAddress("postgresql://airside:secret@db/wallet")


def test_a_folder_means_sqlite_and_is_made(tmp_path: Path) -> None:
    where = StoreAddress(str(tmp_path / "data" / "journals"))
    prepare_journals(where)
    store = open_journals(where)

    assert isinstance(store, SqliteStore)
    assert store.partitions() == []
    assert (tmp_path / "data" / "journals").is_dir()


def test_a_database_means_postgresql_and_shows_no_password() -> None:
    store = open_journals(DATABASE)

    assert isinstance(store, PostgresStore)
    assert repr(store) == "<PostgresStore postgresql://airside:****@db/wallet>"


def test_without_the_driver_the_error_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in [name for name in sys.modules if name.startswith("ledger.postgres_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as if it were not installed

    with pytest.raises(DriverMissing, match=r'pip install "airside\[postgres\]"'):
        open_journals(DATABASE)


@pytest.mark.slow
def test_sqlite_needs_no_driver_of_another_store() -> None:
    program = (
        "import sys; from ledger.stores import *; open_journals(StoreAddress('/nowhere'));"
        " sys.exit('psycopg' in sys.modules)"
    )
    subprocess.run(
        [sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2]
    )
