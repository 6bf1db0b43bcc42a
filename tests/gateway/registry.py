"""The registry of terminals in tests: one registered, with an API key, and all it may be told."""

import base64
import itertools
from collections.abc import AsyncIterator
from random import Random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.clock import SECOND_MS
from services.principals import issue_key
from services.terminal_keys import key_id_of
from terminals.http_signature import Message, Signer, content_digest
from tests.gateway.harness import DUTYFREE, LOUNGE, Caller, House, Json, Reply
from tests.gateway.stores import broken

B12 = {"merchant": LOUNGE, "name": "B12", "place": "DOH-T1-B12"}


def public_key(seed: int = 1) -> str:
    return base64.b64encode(Random(seed).randbytes(32)).decode()


async def register(house: House, **other: str) -> Json:
    reply = await house.operator.post("/v1/terminals", B12 | other)
    assert reply.status == 201, reply.raw
    return reply.body


async def pairing_code(house: House, terminal: str) -> str:
    reply = await house.operator.post(f"/v1/terminals/{terminal}/pairing-codes", key=None)
    code: str = reply.body["code"]
    return code


class SignedTill(Caller):
    """A till that was paired: it signs what it asks. off_ms: how far its clock is ahead."""

    _nonces = itertools.count(1)

    def __init__(self, house: House, seed: int = 1) -> None:
        super().__init__(house, None)
        self.private = Ed25519PrivateKey.from_private_bytes(Random(seed).randbytes(32))
        self.public = self.private.public_key().public_bytes_raw()
        self.off_ms = 0
        self.authority = house.base.removeprefix("http://")
        self.also: dict[str, str] = {}  # headers that are sent and signed too
        self.terminal: Json = {}

    async def pair(self, **other: str) -> Json:
        """Registered by the operator, paired by its code."""
        made = await register(self._house, **other)
        code = await pairing_code(self._house, made["id"])
        public = base64.b64encode(self.public).decode()
        body = {"code": code, "public_key": public}
        reply = await self._house.nobody.post("/v1/terminals/pair", body, key=None)
        assert reply.status == 201, reply.raw
        self.terminal = reply.body["terminal"]
        return self.terminal

    def sign(
        self, method: str, target: str, body: bytes = b"", key: str | None = None
    ) -> dict[str, str]:
        """The headers of this request."""
        path, _, query = target.partition("?")
        headers = {"Content-Digest": content_digest(body)} if method == "POST" else {}
        headers |= self.also
        if key is not None:
            headers["Idempotency-Key"] = key
        covered = {name.lower(): value for name, value in headers.items()}
        message = Message(method, self.authority, path, query, covered)
        now_ms = self._house.clock.now_ms() + self.off_ms
        signer = Signer(self.private, key_id_of(self.public))
        nonce = f"nonce-{next(self._nonces):06}"
        signed = signer.headers(message, created_s=now_ms // SECOND_MS, nonce=nonce)
        return headers | signed

    async def _call(
        self,
        method: str,
        path: str,
        raw: bytes | AsyncIterator[bytes],
        headers: dict[str, str],
    ) -> Reply:
        assert isinstance(raw, bytes), "what is signed is known"
        signed = self.sign(method, path, raw, headers.get("Idempotency-Key"))
        return await super()._call(method, path, raw, headers | signed)


def caller_of(house: House, terminal: Json) -> Caller:
    """The terminal, with an API key: most of what it may ask does not depend on how it signs."""
    key = issue_key(
        house.store,
        terminal["principal"],
        random_bytes=Random(terminal["id"]).randbytes,
        now_ms=house.clock.now_ms(),
    )
    return Caller(house, key)


def ping(house: House, **other: int) -> Json:
    now_ms = house.clock.now_ms()
    return {"software": "1", "backlog": 0, "last_sequence": 0, "now_ms": now_ms} | other


async def all_that_can_be_asked(house: House) -> None:
    """Every answer of its routes, for the test of the document."""
    made, other = await register(house), await register(house)
    till, one = caller_of(house, made), f"/v1/terminals/{made['id']}"
    await house.operator.post("/v1/terminals", B12 | {"merchant": "mer_" + "a" * 24})
    for body in (
        {"code": await pairing_code(house, made["id"]), "public_key": public_key()},
        {"code": await pairing_code(house, other["id"]), "public_key": public_key()},
        {"code": "ZZZZ-ZZZZ-ZZZZ", "public_key": public_key()},
    ):
        await house.nobody.post("/v1/terminals/pair", body, key=None)
    with broken(house.store):
        await house.nobody.post("/v1/terminals/pair", body, key=None)
        for _ in range(60):
            await house.nobody.post("/v1/terminals/pair", body, key=None)
    await till.get("/v1/terminals/me")
    await till.post("/v1/terminals/me/ping", ping(house, backlog=1), key=None)
    await till.post("/v1/terminals/me/keys", {"public_key": public_key(2)}, key=None)
    await till.post("/v1/terminals/me/keys", {"public_key": public_key()}, key=None)
    await house.lounge.get("/v1/terminals/me")
    await house.lounge.post("/v1/terminals/me/ping", ping(house), key=None)
    await house.lounge.post("/v1/terminals/me/keys", {"public_key": public_key()}, key=None)
    totals = {"journal": "till-" + "a" * 16, "first": 1, "last": 9} | {
        name: house.clock.now_ms() for name in ("since_ms", "now_ms")
    }
    house.back_office.catch_up()
    await till.post("/v1/terminals/me/totals", totals, key=None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.terminal_lines.LINES_MAX", -1)
        await till.post("/v1/terminals/me/totals", totals, key=None)
    for path in ("/v1/terminals", one):
        await house.operator.get(path)
    await house.operator.get("/v1/terminals?skip=x")
    await house.operator.post(f"{one}/bind", {"merchant": DUTYFREE}, key=None)
    for verb in ("bind", "settings", "suspend", "resume", "message-key", "revoke-keys"):
        await house.operator.post(f"{one}/{verb}", key=None)
