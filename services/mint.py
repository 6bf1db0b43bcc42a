"""New ids for what lives in the store: a prefix and 120 random bits.

Written like the ledger's ids (24 characters of base32 in lower case, 28 with the prefix),
but drawn at random: nothing in the store is found by computing its id.
"""

import base64
from collections.abc import Callable

# secrets.token_bytes in a server, a seeded source in a test or a simulation.
RandomBytes = Callable[[int], bytes]

# Two ids meet by chance once in 2^60; 15 bytes fill base32 without padding.
ID_BYTES = 15


def mint(prefix: str, random_bytes: RandomBytes) -> str:
    """`mint("mer", …)` is `mer_` and 24 characters."""
    return f"{prefix}_{base32(random_bytes(ID_BYTES))}"


def raw_of(text: str, prefix: str) -> bytes:
    """The bytes of an id that was minted with this prefix, which ends in its underscore."""
    assert text.startswith(prefix)
    return base64.b32decode(text.removeprefix(prefix).upper())


def base32(raw: bytes) -> str:
    assert len(raw) % 5 == 0, "base32 would need padding"
    return base64.b32encode(raw).decode().lower()
