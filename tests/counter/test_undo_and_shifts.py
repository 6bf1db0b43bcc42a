"""Voids and refunds go through the EMD; a shift's totals are the ledger's."""

import asyncio

import pytest

from ledger.clock import DAY_MS
from services.principals import NewPrincipal, PrincipalKind
from tests.counter.counters import (
    HEAVY,
    HEAVY_MINOR,
    PRICE_MINOR,
    Counter,
    Line,
    far_departures,
    open_counter,
)
from tests.gateway.harness import LOUNGE, House, Json, money

HAD = 100_000


@pytest.fixture
async def counter(funded: House) -> Counter:
    return await open_counter(funded)


@pytest.fixture
async def heavy(counter: Counter) -> Json:
    return (await counter.charge(HEAVY, HEAVY_MINOR)).body


async def test_a_void_gives_all_back_and_the_bags_too(
    counter: Counter, heavy: Json
) -> None:
    voided = await counter.undo(heavy, "void")

    assert (voided.status, voided.body["amount"]) == (200, money(HEAVY_MINOR))
    emd = voided.body["charge"]["emd"]
    assert (emd["status"], emd["voidable_until"]) == ("void", None)
    assert await counter.money() == (HAD, 0)
    assert await counter.checked() == []


async def test_a_part_is_refunded_by_its_coupon_and_the_bag_stays(
    counter: Counter, heavy: Json
) -> None:
    refunded = await counter.undo(heavy, "refund", "repacked", 2)
    again = await counter.undo(heavy, "refund", "repacked", 2)
    other = await counter.undo(heavy, "refund", "repacked", 1)

    assert (refunded.status, refunded.body["amount"]) == (200, money(15_000))
    assert (again.replayed, again.body) == (True, refunded.body)
    assert (other.status, other.body["field"]) == (422, "Idempotency-Key")
    coupons = [c["status"] for c in refunded.body["charge"]["emd"]["coupons"]]
    assert (coupons, refunded.body["charge"]["emd"]["status"]) == (
        ["open", "refunded"],
        "open",
    )
    assert await counter.money() == (HAD - PRICE_MINOR, 0)
    assert await counter.checked() == [22_500, 28_000]
    rest = await counter.undo(refunded.body["charge"], "refund")
    assert rest.body["amount"] == money(PRICE_MINOR)
    assert await counter.checked() == []


async def test_a_used_coupon_gives_nothing_back(counter: Counter, heavy: Json) -> None:
    path = f"/v1/counter/charges/{heavy['id']}/use"
    used = [await counter.agent.post(path, {"coupons": [1]}) for _ in range(2)]

    refused = await counter.undo(heavy, "refund", "a", 1)
    void = await counter.undo(heavy, "void")
    rest = await counter.undo(heavy, "refund")
    late = await counter.agent.post(path, {"coupons": [2]})

    assert [one.body["emd"]["coupons"][0]["status"] for one in used] == ["used"] * 2
    assert (refused.status, refused.body["reason"]) == (409, "coupon_not_open")
    assert (void.status, void.body["reason"]) == (409, "coupons_not_open")
    assert rest.body["amount"] == money(15_000)
    assert rest.body["charge"]["emd"]["status"] == "used"
    assert (late.status, late.body["reason"]) == (409, "coupon_not_open")
    assert await counter.checked() == [22_500, 28_000]


