"""Tickets of an agency: paid in the moment of issue, both or neither."""

import asyncio

import pytest

from ledger.clock import DAY_MS
from tests.channels.agency import FLEX_MINOR, Agency, Line, far_airline, open_agency
from tests.gateway.harness import House, Json, Reply, money
from tests.gateway.road import Fate

LOADED = 5_000_000


@pytest.fixture
async def agency(house: House) -> Agency:
    return await open_agency(house, QAR=LOADED)


def statuses(replies: list[Reply]) -> list[int]:
    return sorted(reply.status for reply in replies)


async def test_of_five_tickets_at_once_four_are_paid_for(agency: Agency) -> None:
    tickets = await asyncio.gather(*[agency.ticket() for _ in range(5)])

    assert statuses(list(tickets)) == [201, 201, 201, 201, 402]
    issued = [ticket.body for ticket in tickets if ticket.status == 201]
    [declined] = [ticket.body for ticket in tickets if ticket.status == 402]
    assert declined["decline"]["reason"] == "insufficient_funds"
    assert declined["ticket_numbers"] == []
    numbers = [ticket["ticket_numbers"][0] for ticket in issued]
    assert len(set(numbers)) == 4
    assert await agency.available() == LOADED - 4 * FLEX_MINOR
    assert await agency.held() == 0

    voided = await agency.agent.post(f"/v1/agency/tickets/{issued[0]['id']}/void")

    assert (voided.status, voided.body["status"]) == (200, "voided")
    assert await agency.available() == LOADED - 3 * FLEX_MINOR
    await ties(agency)


async def ties(agency: Agency) -> None:
    """The statement of today is what the ledger holds, line by line and in sum."""
    statement = await agency.statement()
    lines = statement["lines"]
    [pot] = [
        pot
        for pot in (await agency.house.operator.get(f"/v1/accounts/{agency.account}")).body[
            "pots"
        ]
        if pot["currency"] == "QAR"
    ]
    assert statement["closing_minor"] == pot["posted_minor"]
    balance = statement["opening_minor"]
    for line in lines:
        balance += line["amount_minor"]
        assert line["balance_minor"] == balance
    assert balance == statement["closing_minor"]
    total = statement["credits_minor"] - statement["debits_minor"]
    assert statement["opening_minor"] + total == statement["closing_minor"]


async def test_a_repeated_request_is_the_same_ticket(agency: Agency) -> None:
    first = await agency.ticket(key="sale-1")
    again = await agency.ticket(key="sale-1")
    other = await agency.ticket(key="sale-1", order="ANOTHER")

    assert (again.status, again.replayed, again.body) == (201, True, first.body)
    assert (other.status, other.body["type"]) == (422, "/problems/idempotency-key-reused")
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_a_retry_is_the_same_ticket_though_its_number_has_expired(
    agency: Agency,
) -> None:
    number = (await agency.number(valid_s=300)).body["number"]
    first = await agency.ticket(key="sale-1", number=number)
    agency.house.clock.advance(301_000)

    again = await agency.ticket(key="sale-1", number=number)
    other = await agency.ticket(key="sale-2", number=number)

    assert (first.status, again.status, again.replayed) == (201, 201, True)
    assert (other.status, other.body["reason"]) == (409, "number_expired")


async def test_a_number_that_was_declined_is_spent(agency: Agency) -> None:
    number = (await agency.number()).body["number"]
    await agency.house.operator.post(f"/v1/accounts/{agency.account}/freeze")
    declined = await agency.ticket(number=number)
    await agency.house.operator.post(f"/v1/accounts/{agency.account}/unfreeze")

    again = await agency.ticket(number=number)

    assert (declined.status, again.status) == (402, 409)
    assert again.body["reason"] == "number_used"


async def test_a_ticket_shows_where_it_was_sold_and_what_cleared_it(agency: Agency) -> None:
    made = (await agency.ticket()).body

    assert made["clearance_id"].startswith("pay_")
    paid = await agency.house.operator.get(f"/v1/payments/{made['clearance_id']}")
    shown = paid.body
    assert (shown["channel"], shown["order"], shown["status"]) == (
        "agent",
        made["id"],
        "captured",
    )
    assert shown["terminal"].startswith("prn_")
    listed = (await agency.agent.get("/v1/agency/tickets")).body["tickets"]
    assert listed == [made]
    assert (await agency.agent.get(f"/v1/agency/tickets/{made['id']}")).body == made


async def test_the_journal_knows_neither_passenger_nor_ticket_number(
    agency: Agency,
) -> None:
    made = (await agency.ticket()).body

    journal = b"".join(
        sealed.body
        for partition in range(2)
        for sealed in agency.house.journals.reader(partition).read(0, 1_000)
    )

    assert b"EXAMPLE" not in journal
    assert made["ticket_numbers"][0].encode() not in journal
    assert made["ticket_numbers"][0][4:].encode() not in journal


