"""The house rules hold, and each of them can fail."""

from pathlib import Path, PurePosixPath

import pytest

from tests.house.rules import RULES, Rule
from tests.house.tree import ROOT, project_files, text_of, walk

# What a newcomer sees first: documents, the Makefile and two settings files. Folders are
# not counted, nor what a dot hides.
ROOT_FILES_MAX = 14

every_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.says for rule in RULES])


def root_files(files: list[PurePosixPath]) -> list[str]:
    return [path.name for path in files if len(path.parts) == 1 and path.name[0] != "."]


@every_rule
def test_the_project_keeps(rule: Rule) -> None:
    broken = [
        f"{path}: {finding}"
        for path in project_files()
        if rule.covers(path)
        for finding in rule.findings(text_of(path))
    ]

    assert not broken, "\n".join([f"{rule.says}:", *broken])


@every_rule
def test_a_breach_is_found(rule: Rule) -> None:
    assert list(rule.findings(rule.broken))
    assert not list(rule.findings(rule.kept))


@every_rule
def test_some_file_is_covered_by(rule: Rule) -> None:
    assert any(rule.covers(path) for path in project_files())


def test_the_root_shows_few_files() -> None:
    assert len(root_files(project_files())) <= ROOT_FILES_MAX


def test_only_visible_files_of_the_root_are_counted() -> None:
    names = [".gitignore", "Makefile", "README.md", "ledger/money.py"]

    assert root_files([PurePosixPath(name) for name in names]) == ["Makefile", "README.md"]


def test_without_git_the_folder_is_walked_and_what_git_ignores_is_left_out(
    tmp_path: Path,
) -> None:
    for name in ["ledger/money.py", "ledger/__pycache__/money.pyc", ".venv/pip.py"]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".gitignore").write_text("__pycache__/\n.venv/\n")

    names = [path.as_posix() for path in project_files(tmp_path)]

    assert names == [".gitignore", "ledger/money.py"]


def test_the_walk_misses_nothing_that_git_lists() -> None:
    assert set(project_files()) <= set(walk(ROOT))
