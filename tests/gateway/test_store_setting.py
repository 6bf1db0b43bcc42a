"""The setting `store`: which journals an installation has, and that its password stays hidden."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from actors.directory import plan
from actors.partition_spec import PartitionSpec
from gateway.cli import main
from gateway.config import Config, load
from gateway.layout import Layout, OtherStore
from gateway.serve import prepare
from ledger.clock import ManualClock
from ledger.errors import SchemaTooNew
from ledger.postgres_store import PostgresStore
from ledger.sqlite_store import SqliteStore
from ledger.store_address import StoreAddress
from tests.books import open_partition
from tests.postgres_server import the_server

DATABASE = StoreAddress("postgresql://airside:SECRET@db/wallet")
FOLDER = StoreAddress("")


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def run(arguments: Sequence[str]) -> object:
    """What the command exits with: its code, or the sentence that it ends with."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return ended.value.code


def write_a_little(store: PostgresStore) -> None:
    with closing(store.writer(0)) as journal:
        open_partition(journal, ManualClock())


def test_without_the_setting_journals_are_in_the_data_folder(layout: Layout) -> None:
    assert load(None, {}, {}).store == FOLDER
    assert layout.journals_at(FOLDER) == StoreAddress(str(layout.journals))
    assert layout.journals_at(DATABASE) == DATABASE


def test_it_comes_from_the_command_line_the_environment_or_the_file(tmp_path: Path) -> None:
    file = tmp_path / "airside.toml"
    file.write_text(f'store = "{DATABASE.text}"')

    assert load(file, {}, {}).store == DATABASE
    assert load(None, {"AIRSIDE_STORE": DATABASE.text}, {}).store == DATABASE
    assert load(None, {}, {"store": DATABASE.text}).store == DATABASE


def test_a_configuration_shows_no_password_and_travels_whole() -> None:
    config = load(None, {}, {"store": DATABASE.text})

    assert "SECRET" not in repr(config)
    assert "airside:****@db" in repr(config)
    assert msgspec.json.decode(msgspec.json.encode(config), type=Config) == config


def test_what_a_partition_is_given_shows_no_password_and_travels_whole() -> None:
    spec = PartitionSpec(0, DATABASE, "/run/airside", plan(1))

    assert "SECRET" not in repr(spec)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(spec), type=PartitionSpec) == spec


def test_a_first_start_makes_the_schema_and_notes_which_store_it_is(layout: Layout) -> None:
    where = the_server().empty_database()
    config = Config(data=str(layout.folder), partitions=1, store=where)
    prepare(config, layout)

    assert PostgresStore(where).partitions() == []
    layout.require_same_store(where)
    with pytest.raises(OtherStore, match=r"are kept in PostgreSQL, and .* names SQLite"):
        prepare(msgspec.structs.replace(config, store=FOLDER), layout)


def test_a_start_that_fails_notes_nothing(layout: Layout) -> None:
    where = the_server().empty_database()
    write_a_little(PostgresStore(where))
    the_server().ask("INSERT INTO airside.schema_version VALUES (9)")

    with pytest.raises(SchemaTooNew):
        prepare(Config(data=str(layout.folder), partitions=1, store=where), layout)

    layout.require_same_store(FOLDER)


def test_a_folder_with_journals_in_it_keeps_them(layout: Layout) -> None:
    """Also one that was made before there was a choice, and has no note."""
    SqliteStore(layout.journals).writer(0).close()
    layout.require_same_store(FOLDER)

    with pytest.raises(OtherStore, match=r"are kept in SQLite, and .* names PostgreSQL"):
        layout.require_same_store(DATABASE)


@pytest.mark.parametrize("way", ["option", "environment"])
def test_the_ledger_commands_read_a_database(
    way: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = the_server().empty_database()
    write_a_little(PostgresStore(where))
    option = ["--store", where.text] if way == "option" else []
    if way == "environment":
        monkeypatch.setenv("AIRSIDE_STORE", where.text)

    assert run(["ledger", "verify", *option]) == 0
    assert run(["ledger", "balances", *option]) == 0
    assert "Sound: 1 entry" in capsys.readouterr().out


def test_the_ledger_commands_say_where_there_are_no_journals(
    capsys: pytest.CaptureFixture[str],
) -> None:
    where = the_server().empty_database()

    assert run(["ledger", "verify", "--store", where.text]) == 2
    assert f"there are no journals in {where}" in capsys.readouterr().err


def test_the_ledger_commands_do_not_take_an_empty_folder_for_the_books(
    layout: Layout,
) -> None:
    layout.note_store(DATABASE)

    said = run(["ledger", "verify", str(layout.folder)])

    assert "are kept in PostgreSQL" in str(said)


def test_a_backup_of_a_folder_without_its_journals_is_refused(
    layout: Layout, tmp_path: Path
) -> None:
    layout.note_store(DATABASE)

    said = run(["ledger", "backup", str(layout.folder), str(tmp_path / "copy")])

    assert "are kept in PostgreSQL" in str(said)
    assert not (tmp_path / "copy").exists()


def test_a_database_out_of_reach_is_named_without_its_password(tmp_path: Path) -> None:
    host = str(tmp_path).replace("/", "%2F")

    said = run(
        ["ledger", "verify", "--store", f"postgresql://airside:SECRET@{host}/wallet"]
    )

    assert str(said).startswith(f"airside: postgresql://airside:****@{host}/wallet: ")
    assert "SECRET" not in str(said)


@pytest.mark.parametrize("command", [["serve"], ["ledger", "verify"]])
def test_an_address_that_cannot_be_read_is_not_repeated(command: list[str]) -> None:
    said = run([*command, "--store", "postgresql://airside:SEC/SECRET@db/wallet"])

    assert str(said).startswith("airside: store: the address of the store cannot be read")
    assert "SEC" not in str(said)
