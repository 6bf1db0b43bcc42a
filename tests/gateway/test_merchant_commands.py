"""`airside operators add` and `airside merchants …`: a fresh data folder gets its first people."""

import re
from pathlib import Path

import pytest

from gateway.cli import main
from gateway.layout import Layout
from services.principals import PrincipalKind, find_by_key
from tests.gateway.harness import LOUNGE, copy_folder

SHOP = {"name": "Pearl Lounge", "mcc": "4582", "city": "Doha", "country": "QA"}


def run(capsys: pytest.CaptureFixture[str], data: Path, *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--data", str(data)])
    assert not ended.value.code, ended.value.code
    return capsys.readouterr().out


def added(**other: str) -> list[str]:
    named = [(f"--{name}", value) for name, value in (SHOP | other).items()]
    return ["merchants", "add", *[word for pair in named for word in pair]]


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """What the first `airside serve` leaves: nobody is in it."""
    data = tmp_path / "data"
    data.mkdir()
    Layout(data).open_store().close()
    return data


def test_a_fresh_installation_gets_a_merchant_that_terminals_sell_for(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    assert run(capsys, fresh, "merchants", "list") == ""
    made = run(capsys, fresh, *added())
    [merchant] = re.findall(r"mer_[a-z2-7]{24}", made)

    assert made == f"{merchant}  Pearl Lounge, Doha, QA, 4582\n"
    assert run(capsys, fresh, "merchants", "list") == made
    till = ["--merchant", merchant, "--name", "B12"]
    assert "pairing code" in run(capsys, fresh, "terminals", "register", *till)


def test_a_fresh_installation_gets_an_operator_whose_key_opens(
    capsys: pytest.CaptureFixture[str], fresh: Path
) -> None:
    key = run(capsys, fresh, "operators", "add", "--name", "Duty manager").split()[-1]
    store = Layout(fresh).open_store()
    operator = find_by_key(store, key, now_ms=0)
    store.close()

    assert operator is not None
    assert (operator.kind, operator.name) == (PrincipalKind.OPERATOR, "Duty manager")


def test_merchants_are_listed_by_name(
    capsys: pytest.CaptureFixture[str], furnished: Path, tmp_path: Path
) -> None:
    data = copy_folder(furnished, tmp_path / "data")
    said = run(capsys, data, "merchants", "list").splitlines()

    assert f"{LOUNGE}  Pearl Lounge, Doha, QA, 4582" in said
    assert said == sorted(said, key=lambda line: line[30:])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("mcc", "458"),
        ("country", "Qatar"),
        ("name", " "),
        ("name", "a\nb"),
        ("city", "D" * 65),
    ],
)
def test_a_merchant_of_a_wrong_form_is_one_sentence(
    field: str, value: str, fresh: Path
) -> None:
    with pytest.raises(SystemExit, match=f"^airside: {field} "):
        main([*added(**{field: value}), "--data", str(fresh)])


@pytest.mark.parametrize("words", [added(), ["operators", "add", "--name", "Duty manager"]])
def test_a_folder_that_is_not_there_is_not_made(words: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="there is no data folder"):
        main([*words, "--data", str(tmp_path / "none")])
    assert not (tmp_path / "none").exists()
