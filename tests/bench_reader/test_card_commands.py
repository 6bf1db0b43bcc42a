"""`airside cards …` on a data folder, with a card on a reader of the bench."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import main
from terminals.wallet_card import greet
from tests.bench_reader.bench import Bench, an_empty_card
from tests.card_in_hand import Link
from tests.gateway.harness import AMIRA, copy_folder

Run = Callable[..., str]


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], furnished: Path, tmp_path: Path
) -> Callable[..., str]:
    data = copy_folder(furnished, tmp_path / "data")

    def run(*words: str) -> str:
        """What it says, good or bad."""
        with pytest.raises(SystemExit) as ended:
            main(["cards", *words, "--data", str(data)])
        return f"{capsys.readouterr().out}{ended.value.code or ''}"

    return run


def made(run: Run, *more: str) -> str:
    [card] = set(re.findall(r"crd_[a-z2-7]{24}", run("make", "--account", AMIRA, *more)))
    return str(card)


def test_a_card_is_made_written_and_listed(
    bench: Bench, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    card, program = made(run, "--tap-limit", "QAR=20000"), an_empty_card()
    monkeypatch.setattr("sys.stdin", io.StringIO("2468\n"))

    with bench.holding(program):
        said = run("personalise", card, "--reader", bench.reader_name(), "--pin")

    assert said.endswith(f"{card} is written.\n")
    assert greet(Link(program)).has_pin
    assert "written" in run("list", "--account", AMIRA)
    assert "PIN above 200.00 QAR" in run("list", "--account", AMIRA)


def test_a_card_that_is_written_is_left_as_it_is(bench: Bench, run: Run) -> None:
    first, second, program = made(run), made(run), an_empty_card()

    with bench.holding(program):
        run("personalise", first, "--reader", bench.reader_name())
        said = run("personalise", second, "--reader", bench.reader_name())

    assert "written already" in said
    assert run("list", "--account", AMIRA).count("written") == 1


def test_every_command_says_how_the_card_stands(run: Run) -> None:
    card = made(run)

    assert "blocked" in run("block", card)
    assert "active" in run("unblock", card)
    assert "PIN above 1.00 EUR" in run("limit", card, "--tap-limit", "EUR=100")
    assert "no PIN" in run("limit", card)
    assert "lost" in run("lost", card)
    assert "stays so" in run("unblock", card)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("block", "crd_nobody"), "there is no such card"),
        (("make", "--account", "acc_1"), "is not an id"),
        (("make", "--account", AMIRA, "--tap-limit", "200"), "write it as QAR=20000"),
        (("make", "--account", AMIRA, "--tap-limit", "XXX=1"), "XXX"),
        (("issuer-key",), "no security module is set"),
    ],
)
def test_a_mistake_is_named(run: Run, words: tuple[str, ...], says: str) -> None:
    assert says in run(*words)


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", ""])
def test_a_pin_has_four_to_eight_digits(
    run: Run, monkeypatch: pytest.MonkeyPatch, pin: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{pin}\n"))
    said = run("personalise", made(run), "--pin")

    assert "a PIN has 4 to 8 digits" in said
    assert not pin or pin not in said


def test_readers_are_listed(bench: Bench, run: Run) -> None:
    assert run("readers").splitlines()[0] == bench.reader_name(0)
