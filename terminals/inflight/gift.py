"""Asking another till for a part of its share: signed by the till that asks, with the allowance.

The giver may never have seen this passenger. So the allowance comes along, and says how much the
giver's own share is. A request has a number of its own: lost on the way and sent again, it gets the
same gift.
"""

from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.inflight.allowance import ALLOWANCE_BYTES_MAX, DeviceNumber, Id
from terminals.inflight.entry import REQUEST_BYTES, EntryRefused
from terminals.inflight.signed import SIGNATURE_BYTES, SignatureWrong, open_signed, sign

KIND = "share request"


class AskedShare(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """device: who asks."""

    flight: Id
    device: DeviceNumber
    sealed: Annotated[bytes, msgspec.Meta(max_length=ALLOWANCE_BYTES_MAX)]
    amount_minor: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    request: Annotated[
        bytes, msgspec.Meta(min_length=REQUEST_BYTES, max_length=REQUEST_BYTES)
    ]


def write_request(asked: AskedShare, key: Ed25519PrivateKey) -> bytes:
    return sign(key, KIND, msgspec.msgpack.encode(asked))


def read_request(raw: bytes, flight: bytes, public_keys: dict[int, bytes]) -> AskedShare:
    """Raises EntryRefused."""
    try:
        asked = msgspec.msgpack.decode(raw[SIGNATURE_BYTES:], type=AskedShare)
        open_signed(public_keys[asked.device], KIND, raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, SignatureWrong, KeyError):
        raise EntryRefused from None
    if asked.flight != flight:
        raise EntryRefused
    return asked
