"""What is signed offline: bytes behind an Ed25519 signature (RFC 8032), each kind under a name.

    <64 bytes of signature> <the body>

The name of the kind is signed along and not sent: so a phone's frame can never be passed off as a
till's entry, whatever stands in it.
"""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

SIGNATURE_BYTES = 64
PUBLIC_KEY_BYTES = 32


class SignatureWrong(ValueError):
    """The key that must have signed this has not. kind: what it should have been."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"the signature of this {kind} does not hold")


def sign(key: Ed25519PrivateKey, kind: str, body: bytes) -> bytes:
    """The signature and the body."""
    return key.sign(_named(kind, body)) + body


def open_signed(public_key: bytes, kind: str, raw: bytes) -> bytes:
    """The body. Raises SignatureWrong."""
    signature, body = raw[:SIGNATURE_BYTES], raw[SIGNATURE_BYTES:]
    try:
        key = Ed25519PublicKey.from_public_bytes(public_key)
        key.verify(signature, _named(kind, body))
    except (InvalidSignature, ValueError):
        raise SignatureWrong(kind) from None
    return body


def _named(kind: str, body: bytes) -> bytes:
    return b"airside " + kind.encode() + b"\x00" + body
