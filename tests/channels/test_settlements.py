"""A merchant's day: settled over all partitions, stated line by line, paid out by two persons."""

import csv
import io

from ledger.clock import DAY_MS
from services.fees import FeeRate, Rates, fee_minor, set_rate
from tests.gateway.harness import DUTYFREE, LOUNGE, Caller, House, Json, money

EVIDENCE = {"evidence": {"source": "bank", "reference": "stmt-2026-11-22-9"}}


async def settled(house: House, merchant: str = LOUNGE) -> Json:
    opened = await house.operator.post("/v1/settlements", {"merchant": merchant})
    assert opened.status == 201, opened.raw
    async with house.patience():
        while await house.back_office.settle():
            await house.relay.step()
    reply = await house.operator.get(f"/v1/settlements/{opened.body['id']}")
    return reply.body


async def a_day(house: House) -> None:
    """In two partitions: Amira's and Jonas' wallets live apart."""
    set_rate(house.store, FeeRate(LOUNGE, "", 0, 175))
    paid = await house.charge(24_000)
    await house.office.post(
        f"/v1/payments/{paid.body['id']}/refund", {"amount": money(500)}
    )
    hold = await house.charge(1_000, capture="manual", payer=await house.code("jonas"))
    await house.lounge.post(
        f"/v1/payments/{hold.body['id']}/capture", {"amount": money(99)}
    )


async def test_a_settlement_ties_payments_refunds_and_fees_to_the_ledger(
    funded: House,
) -> None:
    await a_day(funded)

    settlement = await settled(funded)
    page = await funded.office.get(f"/v1/settlements/{settlement['id']}/lines")

    [total] = settlement["totals"]
    assert settlement["status"] == "settled"
    assert len(settlement["cuts"]) == 2
    assert total == {
        "currency": "QAR",
        "payments_minor": 24_099,
        "refunds_minor": 500,
        "gross_minor": 23_599,
        "fees_minor": 420 + 2,  # 1.75 % of 240.00, and of 0.99, rounded up from half a unit
        "carried_before_minor": 0,
        "credited_minor": 23_599 - 422,
        "carried_minor": 0,
    }
    lines = page.body["lines"]
    assert sum(line["amount_minor"] for line in lines) == total["gross_minor"]
    assert sum(line["fee_minor"] for line in lines) == total["fees_minor"]
    assert {line["kind"] for line in lines} == {"payment", "refund"}
    assert await funded.available(settlement["account"]) == total["credited_minor"]


async def test_the_next_settlement_has_what_came_after_and_nothing_twice(
    funded: House,
) -> None:
    await a_day(funded)
    first = await settled(funded)
    late = await funded.charge(700)

    second = await settled(funded)
    page = await funded.operator.get(f"/v1/settlements/{second['id']}/lines")

    assert [line["payment"] for line in page.body["lines"]] == [late.body["id"]]
    assert (first["number"], second["number"]) == (1, 2)
    for before, after in zip(first["cuts"], second["cuts"], strict=True):
        assert before["upto"] == after["after"]


async def test_refunds_beyond_what_was_taken_are_carried_to_the_next_one(
    funded: House,
) -> None:
    paid = await funded.charge(24_000)
    await settled(funded)
    await funded.office.post(f"/v1/payments/{paid.body['id']}/refund", {})

    [owing] = (await settled(funded))["totals"]
    await funded.charge(30_000)
    [total] = (await settled(funded))["totals"]

    assert (owing["credited_minor"], owing["carried_minor"]) == (0, -24_000)
    assert total["carried_before_minor"] == -24_000
    assert total["credited_minor"] == 6_000


async def test_a_statement_is_read_in_pages_and_as_csv(funded: House) -> None:
    await a_day(funded)
    settlement = await settled(funded)
    path = f"/v1/settlements/{settlement['id']}"

    entries, query = [], "?limit=2"
    while query:
        page = (await funded.office.get(f"{path}/lines{query}")).body
        entries += [line["entry"] for line in page["lines"]]
        query = f"?limit=2&after={page['next']}" if page["next"] else ""
    document = await funded.office.get(f"{path}/statement.csv")

    rows = list(csv.DictReader(io.StringIO(document.raw.decode())))
    assert [row["entry"] for row in rows if row["entry"]] == entries
    assert len(set(entries)) == 3
    totals = {row["kind"]: row["amount"] for row in rows if not row["entry"]}
    assert totals["total payments"] == "240.99"
    assert totals["total fees"] == "-4.22"
    assert totals["total credited"] == "231.77"


async def test_one_settlement_of_a_merchant_at_a_time(funded: House) -> None:
    first = await funded.operator.post("/v1/settlements", {"merchant": LOUNGE}, "k")
    second = await funded.operator.post("/v1/settlements", {"merchant": LOUNGE})
    others = await funded.operator.post("/v1/settlements", {"merchant": DUTYFREE})

    assert (first.status, second.status, others.status) == (201, 409, 201)
    assert first.body["id"] in second.body["detail"]


