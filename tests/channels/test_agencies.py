"""Agencies: who they are, what they may spend, and what their statements say."""

import asyncio
import csv
import io

import pytest

from ledger.clock import DAY_MS
from tests.channels.agency import FLEX_MINOR, Agency, open_agency
from tests.gateway.harness import Caller, House, Json, Reply, money

LOADED = 5_000_000


@pytest.fixture
async def agency(house: House) -> Agency:
    return await open_agency(house, QAR=LOADED, EUR=10_000)


async def pot(agency: Agency, currency: str = "QAR") -> Json:
    pots = (await agency.agent.get("/v1/agency")).body["pots"]
    return next(one for one in pots if one["currency"] == currency)


async def lend(agency: Agency, minor: int, currency: str = "QAR", **more: Json) -> Reply:
    body = {"limit_minor": minor, "currency": currency, **more}
    return await agency.house.operator.post(f"/v1/agencies/{agency.id}/credit", body)


async def validate(agency: Agency, minor: int, currency: str = "QAR") -> Json:
    body = {"amount": money(minor, currency)}
    return (await agency.agent.post("/v1/agency/validations", body)).body


async def test_an_iata_code_is_checked_and_belongs_to_one_agency(agency: Agency) -> None:
    body = {"name": "Other", "iata_code": "04212342", "currencies": ["QAR"]}
    operator = agency.house.operator

    taken = await operator.post("/v1/agencies", body)
    wrong = await operator.post("/v1/agencies", body | {"iata_code": "04212343"})

    assert (taken.status, taken.body["field"]) == (409, "$.iata_code")
    assert (wrong.status, wrong.body["field"]) == (400, "$.iata_code")


async def test_a_user_of_an_agency_calls_for_it_until_disabled(agency: Agency) -> None:
    operator = agency.house.operator
    path = f"/v1/agencies/{agency.id}/users"
    added = (await operator.post(path, {"name": "Second desk"})).body
    user = Caller(agency.house, added["api_key"])

    seen = await user.get("/v1/agency")
    assert (seen.status, seen.body["id"]) == (200, agency.id)
    await operator.post(f"{path}/disable", {"user": added["id"]})
    agency.house.clock.advance(6_000)

    assert (await user.get("/v1/agency")).status == 401
    users = (await operator.get(f"/v1/agencies/{agency.id}")).body["users"]
    assert [one["disabled"] for one in users if one["id"] == added["id"]] == [True]
    assert "api_key" not in str(users)


async def test_one_agency_sees_nothing_of_another(agency: Agency) -> None:
    house = agency.house
    body = {"name": "Other", "iata_code": "04212353", "currencies": ["QAR"]}
    other = (await house.operator.post("/v1/agencies", body)).body
    path = f"/v1/agencies/{other['id']}/users"
    stranger = Caller(
        house, (await house.operator.post(path, {"name": "A"})).body["api_key"]
    )
    ticket = (await agency.ticket()).body
    number = (await agency.number()).body

    assert (await stranger.get(f"/v1/agency/tickets/{ticket['id']}")).status == 404
    void = await stranger.post(f"/v1/agency/tickets/{ticket['id']}/void")
    refund = {"clearance_id": ticket["clearance_id"]}
    refunded = await stranger.post("/v1/agency/refunds", refund)
    cancel = await stranger.post(f"/v1/agency/numbers/{number['id']}/cancel")
    spent = await agency.ticket(by=stranger, number=number["number"])

    assert [r.status for r in (void, refunded, cancel)] == [404, 404, 404]
    assert (spent.status, spent.body["reason"]) == (422, "number_unknown")
    assert (await stranger.get("/v1/agency/tickets")).body["tickets"] == []


async def test_an_agent_reaches_no_account_and_no_payment_by_the_other_routes(
    agency: Agency,
) -> None:
    ticket = (await agency.ticket()).body

    for path in (
        f"/v1/accounts/{agency.account}",
        f"/v1/payments/{ticket['clearance_id']}",
    ):
        assert (await agency.agent.get(path)).status == 403
    sent = {"from": agency.account, "to": agency.account, "amount": money(1)}
    assert (await agency.agent.post("/v1/transfers", sent)).status == 403


async def test_upfront_validation_names_all_that_speaks_against_it(agency: Agency) -> None:
    enough = await validate(agency, LOADED)
    short = await validate(agency, LOADED + 1)
    await agency.house.operator.post(f"/v1/accounts/{agency.account}/freeze")
    frozen = await validate(agency, LOADED + 1, "USD")

    assert (enough["allowed"], enough["reasons"]) == (True, [])
    assert [one["reason"] for one in short["reasons"]] == ["insufficient_funds"]
    reasons = [one["reason"] for one in frozen["reasons"]]
    assert (frozen["allowed"], reasons) == (False, ["account_frozen", "wrong_currency"])


async def test_a_low_balance_is_raised_once_and_ends_with_a_top_up(agency: Agency) -> None:
    alert = {"below_minor": LOADED, "currency": "QAR"}
    set_ = await agency.agent.post("/v1/agency/alerts", alert)
    assert not set_.body["pots"][0]["low"]

    await agency.ticket()
    low = await pot(agency)
    agency.house.clock.advance(60_000)
    still = await pot(agency)
    await agency.top_up(FLEX_MINOR, evidence="stmt-alert")
    well = await pot(agency)

    assert (low["low"], still["low_since"]) == (True, low["low_since"])
    assert (well["low"], well["low_since"]) == (False, None)


