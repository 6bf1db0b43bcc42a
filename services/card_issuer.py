"""The issuer's keys, from which the key of each wallet card derives.

    card key = CMAC(issuer key, 01 "airside card key" 00 card 0080)

which is the counter mode of NIST SP 800-108 with one block of AES-CMAC, 128 bits. So no key of any
card is kept anywhere but on the card, and the issuer's own never leaves what computes the CMAC:
a security module (services/card_hsm.py), or, where there is none, this process, which reads
card-issuer.json in the data folder:

    {"version": 1, "issuer_keys": {"1": "<32 bytes>"}}

There is a ring of them: a card says which one its key derives from, the highest makes new cards.
That a key of some number is still the same one is what services/issuer_register.py watches over.
"""

import struct
from pathlib import Path
from typing import Annotated, Literal, NoReturn, Protocol

import msgspec

from services.keyring import KEY_BYTES, read_secrets
from services.mint import RandomBytes
from services.new_file import new_file
from terminals.card_format import CARD_BYTES, cmac
from terminals.card_format import KEY_BYTES as CARD_KEY_BYTES

FILE_NAME = "card-issuer.json"
VERSION: Literal[1] = 1
LABEL = b"airside card key"

_Key = Annotated[bytes, msgspec.Meta(min_length=KEY_BYTES, max_length=KEY_BYTES)]
_KeyId = Annotated[int, msgspec.Meta(ge=1, le=255)]  # a card spends one byte on it


class UnknownIssuerKey(LookupError):
    """No such key is held here, so no card of it can be served."""

    def __init__(self, key_id: int) -> None:
        super().__init__(f"there is no issuer key {key_id}")


class IssuerKeysLost(Exception):
    """Cards derive from a key whose file is gone. It is never replaced by a new one: that would
    make every card a stranger, and say so only to the passengers.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is gone, and cards derive from its keys: restore it from a backup. If there"
            " is none, report those cards as lost (`airside cards list`, `airside cards lost"
            " crd_…`), and the next start makes a new key"
        )


class IssuerKeys(Protocol):
    """What holds the issuer's keys. Any thread may ask."""

    newest: int

    @property
    def key_ids(self) -> frozenset[int]:
        """Of all keys that are held."""

    def mac(self, key_id: int, message: bytes) -> bytes:
        """AES-CMAC under that key. Raises UnknownIssuerKey, and HsmUnusable where that may be."""


def card_key(keys: IssuerKeys, key_id: int, card: bytes) -> bytes:
    """The key of one card: never print it, never keep it. Raises UnknownIssuerKey."""
    assert len(card) == CARD_BYTES
    message = b"\x01" + LABEL + b"\x00" + card + struct.pack(">H", 8 * CARD_KEY_BYTES)
    return keys.mac(key_id, message)


class Known(msgspec.Struct, frozen=True):
    """What is known of issuer keys apart from themselves, by number. in_use: cards that may pay
    derive from them. ever: they were held here once.
    """

    in_use: frozenset[int] = frozenset()
    ever: frozenset[int] = frozenset()

    @property
    def next_id(self) -> int:
        """No number is given twice, whatever holds the keys."""
        return max(self.in_use | self.ever, default=0) + 1


NOTHING_KNOWN = Known()


class _KeyFile(msgspec.Struct, frozen=True):
    version: Literal[1]
    issuer_keys: Annotated[dict[_KeyId, _Key], msgspec.Meta(min_length=1)]

    def __repr__(self) -> str:
        return "<what card-issuer.json holds>"


class FileKeys:
    """In this process. Refuses to be printed, encoded or pickled."""

    __slots__ = ("_keys", "newest")

    def __init__(self, keys: dict[int, bytes]) -> None:
        self._keys = keys
        self.newest = max(keys)

    def __repr__(self) -> str:
        return f"<FileKeys of {len(self._keys)} issuer keys>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("issuer keys stay in their process")

    @property
    def key_ids(self) -> frozenset[int]:
        return frozenset(self._keys)

    def mac(self, key_id: int, message: bytes) -> bytes:
        if key_id not in self._keys:
            raise UnknownIssuerKey(key_id)
        return cmac(self._keys[key_id], message)


def open_issuer_keys(
    folder: Path, *, random_bytes: RandomBytes, known: Known = NOTHING_KNOWN
) -> FileKeys:
    """The keys of this data folder; the first time makes one.

    Raises IssuerKeysLost, KeysExposed, KeysDamaged, OSError.
    """
    path = folder / FILE_NAME
    if not path.exists():
        if known.in_use:
            raise IssuerKeysLost(path)
        keys = _KeyFile(VERSION, {known.next_id: random_bytes(KEY_BYTES)})
        with new_file(path) as aside:
            aside.write_bytes(msgspec.json.encode(keys) + b"\n")
    return FileKeys(read_secrets(path, _KeyFile).issuer_keys)
