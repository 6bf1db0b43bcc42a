"""Opening the store that an address names, and what is said when its driver is missing."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ledger.clock import ManualClock
from ledger.entry import FORMAT_VERSION, NOBODY, Place, build, seal
from ledger.errors import DriverMissing, JournalDamaged, StoreTooNew
from ledger.events import PartitionOpened, Tombstoned
from ledger.ids import AccountId
from ledger.journal import Journal, Mark, Tip
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.stores import open_journals, prepare_journals
from tests.books import memory_folder, open_partition
from tests.ledger.forge import AMIRA, Forger, edited, make_world
from tests.postgres_server import the_server

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


def in_a_folder(tmp_path: Path) -> StoreAddress:
    return StoreAddress(str(tmp_path))


def in_a_database(_tmp_path: Path) -> StoreAddress:
    return the_server().empty_database()


def the_mark_says_so(journal: Journal, newer: int) -> None:
    """Its entries are behind the mark, where no start looks."""
    tip = journal.tip()
    journal.append([], mark=Mark(tip.seq, {}, 1, newer))


def its_first_entry_says_so(journal: Journal, newer: int) -> None:
    """It ended before it had saved an image."""
    tip: Tip = journal.tip()
    event = PartitionOpened(0, b"token", newer, 2)
    journal.append([seal(build(AccountId(b""), event, Place(2, 0), NOBODY), tip.hash)])


@pytest.mark.parametrize("place", [in_a_folder, in_a_database])
@pytest.mark.parametrize("leave", [the_mark_says_so, its_first_entry_says_so])
def test_journals_of_a_newer_release_are_refused_with_the_reason(
    tmp_path: Path,
    place: Callable[[Path], StoreAddress],
    leave: Callable[[Journal, int], None],
) -> None:
    """At the start of the installation, where somebody reads it, and by the partition itself."""
    where = place(tmp_path)
    prepare_journals(where)
    with closing(open_journals(where).writer(0)) as journal:
        open_partition(journal, ManualClock())
        prepare_journals(where)
        leave(journal, FORMAT_VERSION + 1)

        for attempt in (
            lambda: prepare_journals(where),
            lambda: open_partition(journal, ManualClock()),
        ):
            with pytest.raises(
                StoreTooNew, match=f"journal format {FORMAT_VERSION + 1}: upgrade Airside"
            ):
                attempt()


@pytest.mark.parametrize(
    ("damage", "what"),
    [
        ("UPDATE entries SET body = x'c1' WHERE seq = 40", "entry 40 cannot be decoded"),
        ("UPDATE entries SET hash = x'00' WHERE seq = 40", "entry 40 is damaged"),
        ("UPDATE entries SET seq = 400 WHERE seq = 40", "entry 40 is damaged"),
    ],
)
def test_a_damaged_tail_is_refused_at_the_start_and_it_is_said_what_to_do(
    tmp_path: Path, damage: str, what: str
) -> None:
    store = SqliteStore(tmp_path)
    make_world(store)
    forger = Forger(store, 0)
    for _ in range(10):
        forger.add(AMIRA, forger.entry(forger.of(Tombstoned, AMIRA)).event)
    forger.write(images=True)
    with edited(store, 0) as db:
        assert db.execute(damage).rowcount == 1

    with pytest.raises(JournalDamaged, match=f"partition 0: {what}.*ledger restore"):
        prepare_journals(StoreAddress(str(tmp_path)))


def test_a_log_with_a_flipped_bit_is_refused_at_the_start(tmp_path: Path) -> None:
    with (
        memory_folder() as running,
        closing(SqliteStore(Path(running)).writer(0)) as journal,
    ):
        for _ in range(2):  # two commits: damage in the last may be a power cut
            open_partition(journal, ManualClock())
        shutil.copytree(running, tmp_path, dirs_exist_ok=True)
    log = tmp_path / "partition-0000.sqlite-wal"
    spoilt = bytearray(log.read_bytes())
    spoilt[100] ^= 1
    log.write_bytes(spoilt)

    with pytest.raises(JournalDamaged, match="sqlite-wal: the log is damaged at frame"):
        prepare_journals(StoreAddress(str(tmp_path)))


def test_a_damaged_image_that_the_start_would_read_is_refused_at_the_start(
    tmp_path: Path,
) -> None:
    where = StoreAddress(str(tmp_path))
    store = SqliteStore(tmp_path)
    make_world(store)
    forger = Forger(store, 0)
    forger.add(AMIRA, forger.entry(forger.of(Tombstoned, AMIRA)).event)
    forger.write(images=True)
    prepare_journals(where)
    with edited(store, 0) as db:
        assert db.execute(
            "UPDATE images SET hash = zeroblob(32) WHERE account = ?", (AMIRA,)
        ).rowcount

    with pytest.raises(JournalDamaged, match=r"the image of acc_.*ledger restore"):
        prepare_journals(where)
