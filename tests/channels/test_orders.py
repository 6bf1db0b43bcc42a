import asyncio

from services.orders import mark_paid
from tests.gateway.harness import AMIRA, LOUNGE, House, Json, money

LINES = [{"text": "Lounge, 3 hours", "amount_minor": 24_000}]


async def order(house: House, **differs: Json) -> Json:
    body = {"amount": money(24_000), "order": "A-17", "lines": LINES, **differs}
    reply = await house.lounge.post("/v1/orders", body)
    assert reply.status == 201, reply.raw
    return reply.body


async def test_an_order_has_a_link(funded: House) -> None:
    made = await order(funded)

    assert made == {
        "id": made["id"],
        "link": f"/pay#{made['id']}",
        "status": "open",
        "merchant": LOUNGE,
        "merchant_name": "Pearl Lounge",
        "amount": money(24_000),
        "order": "A-17",
        "lines": LINES,
        "payment": None,
    }


async def test_who_has_the_link_sees_the_order_and_other_merchants_do_not(
    funded: House,
) -> None:
    made = await order(funded)
    path = f"/v1/orders/{made['id']}"

    for who in ("amira", "jonas", "lounge", "office", "operator"):
        seen = await getattr(funded, who).get(path)
        assert (seen.status, seen.body) == (200, made)
    hidden = await funded.dutyfree.get(path)
    missing = await funded.dutyfree.get("/v1/orders/ord_none")
    assert (hidden.status, missing.status) == (404, 404)
    assert hidden.body | {"detail": ""} == missing.body | {"detail": ""}


async def test_one_tap_pays_it_from_the_callers_own_account(funded: House) -> None:
    made = await order(funded)

    paid = await funded.amira.post(f"/v1/orders/{made['id']}/pay", key=None)

    seen = (await funded.lounge.get(f"/v1/orders/{made['id']}")).body
    assert paid.status == 201
    assert (paid.body["status"], paid.body["account"]) == ("captured", AMIRA)
    assert (paid.body["order"], paid.body["merchant"]) == ("A-17", LOUNGE)
    assert seen == made | {"status": "paid", "payment": paid.body["id"]}
    assert await funded.available() == 76_000


async def test_a_second_tap_is_the_same_payment(funded: House) -> None:
    made = await order(funded)
    path = f"/v1/orders/{made['id']}/pay"

    taps = await asyncio.gather(*[funded.amira.post(path, key=None) for _ in range(8)])

    assert {tap.status for tap in taps} == {201}
    assert len({tap.raw for tap in taps}) == 1
    assert sorted(tap.replayed for tap in taps) == [False] + [True] * 7
    assert await funded.available() == 76_000


async def test_an_order_is_paid_by_one_wallet(funded: House) -> None:
    made = await order(funded)
    path = f"/v1/orders/{made['id']}/pay"
    await funded.amira.post(path, key=None)

    second = await funded.jonas.post(path, key=None)

    assert second.status == 409
    assert second.body["type"] == "/problems/order-not-payable"
    assert second.body["detail"] == "This order is paid already."
    assert (second.body["field"], second.body["happened"]) == ("id", "no")


async def test_an_order_that_one_wallet_is_paying_is_closed_to_others(
    funded: House,
) -> None:
    made = await order(funded)
    path = f"/v1/orders/{made['id']}/pay"
    funded.road.hold()
    first = asyncio.create_task(funded.amira.post(path, key=None))
    await funded.road.stopped.wait()

    second = await funded.jonas.post(path, key=None)
    funded.road.release()

    assert (await first).status == 201
    assert second.status == 409
    assert second.body["detail"] == "Another wallet is paying this order just now."


async def test_a_decline_leaves_the_order_open_for_another_try(funded: House) -> None:
    made = await order(funded, amount=money(150_000))
    path = f"/v1/orders/{made['id']}/pay"

    declined = await funded.amira.post(path, key=None)
    await funded.top_up(AMIRA, 50_000, evidence="stmt-17")
    funded.clock.advance(1)
    paid = await funded.amira.post(path, key=None)

    assert declined.status == 402
    assert declined.body["decline"]["reason"] == "insufficient_funds"
    assert paid.status == 201
    assert await funded.available() == 0


async def test_money_for_an_order_that_another_paid_meanwhile_goes_back(
    funded: House,
) -> None:
    made = await order(funded)
    funded.road.hold()
    late = asyncio.create_task(funded.amira.post(f"/v1/orders/{made['id']}/pay", key=None))
    await funded.road.stopped.wait()
    mark_paid(funded.store, made["id"], payment="pay_" + "a" * 32, account=AMIRA)
    funded.road.release()

    refused = await late

    assert (refused.status, refused.body["happened"]) == (409, "no")
    assert "given back" in refused.body["detail"]
    assert await funded.available() == 100_000


async def test_an_order_needs_a_currency_that_exists(funded: House) -> None:
    body = {"amount": money(1, "XYZ"), "order": "A-17"}

    refused = await funded.lounge.post("/v1/orders", body)

    assert (refused.status, refused.body["field"]) == (400, "$.amount.currency")
    assert "'XYZ'" in refused.body["detail"]