async def test_a_void_is_for_the_day_of_the_sale(counter: Counter, heavy: Json) -> None:
    """Midnight in UTC is three in the morning at this counter: its day has 21 hours left."""
    counter.house.clock.advance(DAY_MS * 21 // 24 - 60_000)
    still = (await counter.read(heavy))["emd"]["voidable_until"]
    counter.house.clock.advance(60_000)

    late = await counter.undo(heavy, "void")

    assert still is not None
    assert (await counter.read(heavy))["emd"]["voidable_until"] is None
    assert (late.status, late.body.get("reason")) == (409, "sales_day_over"), late.raw
    assert (await counter.undo(heavy, "refund")).status == 200


async def test_a_coupon_is_given_back_once_whoever_asks_at_once(
    counter: Counter, heavy: Json
) -> None:
    asked = [
        counter.undo(heavy, kind, f"{kind}-{n}")
        for n in range(3)
        for kind in ("void", "refund")
    ]

    replies = await asyncio.gather(*asked)

    assert sorted(reply.status for reply in replies) == [200, 409, 409, 409, 409, 409]
    assert await counter.money() == (HAD, 0)


async def test_a_silent_departure_control_holds_up_a_void_until_it_answers(
    counter: Counter, heavy: Json
) -> None:
    far_departures(counter, Line.LOSES_ITS_ANSWER)

    unknown = await counter.undo(heavy, "void", "undo-1")
    assert (unknown.status, unknown.body["status"]) == (202, "asked")
    assert await counter.money() == (HAD - HEAVY_MINOR, 0)
    use = f"/v1/counter/charges/{heavy['id']}/use"
    assert (await counter.agent.post(use, {"coupons": [1]})).status == 409
    await counter.resume()

    assert (await counter.undo(heavy, "void", "undo-1")).body["status"] == "done"
    assert await counter.money() == (HAD, 0)


async def test_a_refund_that_the_ledger_refuses_frees_its_coupons_and_is_a_difference(
    counter: Counter, heavy: Json
) -> None:
    """The office gave the money back without the EMD: now the books do not tie, and it is said."""
    await counter.house.operator.post(f"/v1/payments/{heavy['payment']}/refund")

    refused = await counter.undo(heavy, "refund")

    assert (refused.status, refused.body["reason"]) == (409, "undo_refused")
    assert {c["status"] for c in (await counter.read(heavy))["emd"]["coupons"]} == {"open"}
    report = await counter.report()
    assert report["ties"] is False
    [difference] = report["differences"]
    assert difference == {
        "charge": heavy["id"],
        "payment": heavy["payment"],
        "what": "given_back",
        "currency": "QAR",
        "counter_minor": 0,
        "ledger_minor": HEAVY_MINOR,
    }
    again = await counter.undo(heavy, "refund", "other")
    assert again.body["reason"] == "undo_refused"


async def test_an_emd_is_found_by_its_number(counter: Counter, heavy: Json) -> None:
    found = await counter.agent.post(
        "/v1/counter/emds", {"number": heavy["emd"]["printed"]}
    )
    missing = await counter.agent.post("/v1/counter/emds", {"number": "0008200000000"})

    assert found.body == heavy | {"code": None}
    assert (missing.status, missing.body["field"]) == (404, "$.number")


async def test_numbers_of_documents_follow_each_other_without_a_double(
    counter: Counter,
) -> None:
    await counter.house.top_up(
        (await counter.house.wallet("mei", QAR=0)), 1, evidence="none"
    )
    numbers = []
    for _ in range(3):
        charge = (await counter.charge()).body
        numbers.append(charge["emd"]["number"])
        await counter.undo(charge, "void")

    assert numbers == sorted(set(numbers))


async def test_a_shift_adds_up_by_currency_and_way_and_ties_to_the_ledger(
    counter: Counter,
) -> None:
    by_scan = (await counter.charge()).body
    voided = (await counter.charge(HEAVY[:1], 45_000)).body
    await counter.undo(voided, "void")
    by_phone = (await counter.charge(HEAVY[:1], 45_000, payer=None)).body
    await counter.house.amira.post(f"/v1/orders/{by_phone['code']['order']}/pay")
    await counter.read(by_phone)
    await counter.undo(by_phone, "refund")
    still = (await counter.charge(HEAVY[:1], 45_000, payer=None)).body

    closed = (await counter.agent.post(f"/v1/counter/shifts/{counter.shift}/close")).body

    zero = {"voids": 0, "voided_minor": 0, "refunds": 0, "refunded_minor": 0}
    assert closed["totals"] == [
        {"currency": "QAR", "way": "phone", "charges": 1, "charged_minor": 45_000, **zero,
         "refunds": 1, "refunded_minor": 45_000, "net_minor": 0},
        {"currency": "QAR", "way": "scan", "charges": 2, "charged_minor": 69_000, **zero,
         "voids": 1, "voided_minor": 45_000, "net_minor": 24_000},
    ]  # fmt: skip
    assert (closed["emds"], closed["unfinished"], closed["ties"]) == (3, 1, True)
    ids = {charge["id"] for charge in closed["charges"]}
    assert {by_scan["id"], still["id"]} <= ids
    spent = HAD - (await counter.money())[0]
    assert sum(total["net_minor"] for total in closed["totals"]) == spent


async def test_a_refund_stands_in_the_shift_in_which_it_was_given(
    counter: Counter, heavy: Json
) -> None:
    await counter.agent.post(f"/v1/counter/shifts/{counter.shift}/close")
    refused = await counter.undo(heavy, "refund", "early")
    later = await open_counter(counter.house)

    await later.undo(heavy, "refund")

    assert (refused.status, refused.body["type"]) == (409, "/problems/no-shift")
    [before], [after] = (await counter.report())["totals"], (await later.report())["totals"]
    assert (before["charged_minor"], before["net_minor"]) == (HEAVY_MINOR, HEAVY_MINOR)
    assert (after["charges"], after["refunds"], after["net_minor"]) == (0, 1, -HEAVY_MINOR)
    assert (await later.report())["ties"] is True


async def test_an_agent_has_one_open_shift_and_sees_its_own(counter: Counter) -> None:
    again = await counter.agent.post("/v1/counter/shifts")
    colleague = counter.house.newcomer(
        NewPrincipal(
            kind=PrincipalKind.COUNTER, name="Sami", channel="counter", merchant=LOUNGE
        ),
        seed=41,
    )
    charge = (await counter.charge()).body

    theirs = await colleague.get(f"/v1/counter/shifts/{counter.shift}")
    another = await colleague.get(f"/v1/counter/charges/{charge['id']}")
    by_number = await colleague.post(
        "/v1/counter/emds", {"number": charge["emd"]["number"]}
    )

    assert again.body["id"] == counter.shift
    assert [one.status for one in (theirs, another, by_number)] == [404] * 3
    listed = (await counter.agent.get("/v1/counter/shifts")).body["shifts"]
    assert [shift["id"] for shift in listed] == [counter.shift]


async def test_the_desk_says_whose_it_is_and_what_can_be_tried(counter: Counter) -> None:
    desk = (await counter.agent.get("/v1/counter")).body

    assert (desk["agent"], desk["shift"]["id"]) == ("Noor", counter.shift)
    assert set(desk["items"]) == {"ski", "bicycle"}
    assert desk["demo"][0]["locator"] == "PEARL2"
