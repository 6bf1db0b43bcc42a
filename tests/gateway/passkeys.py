"""People with passkeys at the gateway in tests."""

from tests.gateway.harness import AMIRA, Caller, House, Json, Reply
from tests.software_key import SoftwareKey

SIGN_IN, ENROL = "/v1/passkeys/sign-in", "/v1/passkeys/enrolment"


def key_of(house: House, number: int = 1, *, counts: bool = True) -> SoftwareKey:
    return SoftwareKey(f"http://localhost:{house.port}", number, counts=counts)


async def offered(caller: Caller, path: str, body: Json = None) -> Json:
    reply = await caller.post(path, body, key=None)
    assert reply.status == 200, reply.raw
    return reply.body


async def add(caller: Caller, key: SoftwareKey, name: str = "Phone", **bent: Json) -> Reply:
    options = await offered(caller, "/v1/passkeys/registration")
    body = {"credential": key.create(options, **bent), "name": name}
    return await caller.post(
        "/v1/passkeys", body | {"ceremony": options["ceremony"]}, key=None
    )


async def answered(caller: Caller, key: SoftwareKey, path: str, **body: Json) -> Reply:
    """Options of this path, and the answer of the key to them."""
    options = await offered(caller, f"{path}/options")
    body |= {"ceremony": options["ceremony"], "credential": key.get(options)}
    return await caller.post(path, body, key=None)


async def sign_in(house: House, key: SoftwareKey, device: str = "Phone") -> Caller:
    reply = await answered(house.nobody, key, SIGN_IN, device=device)
    assert reply.status == 200, reply.raw
    return Caller(house, reply.body["api_key"])


async def confirm(caller: Caller, key: SoftwareKey) -> Reply:
    return await answered(caller, key, "/v1/passkeys/confirm")


async def enrol(
    house: House, key: SoftwareKey, account: str = AMIRA, **asked: Json
) -> Reply:
    made = await house.operator.post(f"/v1/accounts/{account}/enrolment", asked, key=None)
    assert made.status == 201, made.raw
    code = {"code": made.body["code"]}
    options = await offered(house.nobody, ENROL, code)
    body = {"ceremony": options["ceremony"], "credential": key.create(options), **code}
    named = {"name": "Phone", "device": "Chrome"}
    return await house.nobody.post(f"{ENROL}/complete", body | named, key=None)


async def every_answer_about_passkeys(house: House) -> None:
    phone, tablet = key_of(house, 11), key_of(house, 12)
    await enrol(house, phone)
    options = await offered(house.nobody, f"{SIGN_IN}/options")
    body = {"ceremony": options["ceremony"], "credential": phone.get(options)}
    for _ in range(2):
        signed_in = await house.nobody.post(SIGN_IN, body, key=None)
        if signed_in.status == 200:
            here = Caller(house, signed_in.body["api_key"])
    await answered(house.nobody, tablet, SIGN_IN)  # 401
    for _ in range(2):
        added = await add(here, tablet)
    await house.amira.post("/v1/passkeys/registration")  # 403: a plain key proves nothing
    await confirm(here, phone)
    stale = {"ceremony": options["ceremony"], "credential": phone.get(options)}
    await here.post("/v1/passkeys/confirm", stale)
    await here.get("/v1/passkeys")
    await here.delete(f"/v1/passkeys/{added.body.get('id')}")
    for passkey in (await here.get("/v1/passkeys")).body["passkeys"]:
        await here.delete(f"/v1/passkeys/{passkey['id']}")
    await codes_that_open_nothing(house, key_of(house, 13))
    [session, *_] = (await here.get("/v1/me/sessions")).body["sessions"]
    await here.delete(f"/v1/me/sessions/{session['id']}")
    await house.amira.post("/v1/me/sign-out")


async def codes_that_open_nothing(house: House, key: SoftwareKey) -> None:
    used = {"code": "ABCD-ABCD-ABCD-ABCD-ABCD"}
    await house.nobody.post(ENROL, used)
    path = f"/v1/accounts/{AMIRA}/enrolment"
    code = {"code": (await house.operator.post(path)).body["code"]}
    options = await offered(house.nobody, ENROL, code)
    body = {"ceremony": options["ceremony"], "credential": key.create(options)}
    await house.nobody.post(f"{ENROL}/complete", body | used)
    key.verified = False
    body["credential"] = key.create(options)
    for _ in range(2):
        await house.nobody.post(f"{ENROL}/complete", body | code)
