"""`airside cards …` on a data folder, with a card on a reader of the bench."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.config import Config
from gateway.layout import Layout
from gateway.serve import prepare
from services.card_issuer import IssuerKeysLost
from services.cards import CardForm, NewCard, make_card
from terminals.wallet_card import greet
from tests.bench_reader.bench import Bench, TornAt, an_empty_card
from tests.card_in_hand import Link
from tests.gateway.harness import AMIRA, copy_folder

Run = Callable[..., str]


@pytest.fixture
def data(furnished: Path, tmp_path: Path) -> Path:
    return copy_folder(furnished, tmp_path / "data")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], data: Path) -> Callable[..., str]:
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


def test_a_number_is_written_on_one_card_and_on_no_second_one(
    bench: Bench, run: Run
) -> None:
    card, first, second = made(run), an_empty_card(), an_empty_card(2)

    with bench.holding(first):
        run("personalise", card, "--reader", bench.reader_name())
    with bench.holding(second):
        said = run("personalise", card, "--reader", bench.reader_name())

    assert "was written, or its writing was begun" in said
    assert greet(Link(second)).is_empty


@pytest.mark.parametrize("moment", ["before it hears", "before it has answered"])
def test_a_write_that_was_torn_is_finished_on_the_same_card_or_on_none(
    bench: Bench, run: Run, moment: str
) -> None:
    card, program, other = made(run), an_empty_card(), an_empty_card(2)
    heard = moment == "before it has answered"
    assert "empty" in run("list", "--account", AMIRA)
    with bench.holding(TornAt(program, 2, heard=heard)):
        assert "taken away too early" in run(
            "personalise", card, "--reader", bench.reader_name()
        )
    assert "begun" in run("list", "--account", AMIRA)
    with bench.holding(other):
        assert "make a new one" in run("personalise", card, "--reader", bench.reader_name())

    with bench.holding(program):
        said = run("personalise", card, "--reader", bench.reader_name())

    assert greet(Link(program)).is_empty is not heard
    assert ("is written." if heard else "make a new one") in said
    assert ("written" if heard else "begun") in run("list")
    assert greet(Link(other)).is_empty


@pytest.mark.parametrize("verb", ["block", "lost"])
def test_a_card_that_may_not_pay_is_not_written(bench: Bench, run: Run, verb: str) -> None:
    card, program = made(run), an_empty_card()
    run(verb, card)

    with bench.holding(program):
        said = run("personalise", card, "--reader", bench.reader_name())

    assert "not an active chip card" in said
    assert greet(Link(program)).is_empty


def test_the_keys_of_a_security_module_are_used_where_one_is_set(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not there, and no key of the data folder stands in for it."""
    settings = {"card_hsm": "/no.so", "card_hsm_token": "t", "card_hsm_pin_file": "/no"}
    path = tmp_path / "airside.toml"
    path.write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))

    assert "the PIN file" in run("make", "--account", AMIRA, "--config", str(path))
    for name, value in settings.items():
        monkeypatch.setenv(f"AIRSIDE_{name.upper()}", value)
    assert "the PIN file" in run("make", "--account", AMIRA)


def test_an_issuer_s_key_that_is_gone_is_named_until_its_cards_are_lost(
    run: Run, data: Path
) -> None:
    card = made(run)
    (data / "card-issuer.json").unlink()

    with pytest.raises(IssuerKeysLost):
        prepare(Config(data=str(data), partitions=2), Layout(data))
    assert "restore it from a backup" in run("make", "--account", AMIRA)
    assert not (data / "card-issuer.json").exists()
    assert card in run("list")
    run("lost", card)
    assert made(run) != card


def test_a_stripe_is_no_chip_to_be_written(bench: Bench, run: Run, data: Path) -> None:
    store = Layout(data).open_store()
    text, program = "crd_" + "b" * 24, an_empty_card()
    make_card(store, NewCard(id=text, account=AMIRA, form=CardForm.STRIPE), now_ms=1)
    store.close()

    with bench.holding(program):
        said = run("personalise", text, "--reader", bench.reader_name())

    assert "not an active chip card" in said
    assert greet(Link(program)).is_empty


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
