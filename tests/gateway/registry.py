"""The registry of terminals in tests: one registered, with an API key, and all it may be told."""

import base64
from random import Random

from services.principals import issue_key
from tests.gateway.harness import DUTYFREE, LOUNGE, Caller, House, Json
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
    for path in ("/v1/terminals", one):
        await house.operator.get(path)
    await house.operator.get("/v1/terminals?skip=x")
    await house.operator.post(f"{one}/bind", {"merchant": DUTYFREE}, key=None)
    for verb in ("bind", "settings", "suspend", "resume", "message-key", "revoke-keys"):
        await house.operator.post(f"{one}/{verb}", key=None)
