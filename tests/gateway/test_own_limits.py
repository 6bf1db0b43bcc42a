"""Limits of one's own: lower at once, higher a day later, and no road around them."""

import asyncio
from pathlib import Path

from ledger.clock import DAY_MS
from services.own_limits import RAISE_MS
from tests.gateway.harness import AMIRA, JONAS, Caller, House, Json, Reply, money
from tests.gateway.passkeys import add, confirm, key_of, sign_in
from tests.gateway.road import Fate

PATH = f"/v1/accounts/{AMIRA}/limits"


async def limited(
    caller: Caller, payment: int | None = None, day: int | None = None
) -> Json:
    limit = {"currency": "QAR", "payment_minor": payment, "day_minor": day}
    reply = await caller.put(PATH, {"limits": [limit]})
    assert reply.status == 200, reply.raw
    [view] = reply.body["limits"]
    return view


def declined(reply: Reply) -> bool:
    """For the limit."""
    if reply.status not in {402, 409}:
        return False
    body = reply.body
    why = body["decline"]["reason"] if "decline" in body else body["reason"]
    return bool(why == "exceeds_channel_limit")


async def test_a_payment_is_paid_up_to_the_limit(funded: House) -> None:
    await limited(funded.amira, payment=5_000)

    assert declined(await funded.charge(5_001))
    assert (await funded.charge(5_000)).status == 201


async def test_a_day_is_spent_up_to_the_limit_by_every_road(funded: House) -> None:
    await limited(funded.amira, day=10_000)
    order = {"amount": money(3_001), "order": "A-17"}
    link = (await funded.lounge.post("/v1/orders", order)).body["id"]
    static = await funded.lounge.post("/v1/merchant-codes", {"currency": "QAR"}, key=None)
    scanned = {"code": static.body["payload"], "amount": money(3_001)}
    sent = {"from": AMIRA, "to": JONAS, "amount": money(3_001)}
    assert (await funded.charge(4_000)).status == 201
    hold = await funded.charge(3_000, capture="manual")

    tried = [
        await funded.charge(3_001),
        await funded.amira.post(f"/v1/orders/{link}/pay"),
        await funded.amira.post("/v1/scans/pay", scanned),
        await funded.amira.post("/v1/transfers", sent),
        await funded.lounge.post(
            f"/v1/payments/{hold.body['id']}/increase", {"amount": money(3_001)}
        ),
    ]

    assert [declined(reply) for reply in tried] == [True] * 5
    sent["amount"] = money(3_000)
    assert (await funded.amira.post("/v1/transfers", sent)).status == 201
    assert declined(await funded.charge(1))
    [view] = (await funded.amira.get(PATH)).body["limits"]
    assert view["spent_today_minor"] == 10_000


async def test_a_new_day_begins_anew(funded: House) -> None:
    await limited(funded.amira, day=10_000)
    await funded.charge(10_000)
    funded.clock.advance(DAY_MS)

    assert (await funded.charge(10_000)).status == 201


async def test_two_payments_at_once_do_not_both_find_the_same_room(funded: House) -> None:
    await limited(funded.amira, day=10_000)
    codes = [await funded.code() for _ in range(5)]

    replies = await asyncio.gather(
        *[funded.charge(6_000, payer=code, order=f"A-{n}") for n, code in enumerate(codes)]
    )

    assert sorted(reply.status for reply in replies) == [201, 402, 402, 402, 402]


async def test_what_was_declined_does_not_count(funded: House) -> None:
    await limited(funded.amira, day=200_000)
    await funded.charge(150_000)  # more than there is

    [view] = (await funded.amira.get(PATH)).body["limits"]
    assert view["spent_today_minor"] == 0


async def test_a_retry_counts_once_and_hears_what_was_said_first(funded: House) -> None:
    await limited(funded.amira, day=10_000)
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=5_000)
    await funded.charge(6_000, payer=code, key="till-1")
    again = await funded.charge(6_000, payer=code, key="till-1")
    other = await funded.code()
    first = await funded.charge(6_000, payer=other, key="till-2", order="B")
    funded.clock.advance(DAY_MS)
    repeated = await funded.charge(6_000, payer=other, key="till-2", order="B")

    assert again.status == 201
    assert declined(first)
    assert repeated.raw == first.raw
    [view] = (await funded.amira.get(PATH)).body["limits"]
    assert view["spent_today_minor"] == 0


