"""`airside ledger backup` and `restore`, of a whole data folder, from either store into either."""

import shutil
import sqlite3
import stat
import subprocess
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from gateway.cli import main
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import prepare
from ledger import backup as backup_module
from ledger.backup import line_of
from ledger.clock import ManualClock
from ledger.commands import OpenAccount
from ledger.events import AccountKind
from ledger.journal import Store
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from ledger.stores import open_journals
from tests.books import account_of, asked, open_partition
from tests.postgres_server import the_server

FOLDER = StoreAddress("")
KINDS = {"sqlite": "SQLite", "postgres": "PostgreSQL"}


class Home(NamedTuple):
    """A data folder, and the setting `store` that belongs to it."""

    layout: Layout
    setting: StoreAddress

    @property
    def option(self) -> list[str]:
        return ["--store", self.setting.text] if self.setting.text else []

    @property
    def journals(self) -> Store:
        return open_journals(self.layout.journals_at(self.setting))


Address = Callable[[], StoreAddress]
SETTINGS: dict[str, Address] = {
    "sqlite": lambda: FOLDER,
    "postgres": lambda: the_server().empty_database(),
}
OTHER_SETTINGS: dict[str, Address] = {
    "sqlite": lambda: FOLDER,
    "postgres": lambda: the_server().another_database(),
}


def home(folder: Path, setting: StoreAddress) -> Home:
    """Of an installation that has been started once."""
    layout = Layout(folder)
    prepare(Config(data=str(folder), partitions=2, store=setting), layout)
    made = Home(layout, setting)
    for number in range(2):
        with closing(made.journals.writer(number)) as journal:
            partition = open_partition(journal, ManualClock(), number=number)
            partition.handle([asked(opening(f"traveller {number}"), "open")])
    return made


def opening(name: str) -> OpenAccount:
    return OpenAccount(account=account_of(name), kind=AccountKind.WALLET, pots=("QAR",))


@pytest.fixture
def source(tmp_path: Path) -> Home:
    return home(tmp_path / "data", FOLDER)


@pytest.fixture
def copy(source: Home, tmp_path: Path) -> Path:
    made = tmp_path / "copy"
    assert run(["backup", str(source.layout.folder), str(made)]) == 0
    return made


def run(arguments: Sequence[str]) -> object:
    """What the command exits with: its code, or the sentence that it ends with."""
    with pytest.raises(SystemExit) as ended:
        main(["ledger", *arguments])
    return ended.value.code


@pytest.mark.slow
@pytest.mark.parametrize("into", SETTINGS)
@pytest.mark.parametrize("out_of", SETTINGS)
def test_a_backup_of_either_store_is_restored_into_either(
    out_of: str, into: str, tmp_path: Path
) -> None:
    source = home(tmp_path / "data", SETTINGS[out_of]())
    copy, again = (
        tmp_path / "copy",
        Home(Layout(tmp_path / "again"), OTHER_SETTINGS[into]()),
    )

    assert run(["backup", str(source.layout.folder), str(copy), *source.option]) == 0
    assert run(["verify", str(copy)]) == 0
    assert run(["restore", str(copy), str(again.layout.folder), *again.option]) == 0

    assert line_of(again.journals) == line_of(source.journals)
    assert (again.layout.folder / "journals-kept-in").read_text() == KINDS[into]
    assert again.layout.journals.exists() == (into == "sqlite")
    for name in ("keys.json", "map.json"):
        original = (source.layout.folder / name).read_bytes()
        assert (again.layout.folder / name).read_bytes() == original
    with closing(again.journals.reader(0)) as reader:
        assert len(reader.images(10, b"")) == 1
        assert reader.mark().seq == reader.tip().seq
    assert tables(again.layout.folder) == tables(source.layout.folder)


def tables(folder: Path) -> set[str]:
    """Of people, merchants and orders, which stay in the folder whatever the journals are in."""
    with closing(sqlite3.connect(folder / "store.sqlite")) as db:
        return {name for (name,) in db.execute("SELECT name FROM sqlite_master")}


def test_a_backup_is_for_its_owner_only(copy: Path) -> None:
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode) for path in [copy, *copy.rglob("*")]
    }

    assert modes["copy"] == 0o700
    assert modes["keys.json"] == modes["store.sqlite"] == 0o600
    assert modes["partition-0000.sqlite"] == 0o600


def test_a_restored_folder_is_for_its_owner_only(copy: Path, tmp_path: Path) -> None:
    assert run(["restore", str(copy), str(tmp_path / "again")]) == 0

    assert stat.S_IMODE((tmp_path / "again").stat().st_mode) == 0o700


def test_a_place_with_something_in_it_is_not_restored_into(
    copy: Path, source: Home
) -> None:
    before = line_of(source.journals)

    assert "is not empty" in str(run(["restore", str(copy), str(source.layout.folder)]))

    assert line_of(source.journals) == before


def test_a_database_with_journals_in_it_is_not_restored_into(
    copy: Path, tmp_path: Path
) -> None:
    where = the_server().empty_database()
    with closing(open_journals(where).writer(7)):
        pass

    said = run(["restore", str(copy), str(tmp_path / "again"), "--store", where.text])

    assert str(said).startswith(f"airside: {where} is not empty")
    assert open_journals(where).partitions() == [7]
    assert not (tmp_path / "again").exists()


