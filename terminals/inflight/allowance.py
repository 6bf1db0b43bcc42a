"""An allowance: what a passenger set aside for one flight, and each till's share of it.

The gateway holds the money on the wallet, then signs this; the phone carries it. A till sells from
its own share only, or from one that another till has signed over to it. The shares add up to no
more than what is held. So whatever a phone does, copied or not, and however cut off the tills are,
no more can be sold than was set aside.

It names the account by an alias and the passenger not at all: a till, or whoever photographs the
screen, learns no name, no seat and no account.
"""

from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from terminals.inflight.signed import (
    PUBLIC_KEY_BYTES,
    SIGNATURE_BYTES,
    SignatureWrong,
    open_signed,
    sign,
)

KIND = "allowance"
ID_BYTES = 15
# Of the account: enough that two passengers of an airline do not meet, and no way back.
ALIAS_BYTES = 8
# A wide-body has a dozen trolleys. Each share costs a QR code some five bytes.
DEVICES_MAX = 20
# What a phone shows must stay easy to scan: version 18 of a QR code at most.
ALLOWANCE_BYTES_MAX = 400
# Four bytes of counter, ahead of which the phone starts over with a new allowance.
COUNTER_MAX = 2**32 - 1

Id = Annotated[bytes, msgspec.Meta(min_length=ID_BYTES, max_length=ID_BYTES)]
Alias = Annotated[bytes, msgspec.Meta(min_length=ALIAS_BYTES, max_length=ALIAS_BYTES)]
PublicKey = Annotated[
    bytes, msgspec.Meta(min_length=PUBLIC_KEY_BYTES, max_length=PUBLIC_KEY_BYTES)
]
DeviceNumber = Annotated[int, msgspec.Meta(ge=1, le=255)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3,12}$")]


class AllowanceRefused(ValueError):
    """Base: it is no allowance that this till may sell from."""


class AllowanceUnreadable(AllowanceRefused):
    def __init__(self) -> None:
        super().__init__("this is not an allowance, or not one of this release")


class AllowanceKeyUnknown(AllowanceRefused):
    def __init__(self, key_id: int) -> None:
        super().__init__(f"the allowance is signed with key {key_id}, which is not known")


class AllowanceForged(AllowanceRefused):
    def __init__(self) -> None:
        super().__init__("the gateway did not sign this allowance")


class Share(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    device: DeviceNumber
    amount_minor: Minor


class Allowance(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """key_id: of the gateway's key that signed. Times are seconds since 1970. first_counter: of
    the phone's first frame. sale_max_minor: of one sale, and of what looks like one sale that was
    split. device numbers: as the flight counts its tills.
    """

    key_id: Annotated[int, msgspec.Meta(ge=1, le=255)]
    id: Id
    alias: Alias
    flight: Id
    currency: Currency
    amount_minor: Minor
    sale_max_minor: Minor
    not_before_s: int
    not_after_s: int
    phone_key: PublicKey
    first_counter: Annotated[int, msgspec.Meta(ge=0, le=COUNTER_MAX)]
    shares: Annotated[tuple[Share, ...], msgspec.Meta(max_length=DEVICES_MAX)]

    def share_of(self, device: int) -> int:
        """In minor units; 0 for a till that has none."""
        return sum(s.amount_minor for s in self.shares if s.device == device)

    @property
    def is_sound(self) -> bool:
        """Do its shares fit into it, one for each till?"""
        devices = {share.device for share in self.shares}
        shared_minor = sum(share.amount_minor for share in self.shares)
        return len(devices) == len(self.shares) and shared_minor <= self.amount_minor


def issue(allowance: Allowance, key: Ed25519PrivateKey) -> bytes:
    assert allowance.is_sound, "more would be shared than is held"
    raw = sign(key, KIND, msgspec.msgpack.encode(allowance))
    assert len(raw) <= ALLOWANCE_BYTES_MAX
    return raw


def open_allowance(raw: bytes, keys: dict[int, bytes]) -> Allowance:
    """keys: the gateway's public ones, by id. Raises AllowanceRefused."""
    body = raw[SIGNATURE_BYTES:]
    if len(raw) > ALLOWANCE_BYTES_MAX:
        raise AllowanceUnreadable
    try:
        allowance = msgspec.msgpack.decode(body, type=Allowance)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise AllowanceUnreadable from None
    if allowance.key_id not in keys:
        raise AllowanceKeyUnknown(allowance.key_id)
    try:
        open_signed(keys[allowance.key_id], KIND, raw)
    except SignatureWrong:
        raise AllowanceForged from None
    if not allowance.is_sound:
        raise AllowanceUnreadable
    return allowance


def equal_shares(amount_minor: int, devices: list[int]) -> tuple[Share, ...]:
    """The amount in equal parts; what does not divide goes to the first tills, one unit each."""
    if not devices:
        return ()
    part, rest = divmod(amount_minor, len(devices))
    return tuple(
        Share(device, part + (place < rest)) for place, device in enumerate(sorted(devices))
    )
