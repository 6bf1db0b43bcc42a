"""Ceremonies: the challenges that passkeys sign, each good once, for five minutes, for one purpose.

    ceremony = base64url( purpose · expiry · random · tag )        the tag binds it to its subject

A ceremony keeps itself: what was asked for stands in it, under a code of ours, so whoever asks for
challenges fills no table. Only one that comes back is written down (services/nonces.py), whatever
becomes of it: an answer that was refused cannot be tried again, on any gateway.

The challenge is derived and not the ceremony itself, so that who sees one cannot make the other.
"""

import base64
import binascii
import hashlib
import hmac
import struct
from enum import IntEnum

import msgspec

from ledger.clock import SECOND_MS, Clock
from services.mint import RandomBytes
from services.nonces import Nonces

# Long enough to find the phone and take off a glove; WebAuthn (section 15.1) recommends 5 to 10
# minutes where the user is verified.
LIFE_MS = 300 * SECOND_MS

_NONCES_OF = "passkey ceremony"
_BODY = struct.Struct(">BQ16s")
_TAG_BYTES = 16


class Purpose(IntEnum):
    REGISTER = 1
    SIGN_IN = 2
    CONFIRM = 3


class CeremonyOver(Exception):
    """Used, too old, for something else, or none of ours: begin again."""

    def __init__(self) -> None:
        super().__init__("this was answered before, or took too long: begin again")


class Ceremony(msgspec.Struct, frozen=True):
    text: str
    challenge: bytes

    def __repr__(self) -> str:
        return "<Ceremony>"


class Ceremonies:
    """subject: whose ceremony it is; empty while nobody knows."""

    def __init__(
        self, secret: bytes, nonces: Nonces, clock: Clock, random_bytes: RandomBytes
    ) -> None:
        self._secret = secret
        self._nonces = nonces
        self._clock = clock
        self._random_bytes = random_bytes

    def begin(self, purpose: Purpose, subject: str) -> Ceremony:
        expires_at_ms = self._clock.now_ms() + LIFE_MS
        body = _BODY.pack(purpose, expires_at_ms, self._random_bytes(16))
        text = base64.urlsafe_b64encode(body + self._tag(body, subject)).decode()
        return Ceremony(text.rstrip("="), self._challenge(body, subject))

    async def end(self, text: str, purpose: Purpose, subject: str) -> bytes:
        """The challenge that must have been signed. Raises CeremonyOver, StoreUnavailable."""
        body, tag = _parts(text)
        if not hmac.compare_digest(tag, self._tag(body, subject)):
            raise CeremonyOver
        said, expires_at_ms, _ = _BODY.unpack(body)
        if said != purpose or self._clock.now_ms() >= expires_at_ms:
            raise CeremonyOver
        first = await self._nonces.claim(_NONCES_OF, body.hex(), until_ms=expires_at_ms)
        if not first:
            raise CeremonyOver
        return self._challenge(body, subject)

    def _tag(self, body: bytes, subject: str) -> bytes:
        return self._digest(b"ceremony", body, subject)[:_TAG_BYTES]

    def _challenge(self, body: bytes, subject: str) -> bytes:
        return self._digest(b"challenge", body, subject)

    def _digest(self, what: bytes, body: bytes, subject: str) -> bytes:
        message = what + b"\x00" + body + subject.encode()
        return hmac.digest(self._secret, message, hashlib.sha256)


def _parts(text: str) -> tuple[bytes, bytes]:
    """Raises CeremonyOver."""
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise CeremonyOver from None
    if len(raw) != _BODY.size + _TAG_BYTES:
        raise CeremonyOver
    return raw[: _BODY.size], raw[_BODY.size :]
