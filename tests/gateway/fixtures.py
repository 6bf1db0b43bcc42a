"""A house for each test: a copy of one that was furnished once a run, for that takes a while."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.harness import House, copy_folder, furnish


@pytest.fixture(scope="session")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keys, a store, everybody in it, and empty journals."""
    folder = tmp_path_factory.mktemp("furnished") / "data"
    furnish(folder)
    asyncio.run(_visit(folder))
    return folder


@pytest.fixture(scope="session")
def furnished_with_money(furnished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = copy_folder(furnished, tmp_path_factory.mktemp("funded") / "data")
    asyncio.run(_visit(folder, "amira", "jonas"))
    return folder


async def _visit(folder: Path, *wallets: str) -> None:
    house = House(folder)
    await house.start()
    for who in wallets:
        await house.wallet(who, QAR=100_000)
    await house.stop()


@pytest.fixture
async def house(furnished: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Nobody has an account yet."""
    house = House(copy_folder(furnished, tmp_path / "data"))
    await house.start()
    yield house
    await house.stop()


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    """Amira and Jonas have a wallet each, with 1,000.00 QAR in it."""
    house = House(copy_folder(furnished_with_money, tmp_path / "data"))
    await house.start()
    yield house
    await house.stop()
