"""docs/evidence.md is tried as it stands; and the commands that it shows, on what goes wrong.

A line after "$ " is run, here in this process; the lines below it must be what it printed, where …
matches anything.
"""

import re
import shlex
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from actors.directory import load_or_create
from gateway.cli import main
from ledger.sqlite_store import SqliteStore
from services.signing_key import FILE_NAME
from tests.books import memory_folder
from tests.house.tree import ROOT
from tests.ledger.forge import DIRECTORY, Forger, make_world
from tests.system.test_readme import pattern, steps

PAGE = (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8")
PAYMENT = "pay_elcdc3tbnx6vojxotcwyriqjaaaaaaac"


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    with memory_folder() as folder:
        make_world(SqliteStore(Path(folder) / "journals"))
        load_or_create(Path(folder) / "map.json", DIRECTORY)
        yield Path(folder)


@pytest.fixture
def here(sound: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteStore:
    """The journals of ./data."""
    shutil.copytree(sound, tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return SqliteStore(tmp_path / "data" / "journals")


class Done(NamedTuple):
    code: int
    out: str
    said: str  # why it failed


class Shell:
    """`airside …`, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, line: str) -> Done:
        words = shlex.split(line)
        into = None
        if ">" in words:
            *words, _, into = words
        if words[0] != "airside":
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=60, check=False
            )
            return Done(done.returncode, done.stdout, done.stderr)
        with pytest.raises(SystemExit) as ended:
            main(words[1:])
        code = ended.value.code
        said = code if isinstance(code, str) else ""
        out = self._capsys.readouterr()
        if into:
            Path(into).write_text(out.out)
        return Done(1 if said else int(code or 0), out.out, said or out.err)


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


def test_every_command_of_the_page_prints_what_it_says(
    here: SqliteStore, shell: Shell
) -> None:
    told = steps(PAGE)
    assert len(told) >= 9
    for line, expected in told:
        done = shell(line)

        assert done.code == 0, done
        if expected:
            assert re.fullmatch(pattern(expected), done.out.strip(), re.DOTALL), done.out


def test_every_block_of_the_page_is_tried() -> None:
    assert set(re.findall(r"^```(.*)$", PAGE, re.MULTILINE)) == {"console", ""}


@pytest.fixture
def kept(here: SqliteStore, shell: Shell) -> None:
    """The auditor has the key and a checkpoint."""
    shell("airside ledger key data > airside.key")
    shell("airside ledger checkpoint data --out monday.checkpoints")


AGAINST = "airside ledger verify data --against monday.checkpoints"


def test_a_tail_that_was_cut_off_is_said_and_is_a_failure(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    forger = Forger(here, 0)
    del forger.entries[-2:]
    forger.write()

    assert shell("airside ledger verify data").code == 0
    done = shell(AGAINST)

    assert done.code == 1
    assert "has 46 entries, and the journal ends at 44: 2 were cut off." in done.out


def test_a_history_that_was_written_anew_is_said(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    forger = Forger(here, 0)
    forger.change(9, caller="prn_thief")
    forger.write()

    done = shell(AGAINST)

    assert done.code == 1
    assert "history was written anew, at an entry from 1 to 46." in done.out


def test_another_installations_book_is_said(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    (Path("data") / FILE_NAME).unlink()
    shell("airside ledger key data")

    assert "it is another installation's" in shell(AGAINST).said
    assert shell(f"{AGAINST} --key airside.key").code == 0


def test_an_altered_checkpoint_is_said(here: SqliteStore, shell: Shell, kept: None) -> None:
    path = Path("monday.checkpoints")
    path.write_text(path.read_text().replace("\n46\n", "\n45\n"))

    assert "the signature does not fit the text" in shell(AGAINST).said


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"nothing that was signed\n"])
def test_a_file_without_checkpoints_is_said(
    here: SqliteStore, shell: Shell, kept: None, content: bytes
) -> None:
    Path("monday.checkpoints").write_bytes(content)

    assert shell(AGAINST).said.startswith("airside: monday.checkpoints: ")


def test_a_partition_without_a_checkpoint_is_told_as_unproved(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    path = Path("monday.checkpoints")
    first = path.read_text().split("\n\nairside/")[0] + "\n"
    path.write_text(first)

    done = shell(AGAINST)

    assert done.code == 0
    assert done.out.endswith("partition 1: no checkpoint was given.\n")


def test_who_only_checks_writes_nothing(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    (Path("data") / FILE_NAME).unlink()

    done = shell(AGAINST)

    assert "has no signing key of its own: name the public one by --key" in done.said
    assert not (Path("data") / FILE_NAME).exists()


def test_evidence_is_never_overwritten(here: SqliteStore, shell: Shell, kept: None) -> None:
    before = Path("monday.checkpoints").read_bytes()

    done = shell("airside ledger checkpoint data --out monday.checkpoints")

    assert "monday.checkpoints cannot be made: File exists" in done.said
    assert Path("monday.checkpoints").read_bytes() == before


def test_the_signing_key_is_its_owners_and_is_never_printed(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    path = Path("data") / FILE_NAME
    assert stat.S_IMODE(path.stat().st_mode) == 0o600

    secret = re.findall(r'"ed25519":"([^"]+)"', path.read_text())[0]
    shown = (
        shell("airside ledger key data").out + shell("airside ledger checkpoint data").out
    )
    assert secret not in shown

    path.chmod(0o644)
    assert "has mode 0644: others may have read" in shell("airside ledger key data").said


def test_a_payment_that_is_not_there_cannot_be_proved(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    unknown = "pay_elcdc3tbnx6vojxotcwyriqjaaaaabaa"
    done = shell(f"airside ledger prove data {unknown} --checkpoint monday.checkpoints")
    assert f"{unknown} cannot be proved: no entry up to 46 is about it" in done.said

    done = shell("airside ledger prove data pay_1 --checkpoint monday.checkpoints")
    assert "'pay_1' is not an id that begins with pay_" in done.said


def test_a_receipt_is_refused_with_its_reason(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    shell(f"airside ledger prove data {PAYMENT} --checkpoint monday.checkpoints -o r.json")
    Path("r.json").write_text(Path("r.json").read_text().replace("20.00 QAR", "29.00 QAR"))

    done = shell("airside receipt verify r.json --key airside.key")

    assert done.code == 1
    assert done.said == (
        "airside: this receipt proves nothing:"
        " what it gives people to read is not what its entry says"
    )
    assert "cannot be read" in shell("airside receipt verify x.json --key airside.key").said


@pytest.mark.parametrize("key", ["missing.key", "a+b+c", "data"])
def test_what_is_no_key_is_refused(
    here: SqliteStore, shell: Shell, kept: None, key: str
) -> None:
    assert shell(f"airside receipt verify r.json --key {key}").code == 2


def test_a_day_that_is_none_is_refused(here: SqliteStore, shell: Shell) -> None:
    done = shell("airside ledger export data --day tomorrow")

    assert done.code == 2
    assert "is no day like 2026-11-22" in done.said


def test_the_public_key_can_be_given_as_text(
    here: SqliteStore, shell: Shell, kept: None
) -> None:
    key = Path("airside.key").read_text().strip()
    shell(f"airside ledger prove data {PAYMENT} --checkpoint monday.checkpoints -o r.json")

    assert shell(f"airside receipt verify r.json --key {key}").code == 0
