"""An entry of a till's journal: what happened, in which order, signed by the till.

    <64: signature> msgpack [flight, device, sequence, time, digest of the entry before, what]

Sequences count from 1 without a gap, and each entry names the one before it. So entries may travel
by any road, in any order, any number of times, through anybody's hands: what is missing is seen,
and what was altered is nobody's.
"""

import hashlib
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.inflight.allowance import DeviceNumber, Id, Minor
from terminals.inflight.frame import FRAME_BYTES_MAX
from terminals.inflight.plan import Sku
from terminals.inflight.signed import (
    SIGNATURE_BYTES,
    SignatureWrong,
    open_signed,
    sign,
)

KIND = "till entry"
DIGEST_BYTES = 32
NO_ENTRY = bytes(DIGEST_BYTES)  # what the first entry names
REQUEST_BYTES = 16
# Of one sale; a trolley's receipt has a few.
LINES_MAX = 30
COUNT_MAX = 999
ENTRY_BYTES_MAX = 2_048

Digest = Annotated[bytes, msgspec.Meta(min_length=DIGEST_BYTES, max_length=DIGEST_BYTES)]


class EntryRefused(ValueError):
    """Nobody whom the flight knows has signed this as an entry."""

    def __init__(self) -> None:
        super().__init__("this is not an entry of a till of this flight")


class Line(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    sku: Sku
    count: Annotated[int, msgspec.Meta(ge=1, le=COUNT_MAX)]


class What(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """Base of what may happen at a till."""


class Opened(What, frozen=True, tag=1):
    """The till started. cut_bytes: of a torn last entry that a power cut left behind."""

    plan: Digest
    cut_bytes: int


class Sold(What, frozen=True, tag=2):
    frame: Annotated[bytes, msgspec.Meta(max_length=FRAME_BYTES_MAX)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    lines: Annotated[tuple[Line, ...], msgspec.Meta(max_length=LINES_MAX)]


class Gave(What, frozen=True, tag=3):
    """A part of this till's share is the other till's from now on. request: what asked for it."""

    allowance: Id
    to: DeviceNumber
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    request: Annotated[
        bytes, msgspec.Meta(min_length=REQUEST_BYTES, max_length=REQUEST_BYTES)
    ]


class Took(What, frozen=True, tag=4):
    """gave: the giver's entry, whole; it counts once."""

    gave: Annotated[bytes, msgspec.Meta(max_length=512)]


class Closed(What, frozen=True, tag=5):
    """The till sells nothing more on this flight: all that it did stands before this."""


Happening = Opened | Sold | Gave | Took | Closed


class Body(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    flight: Id
    device: DeviceNumber
    seq: Annotated[int, msgspec.Meta(ge=1, le=2**32 - 1)]
    at_ms: Minor
    previous: Digest
    what: Happening


class Entry(msgspec.Struct, frozen=True):
    raw: bytes
    body: Body

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.raw).digest()


_decode = msgspec.msgpack.Decoder(Body).decode


def make_entry(body: Body, key: Ed25519PrivateKey) -> Entry:
    encoded = msgspec.msgpack.encode(body)
    assert _decode(encoded) == body, "what is written can be read again"
    raw = sign(key, KIND, encoded)
    assert len(raw) <= ENTRY_BYTES_MAX
    return Entry(raw, body)


def open_entry(raw: bytes, flight: bytes, public_keys: dict[int, bytes]) -> Entry:
    """public_keys: of the flight's tills, by number. Raises EntryRefused."""
    try:
        body = _decode(raw[SIGNATURE_BYTES:])
        if body.flight != flight or len(raw) > ENTRY_BYTES_MAX:
            raise EntryRefused
        open_signed(public_keys[body.device], KIND, raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, SignatureWrong, KeyError):
        raise EntryRefused from None
    return Entry(raw, body)


def read_entry(raw: bytes) -> Entry:
    """Of one whose signature was checked before it was kept."""
    return Entry(raw, _decode(raw[SIGNATURE_BYTES:]))


def take_gift(
    raw: bytes, flight: bytes, public_keys: dict[int, bytes]
) -> tuple[Entry, Gave]:
    """The entry by which another till gives. Raises EntryRefused."""
    entry = open_entry(raw, flight, public_keys)
    if not isinstance(entry.body.what, Gave):
        raise EntryRefused
    return entry, entry.body.what
