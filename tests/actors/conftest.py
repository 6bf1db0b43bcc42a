from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.clock import ManualClock
from ledger.sqlite_store import SqliteStore
from tests.books import OneDesk, memory_folder


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store() -> Iterator[SqliteStore]:
    with memory_folder() as folder:
        yield SqliteStore(Path(folder))


@pytest.fixture
def desk(store: SqliteStore, clock: ManualClock) -> Iterator[OneDesk]:
    opened = OneDesk(store, clock)
    yield opened
    opened.close()
