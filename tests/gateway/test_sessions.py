"""Devices that are signed in: seen, ended, and gone at once."""

import pytest

from ledger.clock import DAY_MS
from services.sessions import SEEN_MS, SESSIONS_MAX
from tests.gateway.harness import Caller, House
from tests.gateway.passkeys import add, key_of, sign_in
from tests.gateway.stream import Stream

LIST = "/v1/me/sessions"


async def names(caller: Caller) -> list[str]:
    return [each["name"] for each in (await caller.get(LIST)).body["sessions"]]


async def test_a_person_sees_their_devices_and_which_this_one_is(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    first = await sign_in(funded, phone, "Phone")
    funded.clock.advance(1_000)
    second = await sign_in(funded, phone, "Laptop")

    listed = (await second.get(LIST)).body["sessions"]

    assert [(each["name"], each["current"]) for each in listed] == [
        ("Laptop", True),
        ("Phone", False),
    ]
    assert (await names(funded.jonas), await names(first)) == ([], ["Laptop", "Phone"])


async def test_a_device_that_is_signed_out_is_out_at_once(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here, there = await sign_in(funded, phone), await sign_in(funded, phone, "Lost")
    lost = next(s for s in (await here.get(LIST)).body["sessions"] if s["name"] == "Lost")

    ended = await here.delete(f"{LIST}/{lost['id']}")
    funded.gateway.forget()

    assert (ended.status, ended.body["name"]) == (200, "Lost")
    assert (await there.get("/v1/me")).status == 401
    assert await names(here) == ["Phone"]
    assert (await here.delete(f"{LIST}/{lost['id']}")).status == 404


async def test_every_gateway_hears_of_it_within_half_a_second(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here, there = await sign_in(funded, phone), await sign_in(funded, phone, "Lost")
    lost = next(s for s in (await here.get(LIST)).body["sessions"] if s["name"] == "Lost")
    async with Stream(funded, there) as stream:
        await here.delete(f"{LIST}/{lost['id']}")
        async with funded.patience():
            assert await stream.next() is None


async def test_nobody_ends_anothers_session(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    [mine] = (await here.get(LIST)).body["sessions"]

    assert (await funded.jonas.delete(f"{LIST}/{mine['id']}")).status == 404
    assert (await here.get("/v1/me")).status == 200


async def test_signing_out_ends_this_session_and_no_plain_key(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)

    out = await here.post("/v1/me/sign-out", key=None)
    plain = await funded.amira.post("/v1/me/sign-out", key=None)
    funded.gateway.forget()

    assert (out.body, plain.body) == ({"ended": True}, {"ended": False})
    assert (await here.get("/v1/me")).status == 401
    assert (await funded.amira.get("/v1/me")).status == 200


async def test_a_session_ends_by_itself(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    days = funded.config.session_days

    funded.clock.advance(days * DAY_MS - 1)
    before = await here.get("/v1/me")
    funded.clock.advance(1)
    funded.gateway.forget()
    after = await here.get("/v1/me")

    assert (before.status, after.status) == (200, 401)
    assert await names(await sign_in(funded, phone, "New")) == ["New"]


async def test_the_oldest_device_makes_room(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.sessions.SESSIONS_MAX", 2)
    phone = key_of(funded)
    await add(funded.amira, phone)
    for name in ("one", "two", "three"):
        funded.clock.advance(1_000)
        here = await sign_in(funded, phone, name)

    assert await names(here) == ["three", "two"]
    assert SESSIONS_MAX == 20


async def test_when_a_device_was_seen_is_known_to_some_minutes(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    [before] = (await here.get(LIST)).body["sessions"]

    funded.clock.advance(SEEN_MS)
    await here.get("/v1/me")
    funded.gateway.shared.sightings.flush()

    [after] = (await here.get(LIST)).body["sessions"]
    assert after["last_seen_at"] > before["last_seen_at"]
    assert after["created_at"] == before["created_at"]


async def test_signing_in_to_the_demo_opens_a_session_too(funded: House) -> None:
    reply = await funded.nobody.post("/v1/demo/sign-in", {"who": "amira"}, key=None)
    here = Caller(funded, reply.body["api_key"])

    [session] = (await here.get(LIST)).body["sessions"]

    assert (session["name"], session["current"]) == ("Demonstration", True)
