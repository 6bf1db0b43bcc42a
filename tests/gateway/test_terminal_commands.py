"""`airside terminals …` on a data folder."""

import json
import re
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.layout import Layout
from services.pairing import pair
from tests.gateway.harness import DUTYFREE, LOUNGE, copy_folder


def run(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["terminals", *words, "--data", str(data)])
    assert not ended.value.code, ended.value.code
    return capsys.readouterr().out


@pytest.fixture
def data(furnished: Path, tmp_path: Path) -> Path:
    return copy_folder(furnished, tmp_path / "data")


def register(capsys: pytest.CaptureFixture[str], data: Path) -> tuple[str, str]:
    said = run(capsys, data, "register", "--merchant", LOUNGE, "--name", "B12",
               "--place", "DOH-T1-B12")  # fmt: skip
    [terminal] = re.findall(r"trm_[a-z2-7]{24}", said)
    [code] = re.findall(r"code ([0-9A-Z-]{14})", said)
    return terminal, code


def test_a_terminal_is_registered_with_a_code_that_pairs(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    terminal, code = register(capsys, data)
    store = Layout(data).open_store()
    paired = pair(store, code, b"k" * 32, now_ms=0)
    store.close()

    assert paired.terminal.id == terminal
    assert "active" in run(capsys, data, "list")


def test_every_command_says_how_the_terminal_stands(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    terminal, _ = register(capsys, data)

    assert "suspended" in run(capsys, data, "suspend", terminal)
    assert "waiting" in run(capsys, data, "resume", terminal)
    assert "pairing code" in run(capsys, data, "pair", terminal)
    assert "DOH-T1-C1" in run(capsys, data, "bind", terminal, "--place", "DOH-T1-C1")
    assert DUTYFREE in run(capsys, data, "bind", terminal, "--merchant", DUTYFREE)
    limited = run(capsys, data, "settings", terminal, "--limit", "QAR=500000")
    assert limited.splitlines()[0].endswith("settings 1")
    assert re.search(r"key 1: [0-9a-f]{64}$", run(capsys, data, "message-key", terminal))
    assert "waiting" in run(capsys, data, "revoke-keys", terminal)


def test_settings_that_are_not_named_stay(
    capsys: pytest.CaptureFixture[str], data: Path
) -> None:
    terminal, _ = register(capsys, data)
    first, second = "A" * 43 + "=", "B" * 43 + "="

    def settings(*words: str) -> object:
        return json.loads(run(capsys, data, "settings", terminal, *words).splitlines()[1])

    settings("--limit", "QAR=500000", "--limit", "EUR=1000", "--deny", first)
    settings("--key", f"k1={first}")
    assert settings("--limit", "EUR=2000", "--deny", second) == {
        "limits": {"QAR": 500_000, "EUR": 2_000},
        "deny": [first, second],
        "keys": {"k1": first},
    }
    assert settings("--clear-limits", "--clear-denied", "--deny", second) == {
        "limits": {},
        "deny": [second],
        "keys": {"k1": first},
    }
    assert settings("--clear-keys", "--clear-denied") == {
        "limits": {},
        "deny": [],
        "keys": {},
    }


@pytest.mark.parametrize(
    "words",
    [
        ["suspend", "trm_none"],
        ["register", "--merchant", LOUNGE, "--name", "with space"],
        ["register", "--merchant", "mer_" + "a" * 24, "--name", "B12"],
        ["settings", "trm_none", "--limit", "QAR=free"],
    ],
)
def test_what_is_wrong_is_one_sentence(
    words: list[str], data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["terminals", *words, "--data", str(data)])

    assert str(ended.value.code).startswith("airside: ")


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no data folder"):
        main(["terminals", "list", "--data", str(tmp_path / "none")])
    assert not (tmp_path / "none").exists()


def test_a_message_key_is_written_where_only_its_owner_reads(
    capsys: pytest.CaptureFixture[str], data: Path, tmp_path: Path
) -> None:
    terminal, _ = register(capsys, data)
    out = tmp_path / "key.hex"

    said = run(capsys, data, "message-key", terminal, "--out", str(out))

    assert re.fullmatch(r"[0-9a-f]{64}\n", out.read_text())
    assert out.stat().st_mode & 0o777 == 0o600
    assert out.read_text().strip() not in said
    with pytest.raises(SystemExit):
        main(["terminals", "message-key", terminal, "--out", str(out), "--data", str(data)])
    assert "key 2: " in run(capsys, data, "message-key", terminal)