@pytest.mark.parametrize(
    ("differs", "reason", "field"),
    [
        ({"amount": money(FLEX_MINOR - 1)}, "wrong_amount", "$.amount"),
        ({"amount": money(FLEX_MINOR, "EUR")}, "wrong_amount", "$.amount"),
        ({"offer": "NO-SUCH-OFFER"}, "offer_unknown", "$.offer"),
    ],
)
async def test_what_the_airline_does_not_sell_costs_nothing(
    agency: Agency, differs: Json, reason: str, field: str
) -> None:
    refused = await agency.ticket(**differs)

    assert (refused.status, refused.body["reason"]) == (422, reason)
    assert (refused.body["field"], refused.body["happened"]) == (field, "no")
    assert await agency.available() == LOADED


async def test_what_the_airline_refuses_at_last_is_given_back(agency: Agency) -> None:
    refused = await agency.ticket(90_000, offer="DOH-SOLD-OUT")

    assert (refused.status, refused.body["reason"]) == (409, "airline_refused")
    assert refused.body["detail"] == "The offer is sold out."
    assert (await agency.available(), await agency.held()) == (LOADED, 0)


@pytest.mark.parametrize("line", [Line.HEARS_NOTHING, Line.LOSES_ITS_ANSWER])
async def test_a_silent_airline_leaves_a_ticket_unknown_until_it_answers(
    agency: Agency, line: Line
) -> None:
    far_airline(agency, line)

    unknown = await agency.ticket(key="sale-1")

    assert (unknown.status, unknown.body["status"]) == (202, "issuing")
    assert (await agency.available(), await agency.held()) == (
        LOADED - FLEX_MINOR,
        FLEX_MINOR,
    )
    known = await agency.ticket(key="sale-1")
    assert (known.status, known.body["status"]) == (201, "issued")
    assert (await agency.available(), await agency.held()) == (LOADED - FLEX_MINOR, 0)


async def test_a_ticket_that_nobody_asks_for_again_is_finished_all_the_same(
    agency: Agency,
) -> None:
    far_airline(agency, Line.LOSES_ITS_ANSWER, Line.HEARS_NOTHING)
    unknown = (await agency.ticket()).body

    await agency.resume()
    still = (await agency.agent.get(f"/v1/agency/tickets/{unknown['id']}")).body
    await agency.resume()
    known = (await agency.agent.get(f"/v1/agency/tickets/{unknown['id']}")).body

    assert (still["status"], known["status"]) == ("issuing", "issued")
    assert await agency.available() == LOADED - FLEX_MINOR


