import asyncio
import random
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from ledger.clock import ManualClock
from ledger.ids import derive_account
from terminals.payment_code import CodeKeys, PaymentCode
from tests.terminals.real_gateway import BadRoad, Operator, found, running_gateway


@pytest.fixture
def keys() -> CodeKeys:
    """A ring of two keys; the same randomness in each test."""
    source = random.Random(20_261_122)
    ring = [(1, source.randbytes(32)), (2, source.randbytes(32))]
    return CodeKeys(ring, source.randbytes)


@pytest.fixture
def code() -> PaymentCode:
    account = derive_account("tests", "Amira")
    return PaymentCode(account, device=7, counter=42, issued_at_ms=1_795_305_600_123)


@pytest.fixture
def payload(keys: CodeKeys, code: PaymentCode) -> str:
    return keys.seal(code)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installation")
    asyncio.run(found(folder))
    return folder


@pytest_asyncio.fixture
async def operator(
    tmp_path: Path, installation: Path, clock: ManualClock
) -> AsyncIterator[Operator]:
    """Of a real gateway on loopback, of the test's own."""
    data = Path(shutil.copytree(installation, tmp_path / "data"))
    async with running_gateway(data, clock) as operator:
        yield operator


@pytest_asyncio.fixture
async def road(operator: Operator) -> AsyncIterator[BadRoad]:
    async with BadRoad(operator).open() as road:
        yield road
