"""How the news to a merchant is signed: HMAC-SHA256 over id, time and body.

The recipe is that of Standard Webhooks (standardwebhooks.com, version 1), for which libraries
exist; docs/webhooks.md shows it in some lines of Python. The time is signed, so that an old message
cannot be played again; and while a secret is being changed, both sign.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence

SECRET_PREFIX = "whsec_"  # noqa: S105 — a prefix, by which scanners find secrets that leaked


def secret_text(secret: bytes) -> str:
    """As a merchant keeps it."""
    return SECRET_PREFIX + base64.b64encode(secret).decode()


def signed_headers(
    event: str, at_s: int, body: bytes, secrets: Sequence[bytes]
) -> dict[str, str]:
    """One signature for each secret that is valid."""
    message = b".".join([event.encode(), str(at_s).encode(), body])
    signatures = [
        "v1," + base64.b64encode(hmac.digest(secret, message, hashlib.sha256)).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": event,
        "webhook-timestamp": str(at_s),
        "webhook-signature": " ".join(signatures),
    }
