from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ledger.clock import ManualClock
from services.keyring import Keyring
from services.merchants import Merchant, MerchantDetails, create_merchant
from services.mint import RandomBytes
from services.store import Store, open_store


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'store.db'}"


@pytest.fixture
def keyring() -> Keyring:
    return Keyring({1: bytes(32)}, bytes(range(32)))


@pytest.fixture
def store(url: str, keyring: Keyring) -> Iterator[Store]:
    opened = open_store(url, keyring)
    yield opened
    opened.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def random_bytes() -> RandomBytes:
    return Random(7).randbytes


@pytest.fixture
def lounge(store: Store, random_bytes: RandomBytes) -> Merchant:
    details = MerchantDetails(
        name="Al Mourjan Lounge", mcc="4582", city="Doha", country="QA"
    )
    return create_merchant(store, details, random_bytes=random_bytes)


@pytest.fixture
def duty_free(store: Store, random_bytes: RandomBytes) -> Merchant:
    details = MerchantDetails(name="Duty Free", mcc="5309", city="Doha", country="QA")
    return create_merchant(store, details, random_bytes=random_bytes)
