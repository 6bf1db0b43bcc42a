"""A charge at the counter: priced, paid, documented; by each of the ways to pay."""

import asyncio

import pytest

from ledger.clock import DAY_MS
from ledger.decline import DeclineReason
from ledger.ids import parse_account
from ledger.replies import PaymentReply
from services.counter.charges import get_charge
from services.counter.charging import AWAITED_MS
from services.counter.demo_departures import BOOKINGS, CLOSED
from services.document_numbers import is_document_number
from services.payments import Payer, PaymentRequest
from tests.counter.counters import (
    HEAVY,
    HEAVY_MINOR,
    PEARL,
    PRICE_MINOR,
    SUITCASES,
    Counter,
    Line,
    far_departures,
    open_counter,
)
from tests.gateway.harness import AMIRA, House, Json, money
from tests.gateway.road import Fate

HAD = 100_000


@pytest.fixture
async def counter(funded: House) -> Counter:
    return await open_counter(funded)


async def test_a_booking_is_found_by_its_locator_and_its_ticket(counter: Counter) -> None:
    by_name = await counter.agent.post("/v1/counter/bookings", {"booking": "pearl2"})
    dashed = f"{PEARL[:3]}-{PEARL[3:]}"
    by_ticket = await counter.agent.post("/v1/counter/bookings", {"booking": dashed})
    wrong = str((int(PEARL[-1]) + 1) % 7)
    mistyped = await counter.agent.post(
        "/v1/counter/bookings", {"booking": PEARL[:-1] + wrong}
    )
    unknown = await counter.agent.post("/v1/counter/bookings", {"booking": "NOBODY"})

    assert by_name.body == by_ticket.body
    assert by_name.body["travellers"][0]["given_name"] == "Amira"
    assert (mistyped.status, mistyped.body["reason"]) == (422, "ticket_malformed")
    assert (unknown.status, unknown.body["field"]) == (404, "$.booking")


async def test_a_price_says_its_code_its_bags_and_what_was_included(
    counter: Counter,
) -> None:
    body = {"ticket": PEARL, "bags": HEAVY}

    quote = (await counter.agent.post("/v1/counter/quotes", body)).body

    assert quote["amount"] == money(HEAVY_MINOR)
    told = [
        (line["rfisc"], line["charge"], line["bags"], line["included"])
        for line in quote["lines"]
    ]
    assert told == [("0IJ", "piece", [2], 1), ("0IK", "heavy", [2], 23)]
    assert (quote["rfic"], set(quote["lines"][0]["text"])) == ("C", {"en", "zh", "ar"})


async def test_a_scanned_code_pays_and_the_document_is_there(counter: Counter) -> None:
    charged = await counter.charge(HEAVY, HEAVY_MINOR)

    charge = charged.body
    assert (charged.status, charge["status"], charge["way"]) == (201, "issued", "scan")
    emd = charge["emd"]
    assert is_document_number(emd["number"])
    assert (emd["status"], emd["rfic"], emd["printed"][3]) == ("open", "C", "-")
    coupons = [
        (c["number"], c["rfisc"], c["amount_minor"], c["status"]) for c in emd["coupons"]
    ]
    assert coupons == [(1, "0IJ", 24_000, "open"), (2, "0IK", 15_000, "open")]
    assert await counter.money() == (HAD - HEAVY_MINOR, 0)
    assert await counter.checked() == [22_500, 28_000]
    paid = (await counter.house.operator.get(f"/v1/payments/{charge['payment']}")).body
    assert (paid["status"], paid["channel"], paid["order"]) == (
        "captured",
        "counter",
        charge["reference"],
    )


async def test_the_next_bag_is_the_second_extra_one(counter: Counter) -> None:
    await counter.charge()

    quote = await counter.agent.post(
        "/v1/counter/quotes", {"ticket": PEARL, "bags": SUITCASES[:1]}
    )

    assert quote.body["amount"] == money(45_000)


async def test_a_retry_is_the_same_charge_and_another_body_is_refused(
    counter: Counter,
) -> None:
    code = await counter.house.code()
    first = await counter.charge(key="bag-1", code=code)
    counter.house.clock.advance(120_000)
    again = await counter.charge(key="bag-1", code=code)
    other = await counter.charge(HEAVY, HEAVY_MINOR, key="bag-1", code=code)

    assert (again.status, again.replayed, again.body) == (201, True, first.body)
    assert (other.status, other.body["type"]) == (422, "/problems/idempotency-key-reused")
    assert await counter.money() == (HAD - PRICE_MINOR, 0)


