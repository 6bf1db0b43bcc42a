"""The number of a bank card, held so that it cannot leave by accident, and what may leave instead.

A PAN is in memory for as long as a card lies on the reader. It prints as its mask, is neither
encoded nor pickled, and has two ways out: the mask, and a token by which the wallet recognises the
card. The token is made of

* the PAR, where the card has one (EMV tag 9F24): a reference that EMVCo made for this, which is not
  derived from the PAN and pays for nothing;
* otherwise, of the PAN with a key that only the gateway has, in an exchange in which neither side
  learns what the other holds (an oblivious pseudo-random function, as RFC 9497 has them, on P-256
  and with x-coordinates only):

      till      H = a point whose x is a digest of the PAN        sends   x(r H), r at random
      gateway   k, its key                                        answers x(k r H)
      till      takes r off again: x(k H), and its digest is the token

  x(r H) is a random point to the gateway, so no PAN, and nothing that a PAN could be searched for
  by, leaves the till. Whoever has all tokens of the gateway but not k cannot search either.
"""

import base64
import hashlib
from collections.abc import Callable
from typing import NoReturn

from cryptography.hazmat.primitives.asymmetric import ec

from terminals.masked_number import masked

POINT_BYTES = 32
TOKEN_BYTES = 20
PREFIX = "tok_"
PAN_DIGITS_MIN, PAN_DIGITS_MAX = 12, 19  # ISO/IEC 7812-1

# NIST SP 800-186, P-256: the field, the order of the group, and b of y² = x³ - 3x + b.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_CURVE = ec.SECP256R1()


class NotAPoint(ValueError):
    """What came is no x-coordinate of P-256."""

    def __init__(self) -> None:
        super().__init__("this is not a point of the curve")


class Pan:
    """Digits that show themselves to nobody."""

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        assert digits.isascii()
        assert digits.isdigit()
        assert PAN_DIGITS_MIN <= len(digits) <= PAN_DIGITS_MAX
        self._digits = digits

    def __repr__(self) -> str:
        return f"<Pan {self.masked}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("the number of a bank card stays in its process")

    @property
    def masked(self) -> str:
        return masked(self._digits)

    def blinded(self, random_bytes: Callable[[int], bytes]) -> "Blinded":
        return Blinded(_hashed(self._digits), random_bytes)


class Blinded:
    """One exchange. point: what the gateway may see."""

    __slots__ = ("_back", "point")

    def __init__(self, hidden: bytes, random_bytes: Callable[[int], bytes]) -> None:
        factor = 1 + int.from_bytes(random_bytes(48), "big") % (_N - 1)
        self._back = pow(factor, -1, _N)
        self.point = multiplied(factor, hidden)

    def __repr__(self) -> str:
        return "<Blinded>"

    def token(self, answer: bytes) -> str:
        """Raises NotAPoint."""
        return _token(b"pan", multiplied(self._back, answer))


def par_token(par: str) -> str:
    return _token(b"par", par.encode())


def scalar_of(secret: bytes) -> int:
    """A key for `multiplied`, of 48 random bytes."""
    assert len(secret) >= 48
    return 1 + int.from_bytes(secret, "big") % (_N - 1)


def multiplied(factor: int, point: bytes) -> bytes:
    """The x-coordinate of so many times the point with this one. Raises NotAPoint.

    x and the sign of y: both points with this x have multiples with one x, so no sign is sent.
    """
    if len(point) != POINT_BYTES:
        raise NotAPoint
    try:
        there = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, b"\x02" + point)
    except ValueError:
        raise NotAPoint from None
    return ec.derive_private_key(factor, _CURVE).exchange(ec.ECDH(), there)


def _hashed(digits: str) -> bytes:
    """Try and increment: half of all digests are an x of the curve."""
    turn = 0
    while True:
        text = f"airside bank card\x00{turn}\x00{digits}".encode()
        x = int.from_bytes(hashlib.sha256(text).digest(), "big") % _P
        square = (x * x * x - 3 * x + _B) % _P
        root = pow(square, (_P + 1) // 4, _P)
        if root * root % _P == square:
            return x.to_bytes(POINT_BYTES, "big")
        turn += 1


def _token(kind: bytes, raw: bytes) -> str:
    """In base32, where no run of digits can pass for a card number's."""
    digest = hashlib.sha256(b"airside card token\x00" + kind + b"\x00" + raw).digest()
    return PREFIX + base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()
