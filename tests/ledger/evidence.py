"""What the tests of evidence share: a signing key of a fixed seed, and checkpoints by it."""

from random import Random

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.checkpoint import Signed, signed, take
from ledger.journal import Store
from ledger.signed_note import PublicKey, Signature

INSTALLATION = "airside/abcdefghijklmnop"
AT_MS = 1_767_225_600_123
SECRET = Ed25519PrivateKey.from_private_bytes(Random(6962).randbytes(32))
KEY = PublicKey(INSTALLATION, SECRET.public_key().public_bytes_raw())


def sign(name: str, text: str) -> Signature:
    return Signature(name, KEY.named(name).id, SECRET.sign(text.encode()))


def checkpoint_of(store: Store, partition: int = 0) -> Signed:
    taken = take(store, partition, INSTALLATION, AT_MS, lambda _entries: None)
    return signed(taken, sign)
