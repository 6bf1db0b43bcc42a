"""How a till proves who it is: by a signature of its own, or by an API key it was given."""

import base64
from collections.abc import Callable, Mapping
from typing import Protocol

from ledger.clock import SECOND_MS, Clock
from terminals.http_signature import Message, Signer, content_digest

NONCE_BYTES = 18  # 144 bits: never the same twice


class Proof(Protocol):
    def headers(
        self, method: str, authority: str, path: str, body: bytes, key: str
    ) -> Mapping[str, str]:
        """What this request carries. path: with its query. key: Idempotency-Key, or nothing."""
        ...


class Anybody:
    """Nothing: a till that is not paired yet."""

    def headers(
        self, _method: str, _authority: str, _path: str, _body: bytes, _key: str
    ) -> Mapping[str, str]:
        return {}


class ApiKey:
    """A secret that travels with each request. Never shown."""

    def __init__(self, key: str) -> None:
        self._headers = {"Authorization": f"Bearer {key}"}

    def __repr__(self) -> str:
        return "<ApiKey>"

    def headers(
        self, _method: str, _authority: str, _path: str, _body: bytes, key: str
    ) -> Mapping[str, str]:
        return self._headers | ({"Idempotency-Key": key} if key else {})


class Signature:
    """RFC 9421: what travels proves this one request, for a minute, once."""

    def __init__(
        self, signer: Signer, clock: Clock, random_bytes: Callable[[int], bytes]
    ) -> None:
        self._signer = signer
        self._clock = clock
        self._random_bytes = random_bytes

    def headers(
        self, method: str, authority: str, path: str, body: bytes, key: str
    ) -> Mapping[str, str]:
        headers = {"Content-Digest": content_digest(body)} if method == "POST" else {}
        if key:
            headers["Idempotency-Key"] = key
        path, _, query = path.partition("?")
        covered = {name.lower(): value for name, value in headers.items()}
        message = Message(method, authority, path, query, covered)
        nonce = base64.urlsafe_b64encode(self._random_bytes(NONCE_BYTES)).decode()
        created_s = self._clock.now_ms() // SECOND_MS
        return headers | self._signer.headers(message, created_s=created_s, nonce=nonce)
