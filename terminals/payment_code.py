"""The payment code: what a wallet shows to a till.

A code names a payer (account, device, mandate), a number of its own (counter) and its time
of issue, sealed with AES-256-GCM under a key that only gateways hold. So opening needs no
look-up, the till learns nothing, and nobody can make one or alter one.

Outside it is a consumer-presented payload (terminals/emv_cpm.py):

    85 "CPV01"   61 { 4F F0 "AIRSIDE" 01   63 { C1 key id, nonce, sealed code } }

* F0 marks an unregistered provider (ISO/IEC 7816-4); the last byte is the format version.
  Name, version and key id are authenticated: a code moved to another envelope is void.
* Each seal takes fresh randomness, so two codes of one wallet have nothing in common that
  an onlooker could follow.
* There is no 57 and no 5A, and no run of digits as long as a card number.

Whether a code is fresh and unused is judged by the account, which gets the code's id. The
id is a digest of what was sealed, not of the text: written in another way, or sealed again,
it is still the same code and still pays once.

    CodeUnreadable
        NotConsumerPresented    not a consumer-presented payload at all
        NotOurCode              somebody else's, or of a version that is not read here
        CodeKeyUnknown          the key is not, or no longer, in the ring
        CodeSealBroken          altered, cut short or forged
"""

import hashlib
import re
import struct
from collections.abc import Callable, Iterable

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger.ids import ACCOUNT_BYTES, AccountId
from terminals import emv_cpm
from terminals.tlv import Primitive

ADF_NAME = b"\xf0AIRSIDE\x01"
SEALED_CODE = 0xC1  # private class, primitive: ours to define inside tag 63

KEY_BYTES = 32
KEY_ID_MAX = 255

# GCM's own nonce size. Random nonces of 96 bits allow 2^32 seals under one key (NIST SP
# 800-38D section 8.3): at a thousand codes per second, a new key within 49 days.
NONCE_BYTES = 12
CODE_ID_BYTES = 16

U32_MAX = 2**32 - 1
U64_MAX = 2**64 - 1

_CODE = struct.Struct(f">{ACCOUNT_BYTES}sIIQI")
_TAG_BYTES = 16
_SEALED = struct.Struct(
    f"B{NONCE_BYTES}s{_CODE.size + _TAG_BYTES}s"
)  # key id, nonce, secret

# Card numbers have 13 digits at the least. Random base64 shows such a run once in some
# hundred million codes, and every guard against card data would then refuse the code.
_CARD_LIKE = re.compile(r"\d{13}")
_SEAL_ATTEMPTS = 8  # a sound random source needs a second one only then


class CodeUnreadable(ValueError):
    """Base: the text is no code that this gateway can open. No message shows the text."""


class NotConsumerPresented(CodeUnreadable):
    def __init__(self) -> None:
        super().__init__("this is not a consumer-presented payment code")


class NotOurCode(CodeUnreadable):
    def __init__(self) -> None:
        super().__init__("this payment code is not one of this wallet")


class CodeKeyUnknown(CodeUnreadable):
    """You don't get this for a forged code under a known key; that is CodeSealBroken."""

    def __init__(self, key_id: int) -> None:
        super().__init__(
            f"this payment code is sealed under key {key_id}, which is not known"
        )
        self.key_id = key_id


class CodeSealBroken(CodeUnreadable):
    def __init__(self) -> None:
        super().__init__("the seal of this payment code is broken")


class UnusableKeyRing(ValueError):
    """The configured keys cannot be used; the message shows ids, never keys."""


class PaymentCode(msgspec.Struct, frozen=True):
    account: AccountId
    device: int  # u32
    counter: int  # u32, of this account and device
    issued_at_ms: int  # since 1970, by the issuer's clock
    mandate: int = 0  # u32, 0 = the holder's own


class OpenedCode(msgspec.Struct, frozen=True):
    code: PaymentCode
    code_id: bytes  # CODE_ID_BYTES, the same for every text of this code


