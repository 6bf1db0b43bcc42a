"""Idempotency keys as the ledger keeps them: 16-byte digests, never the caller's own text.

A key belongs to its caller, so two callers may use the same text. 128 bits of SHA-256: two
different keys of one account meet by chance once in 2^64 payments.
"""

import hashlib

DIGEST_BYTES = 16


def key_digest(caller: str, key: str) -> bytes:
    return hashlib.sha256(f"key\x00{caller}\x00{key}".encode()).digest()[:DIGEST_BYTES]


def request_digest(canonical: bytes) -> bytes:
    """Of the decoded request, encoded again: spaces and field order do not matter."""
    return hashlib.sha256(b"request\x00" + canonical).digest()[:DIGEST_BYTES]
