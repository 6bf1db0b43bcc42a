"""The secrets of an installation, in one file of its data folder: keys.json.

    {"version": 1, "payment_codes": {"1": "<32 bytes>"}, "order_digest": "<32 bytes>",
     "request_digest": "<32 bytes>"}

Bytes are base64. Payment codes have a ring of keys: each code names the key that sealed it,
the highest id seals new ones, the lower ones open what is still out there. The order digest
has one key for ever: the journal holds its digests, and they must meet again. The key that wraps
the data keys of people (services/data_keys.py) is derived from it (HKDF, RFC 5869): it must be
there for as long, and a folder of an older release needs no new secret.

Who reads this file can make codes of every wallet. So it is for its owner only, and is
refused otherwise; and no error or repr here shows any part of what it holds.
"""

import hashlib
import hmac
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, NoReturn, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from ledger.keys import DIGEST_BYTES
from ledger.keys import request_digest as plain_digest
from services.mint import RandomBytes
from services.new_file import new_file

FILE_NAME = "keys.json"
VERSION: Literal[1] = 1
KEY_BYTES = 32  # AES-256 and HMAC-SHA256
KEY_ID_MAX = 255  # a code spends one byte on it

# 128 bits: two orders of a merchant meet by chance once in 2^64.
ORDER_DIGEST_BYTES = 16

# One number in three is used, and a byte gives a digit nine times in ten: none needs so many.
GIFT_STREAM_BYTES = 4_096

# Says what the derived key is for: another purpose would be another key.
_WRAPS_DATA_KEYS = b"airside wraps data keys 1"

# Enough that a till's deny list meets no other account, and no way back to the account.
ALIAS_BYTES = 8

# A whole ring is 16 KB; what is longer is not this file.
FILE_BYTES_MAX = 65_536

_Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_KeyId = Annotated[int, msgspec.Meta(ge=1, le=KEY_ID_MAX)]
T = TypeVar("T")


class KeysExposed(Exception):
    """Others than the owner may read or write the file. The operator is to blame."""

    def __init__(self, path: Path, mode: int) -> None:
        super().__init__(
            f"{path} has mode {mode:04o}: others may have read its keys. "
            "Make new ones, or, if nobody has, run chmod 600 on it"
        )