async def test_a_low_balance_is_noticed_though_nobody_looks(agency: Agency) -> None:
    alert = {"below_minor": LOADED, "currency": "QAR"}
    await agency.agent.post("/v1/agency/alerts", alert)
    agents = agency.house.gateway.features.agents
    assert await agents.newly_low() == []

    await agency.ticket()

    assert await agents.newly_low() == [(agency.id, "QAR")]
    assert await agents.newly_low() == []


async def test_a_statement_of_a_day_ties_to_the_days_around_it(agency: Agency) -> None:
    """The agency's day begins at 21:00 UTC; the clock stands at midnight UTC, in its first day."""
    first = (await agency.ticket()).body
    agency.house.clock.advance(DAY_MS)
    await agency.agent.post("/v1/agency/refunds", {"clearance_id": first["clearance_id"]})
    await agency.ticket()
    agency.house.clock.advance(DAY_MS)
    await agency.ticket()

    days = [await agency.statement(f"?from=2026-01-0{day}") for day in (1, 2, 3)]
    all_ = await agency.statement("?from=2026-01-01&to=2026-01-03")

    balances = [(day["opening_minor"], day["closing_minor"]) for day in days]
    less = LOADED - FLEX_MINOR
    assert balances == [(0, less), (less, less), (less, less - FLEX_MINOR)]
    assert (all_["opening_minor"], all_["closing_minor"]) == (0, less - FLEX_MINOR)
    lines = [line for day in days for line in day["lines"]]
    assert all_["lines"] == lines
    kinds = [line["kind"] for line in lines]
    assert kinds == ["transfer_received", "captured", "refunded", "captured", "captured"]


async def test_a_statement_ties_while_tickets_go_on(agency: Agency) -> None:
    selling = [
        asyncio.create_task(agency.ticket(118_000, offer="DOH-IST-LIGHT")) for _ in range(8)
    ]
    statements = await asyncio.gather(*[agency.statement() for _ in range(8)])
    await asyncio.gather(*selling)

    for statement in [*statements, await agency.statement()]:
        changes = sum(line["amount_minor"] for line in statement["lines"])
        assert statement["opening_minor"] + changes == statement["closing_minor"]
    assert (await agency.statement())["closing_minor"] == LOADED - 8 * 118_000


async def test_a_statement_as_csv_says_the_same(agency: Agency) -> None:
    await agency.ticket(order="=HYPERLINK(1)")
    statement = await agency.statement()

    answer = await agency.agent.get("/v1/agency/statement.csv")

    rows = list(csv.DictReader(io.StringIO(answer.raw.decode())))
    assert [row["kind"] for row in rows] == [
        "opening",
        *[line["kind"] for line in statement["lines"]],
        "closing",
    ]
    assert [row["amount"] for row in rows[1:-1]] == ["50000.00", "-12300.00"]
    assert [row["balance"] for row in rows] == ["0.00", "50000.00", "37700.00", "37700.00"]
    assert rows[2]["order"] == "'=HYPERLINK(1)"


async def test_each_currency_has_a_statement_of_its_own(agency: Agency) -> None:
    assert (await agency.statement("?currency=EUR"))["closing_minor"] == 10_000
    refused = await agency.agent.get("/v1/agency/statement?currency=USD")
    assert (refused.status, refused.body["field"]) == (400, "currency")
    refused = await agency.agent.get("/v1/agency/statement?from=2026-01-02&to=2026-01-01")
    assert (refused.status, refused.body["field"]) == (400, "to")


async def test_two_tickets_cannot_overspend_one_limit(agency: Agency) -> None:
    """50,000.00 prepaid and 12,000.00 on credit: the fifth ticket lacks 300.00 with the four."""
    await lend(agency, 1_200_000)

    tickets = await asyncio.gather(*[agency.ticket() for _ in range(6)])

    assert sorted(ticket.status for ticket in tickets) == [201] * 5 + [402]
    seen = await pot(agency)
    assert seen["available_minor"] == 0
    assert seen["credit_drawn_minor"] == 5 * FLEX_MINOR - LOADED
    assert seen["spendable_minor"] == 1_200_000 - (5 * FLEX_MINOR - LOADED)
    statement = await agency.statement()
    assert statement["opening_minor"] == 0
    assert statement["closing_minor"] == LOADED - 5 * FLEX_MINOR
    assert len(statement["lines"]) == 6  # the top-up and five tickets: drawing is no line


async def test_a_top_up_repays_what_is_owed(agency: Agency) -> None:
    await lend(agency, 1_230_000)
    for _ in range(5):
        await agency.ticket()
    owed = (await pot(agency))["credit_drawn_minor"]

    await agency.top_up(owed + 500, evidence="stmt-repays")

    seen = await pot(agency)
    assert (seen["credit_drawn_minor"], seen["available_minor"]) == (0, 500)
    assert (await agency.statement())["closing_minor"] == 500


async def test_credit_ends_with_its_time_and_is_of_money_only(agency: Agency) -> None:
    lent = await lend(agency, 1_230_000, valid_s=3_600)
    assert lent.body["pots"][0]["credit_until"] == "2026-01-01T01:00:00.000Z"
    assert (await validate(agency, LOADED + 1_230_000))["allowed"]
    agency.house.clock.advance(3_600_000)
    assert not (await validate(agency, LOADED + 1))["allowed"]

    refused = await lend(agency, 1, "USD")
    assert (refused.status, refused.body["reason"]) == (422, "wrong_currency")
