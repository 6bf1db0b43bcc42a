"""The wallet card: what it is asked, what it proves, and how a tap is written down.

The card is a small application of its own (AID F0 "AIRSIDE" C1; F0 marks an unregistered provider,
ISO/IEC 7816-4). It holds its number, a key, a counter, perhaps a PIN. One payment is a dialogue:

    SELECT           00 A4 04 00 AID         who it is, and which issuer key its own derives from
    GET CHALLENGE    00 84 00 00             eight fresh bytes
    AUTHENTICATE     80 82 00 00 charge P    the charge, and the gateway's proof P over it
    VERIFY           00 20 00 80 PIN         if the amount needs it; only after AUTHENTICATE
    PAY              80 AE 00 00             counter, whether the PIN was right, cryptogram

Both sides prove themselves by AES-CMAC (NIST SP 800-38B) under the card's key:

    P           = CMAC(key, 01 card challenge charge)           the gateway's
    cryptogram  = CMAC(key, 03 card charge counter flags)       the card's
    charge      = nonce(16) amount(8) currency(12) terminal(16)

The first byte says which of the two a text is, so neither can be used as the other. The card pays
only what the gateway has proved, so a reader in a crowd gets no payment and no PIN try out of it,
and no till can change the amount: nor later, for the ledger increases no hold that a card made;
more needs another tap. The nonce is the gateway's: its first six bytes are the time at which it
was given, the rest is random. The terminal is a digest of merchant and terminal name.

The till holds no key. It carries bytes between two that do, and what it brings the gateway is a
*tap*: card, key id, counter, flags, nonce, cryptogram, as text.
"""

import base64
import binascii
import hashlib
import struct

import msgspec
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from ledger.money import Money

AID = b"\xf0AIRSIDE\xc1"
VERSION = 1

CARD_BYTES = 15
CHALLENGE_BYTES = 8
NONCE_BYTES = 16
PROOF_BYTES = 16
KEY_BYTES = 16  # AES-128
TERMINAL_BYTES = 16
COUNTER_MAX = 2**32 - 1

CLA_OWN = 0x80
GET_CHALLENGE, VERIFY, AUTHENTICATE, PAY, PERSONALISE = 0x84, 0x20, 0x82, 0xAE, 0xE2
PIN_REFERENCE = 0x80
# Of the answer to SELECT: template A5 of the FCI, private class.
TAG_VERSION, TAG_CARD, TAG_KEY_ID, TAG_FLAGS = 0xC1, 0xC2, 0xC3, 0xC4
HAS_PIN = 0x01  # in TAG_FLAGS
PIN_WAS_RIGHT = 0x01  # in the flags of a tap

# Status words, as ISO/IEC 7816-4 has them.
SW_NOT_ALLOWED = 0x6985  # conditions of use not satisfied
SW_NOT_PROVED = 0x6982  # security status not satisfied
SW_PIN_BLOCKED = 0x6983
SW_PIN_WRONG = 0x63C0  # and the tries that are left

TAP_PREFIX = "tap1."
PIN_DIGITS_MIN, PIN_DIGITS_MAX = 4, 8

_TIME_BYTES = 6
NONCE_RANDOM_BYTES = NONCE_BYTES - _TIME_BYTES
_CURRENCY_BYTES = 12
_CHARGE = struct.Struct(f">{NONCE_BYTES}sQ{_CURRENCY_BYTES}s{TERMINAL_BYTES}s")
CHARGE_BYTES = _CHARGE.size
_TAP = struct.Struct(f">{CARD_BYTES}sBIB{NONCE_BYTES}s{PROOF_BYTES}s")
PAID = struct.Struct(f">IB{PROOF_BYTES}s")  # counter, flags, cryptogram

_FROM_GATEWAY, _FROM_CARD = b"\x01", b"\x03"


class TapUnreadable(ValueError):
    """The text is no tap of a wallet card. The message does not show it."""

    def __init__(self) -> None:
        super().__init__("this is not a tap of a wallet card")


class Charge(msgspec.Struct, frozen=True):
    """What a card is asked to agree to. terminal: terminal_digest()."""

    nonce: bytes
    amount: Money
    terminal: bytes

    def packed(self) -> bytes:
        currency = self.amount.commodity.encode().ljust(_CURRENCY_BYTES)
        return _CHARGE.pack(self.nonce, self.amount.amount_minor, currency, self.terminal)


class Tap(msgspec.Struct, frozen=True):
    """What a card said to a charge. It is worth nothing to anybody else: it names the charge."""

    card: bytes
    key_id: int
    counter: int
    pin_was_right: bool
    nonce: bytes
    cryptogram: bytes

    @property
    def issued_at_ms(self) -> int:
        """When the gateway gave its nonce."""
        return int.from_bytes(self.nonce[:_TIME_BYTES], "big")

    @property
    def flags(self) -> int:
        return PIN_WAS_RIGHT if self.pin_was_right else 0

    @property
    def id(self) -> bytes:
        """The same for each copy of this tap, and for no other."""
        return hashlib.sha256(b"card tap\x00" + self._packed()).digest()[:16]

    def text(self) -> str:
        return TAP_PREFIX + base64.urlsafe_b64encode(self._packed()).decode().rstrip("=")

    def _packed(self) -> bytes:
        return _TAP.pack(
            self.card, self.key_id, self.counter, self.flags, self.nonce, self.cryptogram
        )


def read_tap(text: str) -> Tap:
    """Raises TapUnreadable."""
    body = text.removeprefix(TAP_PREFIX)
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        card, key_id, counter, flags, nonce, cryptogram = _TAP.unpack(raw)
    except (binascii.Error, ValueError, struct.error):
        raise TapUnreadable from None
    tap = Tap(card, key_id, counter, bool(flags & PIN_WAS_RIGHT), nonce, cryptogram)
    if tap.text() != text:
        raise TapUnreadable  # one tap has one text
    return tap


def nonce_at(issued_at_ms: int, random: bytes) -> bytes:
    assert len(random) == NONCE_RANDOM_BYTES
    return issued_at_ms.to_bytes(_TIME_BYTES, "big") + random


def terminal_digest(merchant: str, terminal: str) -> bytes:
    text = f"terminal\x00{merchant}\x00{terminal}".encode()
    return hashlib.sha256(text).digest()[:TERMINAL_BYTES]


def gateway_proof(key: bytes, card: bytes, challenge: bytes, charge: bytes) -> bytes:
    assert len(card) == CARD_BYTES
    assert len(challenge) == CHALLENGE_BYTES
    return cmac(key, _FROM_GATEWAY + card + challenge + charge)


def cryptogram(
    key: bytes, card: bytes, charge: bytes, *, counter: int, flags: int
) -> bytes:
    assert len(card) == CARD_BYTES
    return cmac(key, _FROM_CARD + card + charge + struct.pack(">IB", counter, flags))


def cmac(key: bytes, message: bytes) -> bytes:
    mac = CMAC(AES(key))
    mac.update(message)
    return mac.finalize()


def is_pin(text: str) -> bool:
    right_length = PIN_DIGITS_MIN <= len(text) <= PIN_DIGITS_MAX
    return right_length and text.isascii() and text.isdigit()


def pin_block(pin: str) -> bytes:
    """ISO 9564-1 format 2: how a PIN goes from a reader to a card, and nowhere else."""
    assert is_pin(pin)
    return bytes.fromhex(f"2{len(pin):X}{pin}".ljust(16, "F"))