async def test_a_hold_does_not_grow_beyond_the_limit_of_a_payment(funded: House) -> None:
    hold = await funded.charge(4_000, capture="manual")
    path = f"/v1/payments/{hold.body['id']}/increase"
    await limited(funded.amira, payment=5_000)

    assert declined(await funded.lounge.post(path, {"amount": money(1_001)}))
    assert (await funded.lounge.post(path, {"amount": money(1_000)})).status == 200


async def test_lower_holds_at_once_and_higher_waits_a_day(funded: House) -> None:
    await limited(funded.amira, payment=5_000)
    view = await limited(funded.amira, payment=9_000, day=8_000)

    assert (view["payment_minor"], view["day_minor"]) == (5_000, 8_000)
    assert view["later"]["payment_minor"] == 9_000
    funded.clock.advance(RAISE_MS - 1)
    again = await limited(funded.amira, payment=9_000, day=8_000)
    assert again["later"]["at"] == view["later"]["at"]  # it does not wait anew
    assert declined(await funded.charge(5_001))
    funded.clock.advance(1)
    assert (await funded.charge(7_000)).status == 201
    [after] = (await funded.amira.get(PATH)).body["limits"]
    assert (after["payment_minor"], after["later"]) == (9_000, None)


async def test_no_limit_at_all_is_the_highest(funded: House) -> None:
    await limited(funded.amira, payment=5_000)
    reply = await funded.amira.put(PATH, {"limits": []})

    [view] = reply.body["limits"]
    assert (view["payment_minor"], view["later"]["payment_minor"]) == (5_000, None)
    funded.clock.advance(RAISE_MS)
    assert (await funded.charge(5_001)).status == 201


async def test_who_has_shown_the_passkey_need_not_wait(funded: House) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    here = await sign_in(funded, phone)
    await limited(here, payment=5_000)
    funded.clock.advance(300_000)
    waiting = await limited(here, payment=6_000)
    await confirm(here, phone)
    at_once = await limited(here, payment=6_000)

    assert (waiting["payment_minor"], at_once["payment_minor"]) == (5_000, 6_000)
    assert at_once["later"] is None


async def test_a_gateway_that_starts_or_did_not_hear_of_it_keeps_the_limit(
    funded: House,
) -> None:
    await limited(funded.amira, payment=5_000)
    own = funded.gateway.shared.own_limits
    own._limited.clear()  # as another gateway is, or one that starts
    own._asked_ms = funded.clock.now_ms() - 500

    own.learn()

    assert declined(await funded.charge(5_001))


async def test_a_limit_is_ones_own(funded: House) -> None:
    await limited(funded.amira, payment=5_000)
    body: Json = {"limits": []}

    assert (await funded.jonas.put(PATH, body)).status == 404
    assert (await funded.operator.put(PATH, body)).status == 403
    assert (await funded.operator.get(PATH)).body["limits"][0]["payment_minor"] == 5_000


async def test_a_limit_names_a_pot_of_the_wallet_once(funded: House) -> None:
    none = {"limits": [{"currency": "EUR", "payment_minor": 1}]}
    twice = {"limits": [{"currency": "QAR"}, {"currency": "QAR"}]}

    replies = [await funded.amira.put(PATH, body) for body in (none, twice)]

    assert [reply.body["field"] for reply in replies] == [
        "$.limits[0].currency",
        "$.limits",
    ]


async def test_unfreezing_needs_the_passkey_where_there_is_one_and_freezing_never(
    funded: House, tmp_path: Path
) -> None:
    phone = key_of(funded)
    await add(funded.amira, phone)
    path = f"/v1/accounts/{AMIRA}"

    frozen = await funded.amira.post(f"{path}/freeze")
    refused = await funded.amira.post(f"{path}/unfreeze")
    here = await sign_in(funded, phone)
    unfrozen = await here.post(f"{path}/unfreeze")

    assert (frozen.status, refused.status, unfrozen.status) == (200, 403, 200)
    assert refused.body["type"] == "/problems/passkey-needed"
