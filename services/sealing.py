"""A text under a key: AES-256-GCM (NIST SP 800-38D), bound to the place where it stands.

    version (1 byte) · nonce (12) · the text, encrypted · tag (16)

The place (table, column, row) is authenticated and not stored: a value that was moved to another
row, to show one person's name as another's, does not open there. Nonces are drawn at random: a key
may seal 2^32 texts before two of them meet with a chance of 2^-32, and no person has so many.
"""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.mint import RandomBytes

VERSION = b"\x01"
NONCE_BYTES = 12


class SealBroken(Exception):
    """It is not what was written there, or not under this key. The store is damaged."""

    def __init__(self, place: str) -> None:
        super().__init__(f"what stands in {place} does not open: restore the store")


def seal(key: bytes, place: str, content: bytes, random_bytes: RandomBytes) -> bytes:
    nonce = random_bytes(NONCE_BYTES)
    return VERSION + nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def open_sealed(key: bytes, place: str, sealed: bytes) -> bytes:
    """Raises SealBroken."""
    nonce, rest = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
    try:
        if not sealed.startswith(VERSION):
            raise SealBroken(place)
        return AESGCM(key).decrypt(nonce, rest, place.encode())
    except (InvalidTag, ValueError):  # ValueError: too short to be anything
        raise SealBroken(place) from None