@pytest.mark.parametrize("dies_after", range(5))
async def test_a_gateway_that_dies_anywhere_leaves_one_payment_and_one_ticket(
    agency: Agency, dies_after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It dies after so many steps; what it had written stands, and another takes it up."""
    ticketing, steps = agency.ticketing, iter(range(10))

    def dying(step: str) -> None:
        real = getattr(ticketing, step)

        async def stepped(*args: Json, **kwargs: Json) -> Json:
            if next(steps) == dies_after:
                raise RuntimeError
            return await real(*args, **kwargs)

        monkeypatch.setattr(ticketing, step, stepped)

    for step in ("_pay", "_move", "_ask_airline", "_change"):
        dying(step)
    died = await agency.ticket(key="sale-1")
    monkeypatch.undo()

    assert died.status == 500
    await agency.resume()
    await agency.resume()

    [ticket] = (await agency.agent.get("/v1/agency/tickets")).body["tickets"]
    assert ticket["status"] == "issued"
    assert len(ticket["ticket_numbers"]) == 1
    assert (await agency.available(), await agency.held()) == (LOADED - FLEX_MINOR, 0)
    again = await agency.ticket(key="sale-1")
    assert (again.status, again.body) == (201, ticket)


async def test_a_payment_whose_answer_is_lost_is_found_by_the_retry(agency: Agency) -> None:
    agency.house.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=4_000)

    lost = await agency.ticket(key="sale-1")
    found = await agency.ticket(key="sale-1")

    assert (lost.status, lost.body["happened"]) == (503, "unknown")
    assert (found.status, found.body["status"]) == (201, "issued")
    assert await agency.available() == LOADED - FLEX_MINOR


async def test_a_ticket_is_voided_once(agency: Agency) -> None:
    made = (await agency.ticket()).body
    path = f"/v1/agency/tickets/{made['id']}/void"

    voids = await asyncio.gather(*[agency.agent.post(path) for _ in range(4)])

    assert {void.body["status"] for void in voids} == {"voided"}
    assert await agency.available() == LOADED


async def test_a_void_that_the_airline_did_not_hear_ends_when_it_answers(
    agency: Agency,
) -> None:
    made = (await agency.ticket()).body
    far_airline(agency, Line.LOSES_ITS_ANSWER)

    unknown = await agency.agent.post(f"/v1/agency/tickets/{made['id']}/void")
    assert (unknown.status, unknown.body["status"]) == (202, "voiding")
    assert await agency.available() == LOADED - FLEX_MINOR
    await agency.resume()

    assert await agency.available() == LOADED


async def test_a_ticket_is_voided_on_the_day_of_its_sale_only(agency: Agency) -> None:
    """The agency's day, which begins at 21:00 UTC; the clock stands at midnight UTC."""
    made = (await agency.ticket()).body
    assert made["voidable_until"].endswith("T21:00:00.000Z")
    agency.house.clock.advance(21 * 3_600_000)

    refused = await agency.agent.post(f"/v1/agency/tickets/{made['id']}/void")

    assert (refused.status, refused.body["reason"]) == (409, "sales_day_over")
    seen = (await agency.agent.get(f"/v1/agency/tickets/{made['id']}")).body
    assert (seen["status"], seen["voidable_until"]) == ("issued", None)


async def refund(agency: Agency, made: Json, minor: int | None = None, **kw: Json) -> Reply:
    body = {"clearance_id": made["clearance_id"]}
    if minor is not None:
        body["amount"] = money(minor)
    return await agency.agent.post("/v1/agency/refunds", body, **kw)


async def test_a_ticket_is_refunded_by_its_clearance_id(agency: Agency) -> None:
    made = (await agency.ticket()).body
    agency.house.clock.advance(DAY_MS)

    part = await refund(agency, made, 230_000, key="refund-1")
    again = await refund(agency, made, 230_000, key="refund-1")
    rest = await refund(agency, made)
    more = await refund(agency, made, 1)

    assert (part.status, part.body["status"]) == (201, "refunded")
    assert (again.status, again.replayed, again.body) == (201, True, part.body)
    assert rest.body["amount"] == money(1_000_000)
    assert (more.status, more.body["reason"]) == (409, "exceeds_captured")
    assert await agency.available() == LOADED
    seen = (await agency.agent.get(f"/v1/agency/tickets/{made['id']}")).body
    assert seen["refunded_minor"] == FLEX_MINOR


async def test_a_refund_whose_answer_is_lost_is_paid_back_once(agency: Agency) -> None:
    made = (await agency.ticket()).body
    far_airline(agency, Line.LOSES_ITS_ANSWER)

    unknown = await refund(agency, made)
    assert (unknown.status, unknown.body["status"]) == (202, "asked")
    await agency.resume()
    await agency.resume()

    assert await agency.available() == LOADED


async def test_two_refunds_at_once_give_back_no_more_than_was_paid(agency: Agency) -> None:
    made = (await agency.ticket()).body

    refunds = await asyncio.gather(*[refund(agency, made) for _ in range(4)])

    assert statuses(list(refunds)) == [201, 409, 409, 409]
    assert await agency.available() == LOADED


async def test_a_ticket_that_was_refunded_in_part_is_not_voided(agency: Agency) -> None:
    made = (await agency.ticket()).body
    await refund(agency, made, 1)

    refused = await agency.agent.post(f"/v1/agency/tickets/{made['id']}/void")

    assert (refused.status, refused.body["reason"]) == (409, "airline_refused")
    seen = (await agency.agent.get(f"/v1/agency/tickets/{made['id']}")).body
    assert seen["status"] == "issued"


async def test_the_airline_gives_back_what_an_agent_sold(agency: Agency) -> None:
    """Authorised in one channel, refunded in another by its id."""
    made = (await agency.ticket()).body
    path = f"/v1/payments/{made['clearance_id']}/refund"

    by_operator = await agency.house.operator.post(path, {"amount": money(100)})

    assert (by_operator.status, by_operator.body["refunded_minor"]) == (200, 100)
    assert await agency.available() == LOADED - FLEX_MINOR + 100


async def test_a_ticket_whose_hold_ended_before_the_airline_answered_says_so(
    agency: Agency,
) -> None:
    far_airline(agency, Line.LOSES_ITS_ANSWER)
    unknown = (await agency.ticket()).body
    agency.house.clock.advance(8 * DAY_MS)

    await agency.resume()

    seen = (await agency.agent.get(f"/v1/agency/tickets/{unknown['id']}")).body
    assert (seen["status"], seen["reason"]) == ("unpaid", "The hold has expired.")
    assert await agency.available() == LOADED


async def test_anothers_ticket_is_not_there(agency: Agency) -> None:
    missing = await agency.agent.get(f"/v1/agency/tickets/tkt_{'a' * 24}")
    unknown = await refund(agency, {"clearance_id": "pay_" + "a" * 32})

    assert (missing.status, unknown.status) == (404, 404)


async def test_a_frozen_agency_buys_nothing(agency: Agency) -> None:
    await agency.house.operator.post(f"/v1/accounts/{agency.account}/freeze")

    declined = await agency.ticket()

    assert declined.status == 402
    assert declined.body["decline"]["reason"] == "account_frozen"
