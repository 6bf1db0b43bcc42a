import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import delete, select, update

from services.keyring import Keyring
from services.store import Store, open_store
from services.sweep import SweepKind, sweep_is_due
from services.tables import DATA_KEYS, SWEEPS

HOLDERS = 3_000


def traces(folder: Path, planted: Iterable[bytes]) -> set[bytes]:
    """Those that are in some file of the folder."""
    contents = [path.read_bytes() for path in folder.iterdir()]
    return {each for each in planted if any(each in content for content in contents)}


def due(store: Store) -> set[str]:
    with store.read() as connection:
        return set(connection.execute(select(SWEEPS.c.kind)).scalars())


def test_of_what_is_deleted_nothing_is_left_in_any_file(
    store: Store, tmp_path: Path
) -> None:
    random = Random(7)
    values = {
        f"acc_{random.randbytes(12).hex()}": random.randbytes(60) for _ in range(HOLDERS)
    }
    rows = [{"holder": holder, "sealed_key": value} for holder, value in values.items()]
    for start in range(
        0, HOLDERS, 20
    ):  # in many commits and in no order, so that pages split
        with store.write() as connection:
            connection.execute(DATA_KEYS.insert(), rows[start : start + 20])
    gone = list(values)[::3]
    planted = {values[holder] for holder in gone}
    assert traces(tmp_path, planted) == planted

    for start in range(0, len(gone), 20):
        mine = DATA_KEYS.c.holder.in_(gone[start : start + 20])
        with store.write() as connection:
            connection.execute(
                update(DATA_KEYS).where(mine).values(sealed_key=None)
                if start % 40
                else delete(DATA_KEYS).where(mine)
            )
            sweep_is_due(connection, SweepKind.LOG)

    assert store.sweep()
    assert traces(tmp_path, planted) == set()
    left = set(values.values()) - planted
    assert traces(tmp_path, left) == left


def test_without_a_sweep_the_log_still_has_it(store: Store, tmp_path: Path) -> None:
    with store.write() as connection:
        connection.execute(DATA_KEYS.insert().values(holder="acc_1", sealed_key=b"k" * 60))
    with store.write() as connection:
        connection.execute(update(DATA_KEYS).values(sealed_key=None))

    assert traces(tmp_path, [b"k" * 60])


def test_a_reader_in_the_way_leaves_the_sweep_due(
    url: str, keyring: Keyring, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(url, keyring)
    with store.write() as connection:
        connection.execute(DATA_KEYS.insert().values(holder="acc_1", sealed_key=b"k" * 60))
    with closing(sqlite3.connect(tmp_path / "store.db")) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM data_keys").fetchall()
        with store.write() as connection:
            connection.execute(update(DATA_KEYS).values(sealed_key=None))
            sweep_is_due(connection, SweepKind.LOG)
            sweep_is_due(connection, SweepKind.LOG)
        monkeypatch.setattr("services.store.WAIT_S", 0)
        impatient = open_store(url, keyring)
        assert due(impatient) == {"log"}
        reader.rollback()

    assert store.sweep()
    assert due(store) == set()
    assert not traces(tmp_path, [b"k" * 60])
    impatient.close()
    store.close()


def test_whoever_opens_the_store_does_what_is_due(
    url: str, keyring: Keyring, tmp_path: Path
) -> None:
    store = open_store(url, keyring)
    with store.write() as connection:
        connection.execute(DATA_KEYS.insert().values(holder="acc_1", sealed_key=b"k" * 60))
    with store.write() as connection:
        connection.execute(update(DATA_KEYS).values(sealed_key=None))
        sweep_is_due(connection, SweepKind.LOG)

    next_one = open_store(url, keyring)

    assert not traces(tmp_path, [b"k" * 60])
    assert due(next_one) == set()
    next_one.close()
    store.close()