async def test_one_code_pays_one_of_two_counters(counter: Counter) -> None:
    code = await counter.house.code()

    both = await asyncio.gather(counter.charge(code=code), counter.charge(code=code))

    assert sorted(reply.status for reply in both) == [201, 402]
    [declined] = [reply.body for reply in both if reply.status == 402]
    assert (declined["decline"]["reason"], declined["emd"]) == ("code_used", None)
    assert await counter.money() == (HAD - PRICE_MINOR, 0)


async def test_who_has_too_little_gets_no_document(counter: Counter) -> None:
    await counter.house.charge(90_000)

    declined = await counter.charge()

    assert (declined.status, declined.body["decline"]["response_code"]) == (402, "51")
    assert declined.body["emd"] is None
    assert await counter.checked() == []


@pytest.mark.parametrize(
    ("differs", "reason"),
    [
        ({"minor": 23_999}, "wrong_amount"),
        ({"bags": SUITCASES[:1]}, "nothing_to_pay"),
        ({"bags": [{"weight_g": 33_000}]}, "too_heavy"),
        ({"bags": [{"weight_g": 9_000, "item": "horse"}]}, "no_item_rule"),
        (
            {
                "bags": [*HEAVY, {"weight_g": 9_000}]
                + [{"weight_g": 9_000, "item": item} for item in ("ski", "bicycle")]
            },
            "too_many_lines",
        ),
    ],
)
async def test_what_cannot_be_charged_costs_nothing(
    counter: Counter, differs: Json, reason: str
) -> None:
    refused = await counter.charge(**differs)

    assert (refused.status, refused.body["reason"]) == (422, reason)
    assert await counter.money() == (HAD, 0)


async def test_what_departure_control_refuses_is_given_back(counter: Counter) -> None:
    ticket = BOOKINGS[CLOSED].travellers[0].ticket

    refused = await counter.charge(SUITCASES[:1], ticket=ticket, key="late")
    again = await counter.charge(SUITCASES[:1], ticket=ticket, key="late")

    assert (refused.status, refused.body["reason"]) == (409, "departure_refused")
    assert refused.body["detail"] == "The flight is closed: no more bags are taken."
    assert again.body == refused.body
    assert await counter.money() == (HAD, 0)
    [charge] = (await counter.report())["charges"]
    assert (charge["status"], charge["emd"]) == ("refused", None)


@pytest.mark.parametrize("line", [Line.HEARS_NOTHING, Line.LOSES_ITS_ANSWER])
async def test_a_silent_departure_control_leaves_a_charge_unknown_until_it_answers(
    counter: Counter, line: Line
) -> None:
    far_departures(counter, line)

    unknown = await counter.charge()

    assert (unknown.status, unknown.body["status"], unknown.body["emd"]) == (
        202,
        "accepting",
        None,
    )
    assert await counter.money() == (HAD - PRICE_MINOR, PRICE_MINOR)
    known = await counter.read(unknown.body)
    assert (known["status"], known["emd"]["status"]) == ("issued", "open")
    assert await counter.money() == (HAD - PRICE_MINOR, 0)
    assert await counter.checked() == [22_500, 18_000]


@pytest.mark.parametrize("fate", [Fate.LOSES_ITS_ANSWER, Fate.NEVER_LEAVES])
async def test_a_hold_whose_answer_is_lost_is_found_or_barred(
    counter: Counter, fate: Fate
) -> None:
    """Nobody has the code any more: what was held goes on, and what was not is barred."""
    code = await counter.house.code()
    counter.house.road.meet(fate, within_ms=4_000)

    lost = await counter.charge(key="bag-1", code=code)
    await counter.resume()

    [charge] = (await counter.report())["charges"]
    if fate is Fate.LOSES_ITS_ANSWER:
        assert (lost.status, lost.body["status"]) == (202, "holding")
        assert (charge["status"], charge["emd"]["status"]) == ("issued", "open")
        assert await counter.money() == (HAD - PRICE_MINOR, 0)
        return
    assert (lost.status, lost.body["happened"]) == (503, "no")
    assert (charge["status"], charge["emd"]) == ("abandoned", None)
    assert await late_hold(counter, charge["id"]) is DeclineReason.REVERSED_BEFORE_ARRIVAL
    late = await counter.charge(key="bag-1", code=code)
    assert (late.status, late.body["status"]) == (201, "abandoned")
    assert await counter.money() == (HAD, 0)


