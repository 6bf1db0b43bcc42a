"""docs/promises.md names tests, and each of them is there."""

import ast
import re
from functools import cache
from pathlib import PurePosixPath

import pytest

from tests.house.tree import ROOT, text_of

PAGE = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
PROMISE = re.compile(r"^\*\*(\d+)\. .*?(?=^\*\*\d|^## )", re.MULTILINE | re.DOTALL)
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
PROMISES = [match[0] for match in PROMISE.finditer(PAGE)]


@cache
def names_in(file: str) -> frozenset[str]:
    """Its functions and what else has a name there: a state machine is an assignment."""
    names = set()
    for node in ast.parse(text_of(PurePosixPath(file))).body:
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case _:
                pass
    return frozenset(name for name in names if name.lower().startswith("test"))


@pytest.mark.parametrize("node", sorted(set(NODE.findall(PAGE))), ids="::".join)
def test_a_test_that_is_named_is_there(node: tuple[str, str]) -> None:
    file, name = node

    assert name in names_in(file)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda text: text[2:40].split("**")[0])
def test_a_promise_has_a_test(promise: str) -> None:
    assert NODE.search(promise)


def test_the_promises_are_numbered_and_none_is_overlooked() -> None:
    numbers = [int(text[2:].split(".")[0]) for text in PROMISES]

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= 16


def test_the_tables_columns_are_promises_that_there_are() -> None:
    [header] = re.findall(r"^\| fault .*$", PAGE, re.MULTILINE)
    named = {
        int(number)
        for group in re.findall(r"\(([\d, ]+)\)", header)
        for number in group.split(",")
    }

    assert named <= set(range(1, len(PROMISES) + 1))


def test_every_name_that_looks_like_a_test_is_written_as_one() -> None:
    assert len(re.findall(r"::\w+", PAGE)) == len(NODE.findall(PAGE))
