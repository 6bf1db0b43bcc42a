import random

import pytest

from ledger.ids import derive_account
from terminals.payment_code import CodeKeys, PaymentCode


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
