"""A house for each test: a copy of one that is furnished once a run."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.harness import House, copy_folder, furnish


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("furnished") / "data"
    furnish(folder)
    return folder


@pytest.fixture
async def house(furnished: Path, tmp_path: Path) -> AsyncIterator[House]:
    house = House(copy_folder(furnished, tmp_path / "data"))
    await house.start()
    yield house
    await house.stop()
