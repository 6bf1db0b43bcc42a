"""Every bug of the list is caught, and unchanged code by nobody. `make mutants` does much more."""

import subprocess
import sys

import pytest

from tests.house.tree import ROOT
from tests.mutants.hand_made import MUTATIONS, Mutation
from tests.mutants.survivors import accepted

every_mutation = pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=[mutation.does for mutation in MUTATIONS]
)


@pytest.fixture(scope="module")
def said() -> list[str]:
    """What the run of the list says, line by line: some ten seconds on two cores."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", "--by-hand"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert not done.stderr
    return done.stdout.splitlines()


@every_mutation
def test_the_line_is_there_exactly_once(mutation: Mutation) -> None:
    text = (ROOT / mutation.path).read_text(encoding="utf-8")

    assert text.count(mutation.line) == 1
    assert mutation.change.text != text


def test_the_list_is_about_ledger_and_actors() -> None:
    floors = [mutation.path.partition("/")[0] for mutation in MUTATIONS]

    assert floors.count("ledger") >= 15
    assert floors.count("actors") >= 15


@pytest.mark.slow
def test_unchanged_code_is_caught_by_no_judge(said: list[str]) -> None:
    judges = {mutation.judge for mutation in MUTATIONS}

    assert {line for line in said if "should not" in line} == set()
    assert {f"passes: unchanged: {judge}" for judge in judges} <= set(said)


@pytest.mark.slow
@every_mutation
def test_a_bug_is_caught(said: list[str], mutation: Mutation) -> None:
    assert f"caught: {mutation.does}" in said


def test_a_survivor_is_listed_under_the_reason_above_it() -> None:
    first = "# Nobody can tell.\n\na.py f\n- x\n+ y\n\nb.py g\n- v\n+ w\n\n"
    second = "# It is the\n# default.\n\nc.py h\n- 1\n+ 0\n"

    assert accepted(first + second) == {
        "a.py f\n- x\n+ y": "Nobody can tell.",
        "b.py g\n- v\n+ w": "Nobody can tell.",
        "c.py h\n- 1\n+ 0": "It is the default.",
    }