async def late_hold(counter: Counter, name: str) -> DeclineReason | None:
    """The frame that was under way all the time arrives at the account at last."""
    channel = counter.house.gateway.features.counter
    assert channel is not None
    charge = get_charge(counter.house.store, name)
    request = PaymentRequest(
        payer=Payer(parse_account(AMIRA)),
        amount=charge.amount,
        merchant=charge.merchant,
        order=charge.order_text,
        channel="counter",
    )
    cause = channel.charging._cause(charge, "hold")
    reply = await channel.charging._payments.hold(request, cause)
    assert isinstance(reply, PaymentReply)
    return reply.decline


async def test_a_hold_that_ended_before_it_was_taken_leaves_a_void_document(
    counter: Counter,
) -> None:
    far_departures(counter, Line.HEARS_NOTHING)
    unknown = (await counter.charge()).body
    counter.house.clock.advance(8 * DAY_MS)

    known = await counter.read(unknown)

    assert (known["status"], known["reason"]) == ("unpaid", "hold_expired")
    assert {c["status"] for c in known["emd"]["coupons"]} == {"void"}
    assert await counter.checked() == []
    assert await counter.money() == (HAD, 0)


# Paid elsewhere


async def test_a_phone_scans_the_counters_code_and_pays(counter: Counter) -> None:
    awaiting = await counter.charge(payer=None)
    assert (awaiting.status, awaiting.body["status"]) == (201, "awaiting")
    code = awaiting.body["code"]
    assert code["svg"].startswith("<svg")

    seen = (await counter.house.amira.post("/v1/scans", {"code": code["payload"]})).body
    paid = await counter.house.amira.post("/v1/scans/pay", {"code": code["payload"]})
    charge = await counter.read(awaiting.body)

    assert seen["order"]["lines"] == [{"text": "1 First extra bag", "amount_minor": 24_000}]
    assert (paid.status, paid.body["status"]) == (201, "captured")
    assert (charge["status"], charge["way"]) == ("issued", "phone")
    assert charge["payment"] == paid.body["id"]
    assert await counter.money() == (HAD - PRICE_MINOR, 0)