async def test_nobody_reads_anothers_settlement(funded: House) -> None:
    settlement = await settled(funded)
    other = await funded.foreign_office()
    path = f"/v1/settlements/{settlement['id']}"

    replies = [await other.get(f"{path}{end}") for end in ("", "/lines", "/statement.csv")]

    assert [reply.status for reply in replies] == [404] * 3
    assert (await other.get("/v1/settlements")).body == {"settlements": []}
    assert (await funded.office.get("/v1/settlements")).body["settlements"] == [settlement]


async def test_a_rate_counts_from_the_next_day_on(funded: House) -> None:
    body = {"merchant": LOUNGE, "basis_points": 250, "channel": "terminal"}
    agreed = await funded.operator.post("/v1/fees", body, None)
    await funded.charge(10_000)
    [today] = (await settled(funded))["totals"]
    funded.clock.advance(DAY_MS)
    await funded.charge(10_000)
    [tomorrow] = (await settled(funded))["totals"]

    assert agreed.body["from"] == "2026-01-02T00:00:00.000Z"
    assert (today["fees_minor"], tomorrow["fees_minor"]) == (0, 250)
    assert (await funded.office.get("/v1/fees")).body["fees"] == [agreed.body]


def test_a_fee_is_rounded_up_from_half_a_unit_and_nothing_of_a_refund() -> None:
    assert [fee_minor(amount, 175) for amount in (0, 28, 29, 85, 86, 10_000)] == [
        0, 0, 1, 1, 2, 175,
    ]  # fmt: skip
    assert fee_minor(200, 25) == 1
    assert fee_minor(-10_000, 175) == 0


def test_a_channels_own_rate_comes_before_the_general_one() -> None:
    rates = Rates(
        [FeeRate("m", "", 0, 100), FeeRate("m", "web", 5, 200), FeeRate("m", "web", 9, 300)]
    )

    found = [rates.basis_points("web", at_ms) for at_ms in (4, 5, 9)]
    assert found == [100, 200, 300]
    assert rates.basis_points("terminal", 9) == 100
    assert Rates([]).basis_points("web", 9) == 0


async def second_operator(house: House) -> Caller:
    return await house.another_operator()


async def asked_for(house: House, by: Caller, minor: int) -> Json:
    body = {"merchant": LOUNGE, "amount": money(minor)}
    reply = await by.post("/v1/payouts", body)
    assert reply.status == 201, reply.raw
    return reply.body


async def test_a_payout_waits_for_a_second_person_and_for_the_bank(funded: House) -> None:
    await funded.charge(24_000)
    account = (await settled(funded))["account"]
    payout = await asked_for(funded, funded.operator, 20_000)
    path = f"/v1/payouts/{payout['id']}"
    other = await second_operator(funded)

    early = await funded.operator.post(f"{path}/paid", EVIDENCE)
    alone = await funded.operator.post(f"{path}/approve")
    approved = await other.post(f"{path}/approve")
    paid = await funded.operator.post(f"{path}/paid", EVIDENCE)
    funded.back_office.catch_up()
    listed = await funded.office.get("/v1/payouts")

    assert (payout["status"], await funded.available(account)) == ("held", 4_000)
    assert early.body["reason"] == "payout_not_approved"
    assert (alone.status, alone.body["reason"]) == (409, "same_person")
    assert (approved.body["status"], paid.body["status"]) == ("approved", "paid")
    assert listed.body["payouts"] == [paid.body]


async def test_a_merchant_asks_for_its_own_and_any_operator_approves(funded: House) -> None:
    await funded.charge(24_000)
    await settled(funded)
    reply = await funded.office.post("/v1/payouts", {"amount": money(24_001)})
    asked = await funded.office.post("/v1/payouts", {"amount": money(24_000)})

    approved = await funded.operator.post(f"/v1/payouts/{asked.body['id']}/approve")

    assert (reply.status, reply.body["reason"]) == (402, "insufficient_funds")
    assert approved.body["status"] == "approved"
    assert approved.body["merchant_name"] == "Pearl Lounge"


async def test_a_banks_reference_proves_one_payout_of_one_merchant(funded: House) -> None:
    other = await second_operator(funded)
    await funded.charge(1_000)
    await funded.charge(1_000, by=funded.dutyfree)
    payouts = []
    for merchant in (LOUNGE, DUTYFREE):
        await settled(funded, merchant)
        body = {"merchant": merchant, "amount": money(1_000)}
        payout = await funded.operator.post("/v1/payouts", body)
        await other.post(f"/v1/payouts/{payout.body['id']}/approve")
        payouts.append(f"/v1/payouts/{payout.body['id']}/paid")

    first = await funded.operator.post(payouts[0], EVIDENCE)
    second = await funded.operator.post(payouts[1], EVIDENCE)

    assert first.body["status"] == "paid"
    assert (second.status, second.body["field"]) == (409, "$.evidence.reference")


async def test_a_payout_that_is_cancelled_is_the_merchants_again(funded: House) -> None:
    await funded.charge(24_000)
    account = (await settled(funded))["account"]
    payout = await asked_for(funded, funded.operator, 20_000)

    cancelled = await funded.operator.post(f"/v1/payouts/{payout['id']}/cancel")

    assert cancelled.body["status"] == "cancelled"
    assert await funded.available(account) == 24_000
