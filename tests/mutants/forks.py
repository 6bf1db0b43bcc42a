"""A judge for each mutant, in a process of its own that is forked from a warm one.

What is not the project's (msgspec, sqlite3, pytest) is imported once; the project's own modules are
imported by each child anew, one of them from other source. So a judgement costs what it judges,
and a mutant that loops, eats memory or breaks its interpreter breaks only itself.
"""

import importlib
import importlib.abc
import importlib.util
import os
import resource
import selectors
import sys
import traceback
from collections.abc import Iterable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

from tests.house.tree import ROOT

MEMORY_BYTES_MAX = 4 << 30
# What each child imports anew, and what imports it.
FLOORS = ("ledger", "actors", "services")
JUDGES = "tests.mutants.judges"
# All judges there, one after the other.
EVERYBODY = "everybody about "


class Change(NamedTuple):
    """The file at path, below the root, has this text instead. name: what the change is called."""

    name: str
    path: str
    text: str


class Verdict(NamedTuple):
    change: Change
    caught: bool
    told: str


class _Finder(importlib.abc.MetaPathFinder):
    """Finds one module in other text, and leaves the rest to others."""

    def __init__(self, change: Change) -> None:
        self._module = change.path.removesuffix(".py").replace("/", ".")
        self._loader = _Loader(change)

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._module:
            return None
        return importlib.util.spec_from_loader(fullname, self._loader)


class _Loader(importlib.abc.SourceLoader):
    def __init__(self, change: Change) -> None:
        self._path = str(ROOT / change.path)
        self._text = change.text.encode()

    def get_filename(self, fullname: str) -> str:
        return self._path

    def get_data(self, path: str) -> bytes:
        return self._text


def verdicts(cases: Iterable[tuple[Change, str]], *, jobs: int) -> Iterator[Verdict]:
    """Of so many at a time, as they come. Each change has the name of its judge beside it."""
    loaded = [name for name in sys.modules if name.partition(".")[0] in FLOORS]
    assert not loaded, f"a child could not import {loaded[0]} anew"
    waiting = iter(cases)
    with selectors.DefaultSelector() as running:
        while True:
            while len(running.get_map()) < jobs and (case := next(waiting, None)):
                pipe, pid = _fork(*case)
                running.register(pipe, selectors.EVENT_READ, (case[0], pid))
            if not running.get_map():
                return
            for key, _ in running.select():
                running.unregister(key.fd)
                yield _verdict(key.fd, *key.data)


def _fork(change: Change, judge: str) -> tuple[int, int]:
    """The child writes one sentence when it is caught, and one byte when it is not."""
    reads, writes = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writes)
        return reads, pid
    try:
        _bound()
        os.close(reads)
        _hush()
        sys.meta_path.insert(0, _Finder(change))
        told = _judged(judge)
        os.write(writes, told.encode()[:1_000] or b"\x00")
    finally:
        os._exit(0)


def _bound() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))


def _hush() -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)


def _judged(judge: str) -> str:
    try:
        told = importlib.import_module(JUDGES).judge(judge)
        assert isinstance(told, str)
    except BaseException as error:  # noqa: BLE001 - whatever it raises speaks against the change
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return (
            f"{type(error).__name__}: {error} ({Path(frame.filename).name}:{frame.lineno})"
        )
    return told


def _verdict(pipe: int, change: Change, pid: int) -> Verdict:
    """Silence is a death: of a loop, for lack of memory, or in the interpreter."""
    with os.fdopen(pipe, "rb") as reader:
        told = reader.read()
    _, status = os.waitpid(pid, 0)
    if not told:
        return Verdict(change, caught=True, told=f"it died, status {status}")
    return Verdict(change, told != b"\x00", told.rstrip(b"\x00").decode(errors="replace"))
