"""Merchants list their payments, and see what a day brought."""

from ledger.clock import DAY_MS
from tests.gateway.harness import AMIRA, DUTYFREE, JONAS, LOUNGE, Caller, House, Json, money


async def listed(house: House, by: Caller, query: str = "") -> Json:
    house.back_office.catch_up()
    reply = await by.get(f"/v1/payments{query}")
    assert reply.status == 200, reply.raw
    return reply.body


async def test_a_list_shows_each_payment_as_a_read_of_it_does(funded: House) -> None:
    paid = await funded.charge(24_000, place="DOH-T1-B12", terminal="till_b12")
    held = await funded.charge(1_000, capture="manual", order="A-18")
    declined = await funded.charge(900_000, order="A-19")
    await funded.lounge.post(
        f"/v1/payments/{paid.body['id']}/refund", {"amount": money(500)}
    )

    found = (await listed(funded, funded.lounge))["payments"]

    singles = [
        (await funded.lounge.get(f"/v1/payments/{reply.body['id']}")).body
        for reply in (paid, held, declined)
    ]
    assert sorted(found, key=lambda one: one["order"]) == singles
    assert [one["refunded_minor"] for one in singles] == [500, 0, 0]


async def test_pages_follow_each_other_newest_first_and_miss_nothing(funded: House) -> None:
    for number in range(7):
        await funded.charge(100 + number)
        funded.clock.advance(1 if number % 2 else 0)

    seen: list[int] = []
    query = "?limit=3"
    while query:
        page = await listed(funded, funded.lounge, query)
        seen += [one["amount"]["amount_minor"] for one in page["payments"]]
        query = f"?limit=3&before={page['next']}" if page["next"] else ""

    assert sorted(seen) == list(range(100, 107))
    assert seen[0] in {105, 106}
    assert seen[-1] in {100, 101}


async def test_a_merchant_sees_its_own_and_an_operator_all(funded: House) -> None:
    await funded.charge(1)
    await funded.charge(2, by=funded.dutyfree)

    own = await listed(funded, funded.lounge, f"?merchant={DUTYFREE}")
    everything = await listed(funded, funded.operator)
    asked = await listed(funded, funded.operator, f"?merchant={DUTYFREE}")

    assert {one["merchant"] for one in own["payments"]} == {LOUNGE}
    assert {one["account"] for one in own["payments"]} == {None}
    assert {one["merchant"] for one in everything["payments"]} == {LOUNGE, DUTYFREE}
    assert {one["account"] for one in everything["payments"]} == {AMIRA}
    assert {one["merchant"] for one in asked["payments"]} == {DUTYFREE}


async def test_a_list_can_be_of_one_channel(funded: House) -> None:
    await funded.charge(1)
    payer = {"account": JONAS}
    body = {"amount": money(2), "payer": payer, "order": "A-20", "merchant": LOUNGE}
    await funded.operator.post("/v1/payments", body)

    of_web = await listed(funded, funded.lounge, "?channel=web")

    assert [one["channel"] for one in of_web["payments"]] == ["web"]


async def test_a_cursor_that_is_none_is_refused(funded: House) -> None:
    for query in ("before=yesterday", "before=-1.pay_x", "limit=many", "limit=101"):
        reply = await funded.lounge.get(f"/v1/payments?{query}")
        assert (reply.status, reply.body["field"]) == (400, query.partition("=")[0])


async def test_takings_add_up_by_channel_and_by_the_day_of_what_happened(
    funded: House,
) -> None:
    paid = await funded.charge(24_000)
    await funded.charge(1_000, capture="manual")
    await funded.charge(900_000)
    funded.clock.advance(DAY_MS)
    await funded.office.post(
        f"/v1/payments/{paid.body['id']}/refund", {"amount": money(500)}
    )
    funded.back_office.catch_up()

    first = await funded.lounge.get("/v1/takings?day=2026-01-01")
    today = await funded.operator.get("/v1/takings")

    [taking] = first.body["takings"]
    figures = ("approved", "declined", "captured_minor", "refunded_minor")
    assert [taking[figure] for figure in figures] == [2, 1, 24_000, 0]
    assert (taking["channel"], taking["merchant_name"]) == ("terminal", "Pearl Lounge")
    assert today.body["day"] == "2026-01-02"
    [taking] = today.body["takings"]
    assert [taking[figure] for figure in figures] == [0, 0, 0, 500]


async def test_a_day_that_is_none_is_refused(funded: House) -> None:
    reply = await funded.lounge.get("/v1/takings?day=tomorrow")

    assert (reply.status, reply.body["field"]) == (400, "day")
