"""Images of accounts: memory, encoded and sealed with a hash, at a journal position.

An image only shortens a replay. One that does not match its hash is damage, not a cache miss:
the disk under the journal cannot be trusted, so the partition stops.
"""

import hashlib

import msgspec

from ledger.account import Account
from ledger.errors import JournalDamaged
from ledger.ids import account_text
from ledger.journal import Image

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Account).decode


def draw(account: Account) -> Image:
    body = _encode(account)
    seq = account.last_seq
    return Image(account.id, seq, account.next_due_ms(), body, _hash(seq, body))


def restore(partition: int, image: Image) -> Account:
    """Raises JournalDamaged."""
    if _hash(image.seq, image.body) != image.hash:
        raise JournalDamaged(
            partition, f"the image of {account_text(image.account)} is damaged"
        )
    return _decode(image.body)


def _hash(seq: int, body: bytes) -> bytes:
    return hashlib.sha256(seq.to_bytes(8, "big") + body).digest()