async def test_a_phones_payment_is_found_though_its_gateway_died_before_saying_so(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    awaiting = (await counter.charge(payer=None)).body

    async def dies(*_args: Json) -> None:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("channels.api.orders.OrdersApi._mark_paid", dies)
        died = await counter.house.amira.post(f"/v1/orders/{order_of(awaiting)}/pay")
    assert died.status == 500
    assert (await counter.read(awaiting))["status"] == "awaiting"
    await counter.told()
    charge = await counter.read(awaiting)

    assert (charge["status"], charge["way"]) == ("issued", "phone")
    assert await counter.money() == (HAD - PRICE_MINOR, 0)


def order_of(charge: Json) -> str:
    order: str = charge["code"]["order"]
    return order


async def test_a_till_with_a_reader_takes_it_under_its_reference(counter: Counter) -> None:
    awaiting = (await counter.charge(payer=None)).body
    till = counter.house.counter_till

    paid = await counter.house.charge(PRICE_MINOR, by=till, order=awaiting["reference"])
    await counter.told()
    charge = await counter.read(awaiting)

    assert (charge["status"], charge["way"]) == ("issued", "till")
    assert charge["payment"] == paid.body["id"]
    assert (await counter.report())["ties"] is True


async def test_a_till_that_takes_another_amount_pays_nothing_and_is_named(
    counter: Counter,
) -> None:
    awaiting = (await counter.charge(payer=None)).body
    till = counter.house.counter_till
    wrong = await counter.house.charge(
        PRICE_MINOR - 1, by=till, order=awaiting["reference"]
    )
    await counter.told()

    assert (await counter.read(awaiting))["status"] == "awaiting"
    report = await counter.report()
    assert report["ties"] is False
    assert report["differences"] == [
        {
            "charge": awaiting["id"],
            "payment": wrong.body["id"],
            "what": "unknown_payment",
            "currency": "QAR",
            "counter_minor": 0,
            "ledger_minor": PRICE_MINOR - 1,
        }
    ]


async def test_a_second_payment_buys_nothing_and_is_named(counter: Counter) -> None:
    awaiting = (await counter.charge(payer=None)).body
    till = counter.house.counter_till
    for _ in range(2):
        await counter.house.charge(PRICE_MINOR, by=till, order=awaiting["reference"])
    await counter.told()

    charge = await counter.read(awaiting)
    report = await counter.report()

    assert charge["status"] == "issued"
    [named] = report["differences"]
    assert (named["what"], named["ledger_minor"]) == ("unknown_payment", PRICE_MINOR)
    assert named["payment"] != charge["payment"]
    await till.post(f"/v1/payments/{named['payment']}/refund")
    await counter.told()
    assert (await counter.report())["ties"] is True


async def test_what_is_cancelled_cannot_be_paid_by_a_phone(counter: Counter) -> None:
    awaiting = (await counter.charge(payer=None)).body
    path = f"/v1/counter/charges/{awaiting['id']}/cancel"

    cancelled = [await counter.agent.post(path) for _ in range(2)]
    late = await counter.house.amira.post(f"/v1/orders/{order_of(awaiting)}/pay")

    assert [reply.body["status"] for reply in cancelled] == ["cancelled"] * 2
    assert (late.status, late.body["detail"]) == (409, "This order was cancelled.")
    assert await counter.money() == (HAD, 0)


async def test_nobody_waits_for_a_phone_all_day(counter: Counter) -> None:
    awaiting = (await counter.charge(payer=None)).body
    counter.house.clock.advance(AWAITED_MS)

    await counter.resume()

    charge = await counter.read(awaiting)
    assert (charge["status"], charge["reason"]) == ("cancelled", "nobody_paid")


async def test_a_charge_that_is_paid_is_not_cancelled(counter: Counter) -> None:
    charge = (await counter.charge()).body

    refused = await counter.agent.post(f"/v1/counter/charges/{charge['id']}/cancel")

    assert (refused.status, refused.body["reason"]) == (409, "not_awaiting")


# Whose it is


async def test_a_counter_without_an_open_shift_charges_nothing(funded: House) -> None:
    body = {
        "ticket": PEARL,
        "bags": SUITCASES,
        "amount": money(PRICE_MINOR),
        "payer": {"code": await funded.code()},
    }

    refused = await funded.counter.post("/v1/counter/charges", body)

    assert (refused.status, refused.body["type"]) == (409, "/problems/no-shift")


async def test_an_agent_at_a_counter_takes_no_payment_without_a_document(
    counter: Counter,
) -> None:
    charge = (await counter.charge()).body
    code = await counter.house.code()

    direct = await counter.house.charge(1, payer=code, by=counter.agent)
    refund = await counter.agent.post(f"/v1/payments/{charge['payment']}/refund")
    order = await counter.agent.post("/v1/orders", {"amount": money(1), "order": "A-1"})

    assert [reply.status for reply in (direct, refund, order)] == [403] * 3


async def test_the_journal_knows_neither_booking_nor_document(counter: Counter) -> None:
    charge = (await counter.charge()).body

    journal = b"".join(
        sealed.body
        for partition in range(2)
        for sealed in counter.house.journals.reader(partition).read(0, 1_000)
    )

    emd = charge["emd"]["number"]
    for secret in ("PEARL2", PEARL, PEARL[3:], emd, emd[3:], charge["reference"]):
        assert secret.encode() not in journal
    assert charge["shift"].encode() in journal


async def test_who_is_forgotten_is_on_no_charge_any_more(counter: Counter) -> None:
    house = counter.house
    charge = (await counter.charge()).body
    left = await house.available()
    await house.charge(left)
    await house.operator.post(f"/v1/accounts/{AMIRA}/close")
    house.clock.advance(house.config.retention_days * DAY_MS + 1)
    forgotten = await house.operator.post(f"/v1/accounts/{AMIRA}/forget")
    assert forgotten.status == 200, forgotten.raw

    after = await counter.read(charge)

    assert (after["booking"]["given_name"], after["booking"]["locator"]) == ("", "")
    assert after["emd"]["number"] == charge["emd"]["number"]
