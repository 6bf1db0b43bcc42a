"""Ids: who is meant, and in which slot the answer lives.

Inside the house an account is 15 raw bytes, and whatever belongs to it (a payment, a
transfer) is the pair (account, ordinal): the ordinal counts up within the account. So a
capture or a refund finds its account without an index and without a second hop.

Outside, ids are prefixed texts: `acc_` with the account's bytes, `pay_` and `trf_` with the
pair. The first 12 bits of an account are its slot, fixed for ever; a map says which
partition owns a slot today.
"""

import base64
import hashlib
from functools import lru_cache
from typing import NewType

import msgspec

AccountId = NewType("AccountId", bytes)

ACCOUNT_BYTES = (
    15  # 12 bits of slot and 108 of hash; 24 characters of base32 without padding
)
SLOT_COUNT = 4096
ORDINAL_BYTES = 5  # 2^40 payments on one account
# Base32 is plain Python, and the same accounts pay again: their texts are kept, in some 2 MB.
TEXTS_KEPT = 4_096

_STRIPE = b"\xa1\x5d\xe0"
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"  # RFC 4648, section 6, in small letters
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


class MalformedId(ValueError):
    """The text is not an id of the kind that was asked for."""

    def __init__(self, text: str, kind: str) -> None:
        super().__init__(f"{text[:48]!r} is not {kind}")


class Ref(msgspec.Struct, frozen=True, array_like=True):
    """A payment or a transfer: the account that it belongs to, and its number there."""

    account: AccountId
    ordinal: int


def derive_account(caller: str, key: str) -> AccountId:
    """The id of the account that this caller opens under this key: a retry opens the same one."""
    digest = hashlib.sha256(f"account\x00{caller}\x00{key}".encode()).digest()
    return AccountId(digest[:ACCOUNT_BYTES])


def stripe_account(merchant: str, partition: int, slot: int) -> AccountId:
    """The account that cuts and sweeps a merchant's stripe in one partition. slot: one that this
    partition owns. One with a pinned account owns none: there the number in the id leads.
    """
    digest = hashlib.sha256(f"stripe\x00{merchant}".encode()).digest()
    head = (slot << 4).to_bytes(2, "big") + partition.to_bytes(2, "big")
    return AccountId(head + _STRIPE + digest[: ACCOUNT_BYTES - len(head) - len(_STRIPE)])


def stripe_partition(account: AccountId) -> int | None:
    """The partition that a stripe's account names; None for what is no stripe. One of 2^24 others
    looks like one, which harms nothing: it is always led to the same door.
    """
    return int.from_bytes(account[2:4], "big") if account[4:7] == _STRIPE else None


def slot_of(account: AccountId) -> int:
    return int.from_bytes(account[:2], "big") >> 4


@lru_cache(maxsize=TEXTS_KEPT)
def account_text(account: AccountId) -> str:
    return "acc_" + _encode(account)


@lru_cache(maxsize=TEXTS_KEPT)
def parse_account(text: str) -> AccountId:
    return AccountId(_decode(text, "acc_", ACCOUNT_BYTES))


def payment_text(ref: Ref) -> str:
    return "pay_" + _ref_text(ref)


def parse_payment(text: str) -> Ref:
    return _split(_decode(text, "pay_", ACCOUNT_BYTES + ORDINAL_BYTES))


def transfer_text(ref: Ref) -> str:
    return "trf_" + _ref_text(ref)


def parse_transfer(text: str) -> Ref:
    return _split(_decode(text, "trf_", ACCOUNT_BYTES + ORDINAL_BYTES))


def _ref_text(ref: Ref) -> str:
    """Base32 of both: the account's 15 bytes are whole characters, so its own text is kept."""
    low = ref.ordinal & 0xFFFFF
    high = ref.ordinal >> 20
    pairs = (high >> 10, high & 0x3FF, low >> 10, low & 0x3FF)
    return account_text(ref.account)[4:] + "".join([_PAIRS[pair] for pair in pairs])


def _split(raw: bytes) -> Ref:
    return Ref(AccountId(raw[:ACCOUNT_BYTES]), int.from_bytes(raw[ACCOUNT_BYTES:], "big"))


def _encode(raw: bytes) -> str:
    return base64.b32encode(raw).decode().lower()


def _decode(text: str, prefix: str, length: int) -> bytes:
    kind = f"an id that begins with {prefix}"
    if not text.startswith(prefix) or text != text.lower():
        raise MalformedId(text, kind)
    try:
        raw = base64.b32decode(text.removeprefix(prefix).upper())
    except ValueError:
        raise MalformedId(text, kind) from None
    if len(raw) != length:
        raise MalformedId(text, kind)
    return raw
