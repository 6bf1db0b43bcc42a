"""`airside bench-reader`: readers and cards for who has none."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.layout import Layout
from ledger.money import Money
from services.cards import cards_of
from tests.bench_reader.bench import Bench
from tests.gateway.harness import AMIRA, copy_folder
from tests.house.tree import ROOT


@pytest.mark.slow
def test_a_developer_gets_readers_with_cards(
    bench: Bench, furnished: Path, tmp_path: Path
) -> None:
    data = copy_folder(furnished, tmp_path / "data")
    words = ["--account", AMIRA, "--data", str(data), "--state", str(tmp_path / "bench")]
    words += ["--tap-limit", "QAR=20000", "--pin", "2468"]
    play = subprocess.Popen(
        [sys.executable, "-m", "gateway", "bench-reader", "--readers", "2", *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    )
    assert play.stdout is not None
    assert play.stdin is not None
    said = ""
    while "Ctrl-D ends" not in said:
        said += play.stdout.readline()
    [variable] = re.findall(r"export (PCSCLITE_CSOCK_NAME)=(\S+)", said)

    readers = subprocess.run(
        [sys.executable, "-m", "gateway", "cards", "readers"],
        env={variable[0]: variable[1]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    assert readers.stdout.splitlines() == ["Airside Bench 00 00", "Airside Bench 01 00"]
    assert len(re.findall(r"card crd_[a-z2-7]{24} is in", said)) == 2
    play.stdin.write("\n")
    play.stdin.flush()
    assert play.stdout.readline().endswith("is out\n")
    play.kill()
    play.communicate()
    store = Layout(data).open_store()
    cards = cards_of(store, AMIRA)
    store.close()
    assert [card.tap_limit for card in cards] == [Money(20_000, "QAR")] * 2
    assert all(card.personalised_at_ms for card in cards)


def refused(*words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["bench-reader", *words])
    return str(ended.value.code)


def test_a_bad_pin_is_named(tmp_path: Path) -> None:
    said = refused("--pin", "12", "--state", str(tmp_path))

    assert "a PIN has 4 to 8 digits" in said


def test_its_limit_and_its_settings_are_those_of_the_issuer_s_commands(
    furnished: Path, tmp_path: Path
) -> None:
    """A security module that is set and away: no key of the data folder stands in for it."""
    data = copy_folder(furnished, tmp_path / "data")
    settings = tmp_path / "airside.toml"
    settings.write_text(
        'card_hsm = "/no.so"\ncard_hsm_token = "t"\ncard_hsm_pin_file = "/no"\n'
    )
    words = ["--account", AMIRA, "--data", str(data), "--state", str(tmp_path / "bench")]

    assert "write it as QAR=20000" in refused(*words, "--tap-limit", "200")
    assert "the PIN file /no cannot be read" in refused(*words, "--config", str(settings))
    store = Layout(data).open_store()
    assert cards_of(store, AMIRA) == []
    store.close()
