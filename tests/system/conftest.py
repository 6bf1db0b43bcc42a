"""Tests that need real processes: Ray, gateways, kill -9."""

from collections.abc import Iterator

import pytest

from tests.installation import Api, Installation


@pytest.fixture
def operator(installation: Installation) -> Api:
    return installation.api("operator")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation for tests that take the whole of one down."""
    house = Installation(tmp_path_factory.mktemp("house") / "data")
    yield house
    house.end()


@pytest.fixture
def own(house: Installation) -> Iterator[Installation]:
    """It runs when a test begins, whatever the test before did to it."""
    if not house.running:
        house.start()
    yield house
    if house.running:
        assert house.ledger("verify").returncode == 0