class KeysDamaged(Exception):
    """The file is there, and is not a keyring.

    It is never replaced by a new one: with its keys the order digests of the journal would
    be lost, and nobody could tell any more which order a payment was for.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a keyring of version {VERSION}: restore it")


class _KeyFile(msgspec.Struct, frozen=True):
    """request_digest: null in a folder that was made before there was one. It stays so: a retry
    must meet the digest of its first request.
    """

    version: Literal[1]
    payment_codes: Annotated[dict[_KeyId, _Key], msgspec.Meta(min_length=1)]
    order_digest: _Key
    request_digest: _Key | None = None

    def __repr__(self) -> str:
        return "<what keys.json holds>"


class Keyring:
    """Refuses to be printed, encoded or pickled."""

    __slots__ = ("_order_digest_key", "_payment_code_keys", "_request_digest_key")

    def __init__(
        self,
        payment_code_keys: Mapping[int, bytes],
        order_digest_key: bytes,
        request_digest_key: bytes | None = None,
    ) -> None:
        self._payment_code_keys = dict(payment_code_keys)
        self._order_digest_key = order_digest_key
        self._request_digest_key = request_digest_key

    def __repr__(self) -> str:
        return f"<Keyring of {len(self._payment_code_keys)} payment code keys>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keyring stays in its process")

    @property
    def sealing_key_id(self) -> int:
        """The newest payment code key; new codes are sealed with it."""
        return max(self._payment_code_keys)

    def payment_code_keys(self) -> dict[int, bytes]:
        """All by id, raw, for the codec of payment codes. Never print what this returns."""
        return dict(self._payment_code_keys)

    def wrapping_key(self) -> bytes:
        """What the data keys of people are wrapped under. Never print what this returns."""
        derive = HKDF(SHA256(), KEY_BYTES, salt=None, info=_WRAPS_DATA_KEYS)
        return derive.derive(self._order_digest_key)

    def order_digest(self, merchant: str, order_text: str) -> bytes:
        """HMAC-SHA256 of (merchant, order reference), its first 16 bytes.

        Keyed, because references are short: without the key anybody who reads the journal
        could try them all. An id has no NUL, so no two pairs are written alike.
        """
        message = f"{merchant}\x00{order_text}".encode()
        digest = hmac.digest(self._order_digest_key, message, hashlib.sha256)
        return digest[:ORDER_DIGEST_BYTES]

    def request_digest(self, canonical: bytes) -> bytes:
        """Of a request as the journal keeps it: HMAC-SHA256, its first 16 bytes.

        Keyed for the same reason: a request holds the order reference, and all else in it may be
        known.
        """
        if self._request_digest_key is None:
            return plain_digest(canonical)
        digest = hmac.digest(self._request_digest_key, canonical, hashlib.sha256)
        return digest[:DIGEST_BYTES]

    def gift_number_stream(self, card: str) -> bytes:
        """Random bytes from which a gift card's number is drawn: the same for each retry, so the
        number need not be kept anywhere.
        """
        message = f"gift number\x00{card}".encode()
        return hashlib.shake_256(self._order_digest_key + message).digest(GIFT_STREAM_BYTES)

    def card_token_secret(self) -> bytes:
        """48 bytes, for the key under which bank cards have tokens; the same for ever, or no linked
        card would be known again.
        """
        return hashlib.shake_256(self._order_digest_key + b"card tokens\x00").digest(48)

    def gift_digest(self, number: str) -> bytes:
        """By which a gift card's number is looked up. Keyed: there are few enough to try all."""
        message = f"gift card\x00{number}".encode()
        return hmac.digest(self._order_digest_key, message, hashlib.sha256)

    def terminal_secret(self, terminal: str, generation: int) -> bytes:
        """The 32 bytes that a terminal shares with us for message codes, drawn so many times.

        Derived, so no store keeps it. No merchant is called `terminal`, so these messages and
        those of order digests never meet; and a digest in the journal is cut in half.
        """
        message = f"terminal\x00{terminal}\x00{generation}".encode()
        return hmac.digest(self._order_digest_key, message, hashlib.sha256)

    def webhook_secret(self, webhook: str, generation: int) -> bytes:
        """The 32 bytes that sign what a webhook is told, derived like a terminal's."""
        message = f"webhook\x00{webhook}\x00{generation}".encode()
        return hmac.digest(self._order_digest_key, message, hashlib.sha256)

    def allowance_key(self, key_id: int) -> Ed25519PrivateKey:
        """What signs allowances and the plans of flights. Derived, like terminals' secrets."""
        message = f"allowance\x00{key_id}".encode()
        seed = hmac.digest(self._order_digest_key, message, hashlib.sha256)
        return Ed25519PrivateKey.from_private_bytes(seed)

    def ceremony_secret(self) -> bytes:
        """32 bytes that make the challenges of passkeys (services/ceremonies.py)."""
        return hmac.digest(self._order_digest_key, b"passkeys\x00", hashlib.sha256)

    def user_handle(self, principal: str) -> bytes:
        """32 bytes that a passkey keeps to say whose it is. The same for ever, and nobody else's
        business: WebAuthn (section 14.6.1) wants no name and nothing known elsewhere in it.
        """
        message = f"user\x00{principal}".encode()
        return hmac.digest(self._order_digest_key, message, hashlib.sha256)

    def account_alias(self, account: str) -> bytes:
        """Eight bytes that stand for an account where nobody may know which one it is."""
        message = f"alias\x00{account}".encode()
        return hmac.digest(self._order_digest_key, message, hashlib.sha256)[:ALIAS_BYTES]


def open_keyring(folder: Path, *, random_bytes: RandomBytes) -> Keyring:
    """Read the keys of this data folder; the first start makes them.

    Raises KeysExposed, KeysDamaged, OSError.
    """
    path = folder / FILE_NAME
    if not path.exists():
        _create(path, random_bytes)
    keys = read_secrets(path, _KeyFile)
    return Keyring(keys.payment_codes, keys.order_digest, keys.request_digest)


def _create(path: Path, random_bytes: RandomBytes) -> None:
    keys = _KeyFile(
        version=VERSION,
        payment_codes={1: random_bytes(KEY_BYTES)},
        order_digest=random_bytes(KEY_BYTES),
        request_digest=random_bytes(KEY_BYTES),
    )
    with new_file(path) as aside:
        aside.write_bytes(msgspec.json.encode(keys) + b"\n")


def read_secrets(path: Path, kind: type[T]) -> T:
    """A file of secrets. Raises KeysExposed, KeysDamaged, OSError."""
    content = read_secret_file(path)
    try:
        return msgspec.json.decode(content, type=kind)
    except msgspec.MsgspecError:
        # Without its cause: the complaint may quote the file.
        raise KeysDamaged(path) from None


def read_secret_file(path: Path) -> bytes:
    """What only its owner may read. Raises KeysExposed, OSError."""
    with path.open("rb") as file:
        # Asked of the open file: the name may point elsewhere a moment later.
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeysExposed(path, mode)
        return file.read(FILE_BYTES_MAX)