class CodeKeys:
    """A ring of sealing keys by id, oldest first: the last one seals, all of them open.

    A new key is first added to every gateway in front of the last one, then moved to the
    end, so that no gateway meets a code under a key that it has not heard of.
    """

    def __init__(
        self, ring: Iterable[tuple[int, bytes]], random_bytes: Callable[[int], bytes]
    ) -> None:
        self._random_bytes = random_bytes
        self._ciphers: dict[int, AESGCM] = {}
        for key_id, key in ring:
            if not 0 <= key_id <= KEY_ID_MAX or key_id in self._ciphers:
                raise UnusableKeyRing(f"key id {key_id} is no byte, or is there twice")
            if len(key) != KEY_BYTES:
                raise UnusableKeyRing(f"key {key_id} has {len(key)} bytes, not {KEY_BYTES}")
            self._ciphers[key_id] = AESGCM(key)
        if not self._ciphers:
            raise UnusableKeyRing("a ring needs a key")
        self._newest = key_id

    def __repr__(self) -> str:
        return f"CodeKeys(ids={sorted(self._ciphers)}, seals_with={self._newest})"

    def seal(self, code: PaymentCode) -> str:
        """Make a fresh payload; its text is a bearer secret until the code is used."""
        plain = _pack(code)
        for _ in range(_SEAL_ATTEMPTS):
            text = _wrap(self._sealed(plain))
            if not _CARD_LIKE.search(text):
                return text
        raise AssertionError("the random source does not give random bytes")

    def open(self, text: str) -> OpenedCode:
        """Authenticate the payload and read its code. Raises CodeUnreadable."""
        adf_name, sealed = _unwrap(text)
        key_id, nonce, secret = _SEALED.unpack(sealed)
        bound = _authenticated(adf_name, key_id)
        if key_id not in self._ciphers:
            raise CodeKeyUnknown(key_id)
        try:
            plain = self._ciphers[key_id].decrypt(nonce, secret, bound)
        except InvalidTag:
            raise CodeSealBroken from None
        return OpenedCode(_unpack(plain), _code_id(plain))

    def _sealed(self, plain: bytes) -> bytes:
        nonce = self._random_bytes(NONCE_BYTES)
        assert len(nonce) == NONCE_BYTES
        bound = _authenticated(ADF_NAME, self._newest)
        secret = self._ciphers[self._newest].encrypt(nonce, plain, bound)
        return _SEALED.pack(self._newest, nonce, secret)


def _authenticated(adf_name: bytes, key_id: int) -> bytes:
    return adf_name + bytes([key_id])


def _pack(code: PaymentCode) -> bytes:
    # struct would silently pad or cut an account of another length.
    assert len(code.account) == ACCOUNT_BYTES
    assert 0 <= code.issued_at_ms <= U64_MAX
    small = (code.device, code.counter, code.mandate)
    assert all(0 <= number <= U32_MAX for number in small)
    numbers = (code.device, code.counter, code.issued_at_ms, code.mandate)
    return _CODE.pack(code.account, *numbers)


def _unpack(plain: bytes) -> PaymentCode:
    account, device, counter, issued_at_ms, mandate = _CODE.unpack(plain)
    return PaymentCode(AccountId(account), device, counter, issued_at_ms, mandate)


def _code_id(plain: bytes) -> bytes:
    return hashlib.sha256(b"payment code\x00" + plain).digest()[:CODE_ID_BYTES]


def _wrap(sealed: bytes) -> str:
    own = emv_cpm.Application(ADF_NAME, transparent=(Primitive(SEALED_CODE, sealed),))
    return emv_cpm.encode(emv_cpm.ConsumerPayload((own,)))


def _unwrap(text: str) -> tuple[bytes, bytes]:
    """Find the name in the envelope, and key id, nonce and sealed code in one piece."""
    try:
        payload = emv_cpm.decode(text)
    except emv_cpm.InvalidPayload:
        raise NotConsumerPresented from None
    own = emv_cpm.select(payload, ADF_NAME)
    if own is None:
        raise NotOurCode
    sealed = emv_cpm.value_of(own.transparent, SEALED_CODE)
    if sealed is None or len(sealed) != _SEALED.size:
        raise CodeSealBroken
    return own.adf_name, sealed
