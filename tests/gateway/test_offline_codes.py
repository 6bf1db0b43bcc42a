"""Ten codes for a phone without a network: each pays once, and none for a thief who came late."""

from services.offline_codes import CODES_MAX, LIFE_MS
from tests.gateway.harness import AMIRA, Caller, House, Json, money
from tests.gateway.passkeys import add, key_of, sign_in
from tests.gateway.road import Fate

PATH = f"/v1/accounts/{AMIRA}/codes/offline"
HOUR_MS = 3_600_000


async def drawn(caller: Caller, **body: Json) -> list[str]:
    reply = await caller.post(PATH, body, key=None)
    assert reply.status == 201, reply.raw
    return [code["payload"] for code in reply.body["codes"]]


async def reason(house: House, code: str, minor: int = 100, **body: Json) -> str | None:
    """Why it pays nothing; None when it paid."""
    reply = await house.charge(minor, payer=code, **body)
    assert reply.status in {201, 402}, reply.raw
    decline = reply.body["decline"]
    return decline["reason"] if decline else None


async def test_ten_codes_pay_hours_later_each_once(funded: House) -> None:
    codes = await drawn(funded.amira)
    funded.clock.advance(9 * HOUR_MS)

    first = [await reason(funded, code, order=f"A-{n}") for n, code in enumerate(codes)]
    again = [await reason(funded, code, order=f"B-{n}") for n, code in enumerate(codes)]
    funded.clock.advance(HOUR_MS)
    await funded.charge(100)  # by now the account forgets the codes of an hour ago
    late = [await reason(funded, code, order=f"C-{n}") for n, code in enumerate(codes)]

    assert len(set(codes)) == CODES_MAX == 10
    assert first == [None] * 10
    assert again == ["code_used"] * 10
    assert late == ["code_expired"] * 10
    assert await funded.available() == 98_900


async def test_a_lost_answer_is_asked_for_again_within_the_minute(funded: House) -> None:
    [code, *_] = await drawn(funded.amira)
    funded.clock.advance(HOUR_MS)
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=5_000)
    await funded.charge(100, payer=code, key="till-1")

    again = await funded.charge(100, payer=code, key="till-1")
    other_key = await funded.charge(100, payer=code, key="till-2")
    funded.clock.advance(HOUR_MS)
    much_later = await funded.charge(100, payer=code, key="till-1")

    assert {again.body["id"], other_key.body["id"], much_later.body["id"]} == {
        again.body["id"]
    }
    assert await funded.available() == 99_900


async def test_a_reversal_finds_the_attempt_of_such_a_code(funded: House) -> None:
    [code, *_] = await drawn(funded.amira)
    funded.clock.advance(HOUR_MS)
    await funded.charge(100, payer=code, key="till-1")
    attempt = {"key": "till-1", "payer": {"code": code}}

    reversed_ = await funded.lounge.post("/v1/payments/reverse", attempt)

    assert reversed_.body["outcome"] == "reversed"
    assert await funded.available() == 100_000


async def test_they_live_a_day(funded: House) -> None:
    one, other, *_ = await drawn(funded.amira)
    funded.clock.advance(LIFE_MS - 1)
    before = await reason(funded, one)
    funded.clock.advance(1)

    assert (before, await reason(funded, other)) == (None, "code_expired")


async def test_a_new_set_makes_an_end_of_the_old(funded: House) -> None:
    [old, *_] = await drawn(funded.amira)
    [new, *_] = await drawn(funded.amira)

    assert await reason(funded, old) == "code_expired"
    assert await reason(funded, new) is None


async def test_a_freeze_makes_an_end_of_them_for_good(funded: House) -> None:
    one, other, *_ = await drawn(funded.amira)
    await funded.amira.post(f"/v1/accounts/{AMIRA}/freeze")
    frozen = await reason(funded, one)
    await funded.amira.post(f"/v1/accounts/{AMIRA}/unfreeze")

    assert frozen == "code_expired"
    assert [await reason(funded, code) for code in (one, other)] == ["code_expired"] * 2


async def test_a_phone_that_is_signed_out_pays_with_none_of_them(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    [code, *_] = await drawn(here)
    [session] = (await here.get("/v1/me/sessions")).body["sessions"]

    await here.delete(f"/v1/me/sessions/{session['id']}")

    assert await reason(funded, code) == "code_expired"


async def test_each_pays_up_to_what_its_owner_said(funded: House) -> None:
    codes = await drawn(funded.amira, largest=money(5_000))

    told = [
        await reason(funded, codes[0], 5_001),
        await reason(funded, codes[0], 5_000),
        await reason(funded, codes[1], 1, amount=money(1, "EUR")),
    ]

    assert told == ["exceeds_channel_limit", None, "exceeds_channel_limit"]


async def test_each_code_comes_as_text_and_as_a_picture(funded: House) -> None:
    reply = await funded.amira.post(PATH, key=None)
    [first, *_] = reply.body["codes"]

    assert first["svg"].startswith("<svg ")
    assert first["expires_at"] == reply.body["expires_at"]
    assert first["payload"].startswith("hQVD")


async def test_nobody_draws_anothers_and_drawing_has_a_limit(funded: House) -> None:
    hidden = await funded.jonas.post(PATH, key=None)
    statuses = {(await funded.amira.post(PATH, key=None)).status for _ in range(8)}

    assert hidden.status == 404
    assert statuses == {201, 429}


async def test_a_closed_account_pays_with_none(funded: House) -> None:
    [code, *_] = await drawn(funded.amira)
    await funded.operator.post(f"/v1/accounts/{AMIRA}/close")

    assert await reason(funded, code) == "account_closing"
