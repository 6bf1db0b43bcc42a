from pathlib import Path

import pytest

from ledger.clock import ManualClock
from ledger.sqlite_store import SqliteStore


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path / "journals")