def without_its_manifest(copy: Path) -> None:
    (copy / "backup.json").unlink()


def without_digests(copy: Path) -> None:
    """As the first backups were: what is wrong is seen by what is in it."""
    (copy / "backup.sha256").unlink()


def without_a_journal(copy: Path) -> None:
    without_digests(copy)
    (copy / "journals" / "partition-0001.sqlite").unlink()


def without_its_last_entry(copy: Path) -> None:
    without_digests(copy)
    path = SqliteStore(copy / "journals").path(1)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DELETE FROM entries WHERE seq = 2")


def test_a_backups_digests_are_those_that_another_tool_reads(copy: Path) -> None:
    command = ["sha256sum", "--check", "--strict", "backup.sha256"]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=True)

    checked = {line.partition(":")[0] for line in done.stdout.splitlines()}
    there = {
        path.relative_to(copy).as_posix()
        for path in copy.rglob("*")
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }
    assert checked == there - {"backup.sha256"}
    assert {"keys.json", "backup.json", "journals/partition-0000.sqlite"} <= checked


@pytest.mark.parametrize(
    "name", ["journals/partition-0001.sqlite", "store.sqlite", "keys.json", "backup.json"]
)
def test_a_backup_with_one_flipped_bit_anywhere_is_refused_and_the_file_is_named(
    copy: Path, tmp_path: Path, name: str
) -> None:
    """In the middle of a journal's first page nothing is kept: no other check sees it."""
    content = bytearray((copy / name).read_bytes())
    content[min(len(content) // 2, 1_500)] ^= 1
    (copy / name).write_bytes(content)

    said = str(run(["restore", str(copy), str(tmp_path / "again")]))

    assert f"{name} is not what was written" in said or "backup.json cannot be read" in said
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("written", [b"\xff", b"no digest\n", b"00 keys.json\n"])
def test_digests_that_are_none_are_no_excuse(
    copy: Path, tmp_path: Path, written: bytes
) -> None:
    (copy / "backup.sha256").write_bytes(written)

    said = run(["restore", str(copy), str(tmp_path / "again")])

    assert "backup.sha256 is not what was written" in str(said)


def test_the_signing_key_is_in_the_backup(source: Home, tmp_path: Path) -> None:
    """Or a restored book could not be held against the checkpoints from before."""
    run(["key", str(source.layout.folder)])
    key = (source.layout.folder / "signing-key.json").read_bytes()
    assert run(["backup", str(source.layout.folder), str(tmp_path / "copy")]) == 0
    assert run(["restore", str(tmp_path / "copy"), str(tmp_path / "again")]) == 0

    assert (tmp_path / "again" / "signing-key.json").read_bytes() == key


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (without_its_manifest, "backup.json cannot be read"),
        (without_a_journal, "its journals are not those of the manifest"),
        (without_its_last_entry, "partition 1 ends at 1, not 2"),
    ],
)
def test_what_is_no_whole_backup_is_refused_and_leaves_nothing_behind(
    copy: Path, tmp_path: Path, spoil: Callable[[Path], None], reason: str
) -> None:
    spoil(copy)

    said = run(["restore", str(copy), str(tmp_path / "again")])

    assert "is not a backup that can be restored" in str(said)
    assert reason in str(said)
    assert not (tmp_path / "again").exists()


def test_a_backup_of_an_older_release_is_upgraded_in_its_copy_only(
    copy: Path, tmp_path: Path
) -> None:
    without_digests(copy)
    path = SqliteStore(copy / "journals").path(0)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 0")
    before = path.read_bytes()

    assert run(["restore", str(copy), str(tmp_path / "again")]) == 0

    assert path.read_bytes() == before


def test_what_is_no_data_folder_is_not_backed_up(tmp_path: Path) -> None:
    said = run(["backup", str(tmp_path / "nowhere"), str(tmp_path / "copy")])

    assert "is no data folder" in str(said)
    assert not (tmp_path / "copy").exists()


def test_a_backup_that_did_not_end_is_none(
    source: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(backup_module, "recovery_line", interrupted)
    assert run(["backup", str(source.layout.folder), str(tmp_path / "copy")]) == 130

    said = run(["restore", str(tmp_path / "copy"), str(tmp_path / "again")])

    assert "backup.json cannot be read" in str(said)


def test_a_damaged_journal_is_named_instead_of_copied(source: Home, tmp_path: Path) -> None:
    path = SqliteStore(source.layout.journals).path(1)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE entries SET body = x'c1' WHERE seq = 1")

    said = run(["backup", str(source.layout.folder), str(tmp_path / "copy")])

    assert str(said).startswith("airside: partition 1: entry 1: ")


def test_damaged_images_are_left_behind(source: Home, tmp_path: Path) -> None:
    """They only shorten a replay: a backup has none, and a restore draws them anew."""
    path = SqliteStore(source.layout.journals).path(0)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("INSERT INTO images VALUES (x'00', 1, 0, 'spoilt', 'spoilt')")

    assert run(["backup", str(source.layout.folder), str(tmp_path / "copy")]) == 0
    shutil.rmtree(source.layout.folder)

    assert run(["restore", str(tmp_path / "copy"), str(source.layout.folder)]) == 0
