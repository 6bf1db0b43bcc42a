"""Who reaches what: every principal at every route, and nobody at another's."""

import pytest

from channels.route import JSON
from services.principals import PrincipalKind
from tests.gateway.harness import (
    AMIRA,
    DUTYFREE,
    JONAS,
    LOUNGE,
    PROBLEM,
    Caller,
    House,
    Json,
    Reply,
    money,
)
from tests.gateway.terminal import Terminal

EVERYBODY = "operator merchant terminal customer agent counter nobody"
MEMBERS = "operator merchant terminal customer"
PEOPLE = f"{MEMBERS} agent counter"
TAKERS = "operator merchant terminal"
OFFICES = "operator merchant"

# Who is let in by whom they are. What they then find there is told below.
MAY = {
    "POST /v1/accounts": "operator",
    "GET /v1/accounts/{id}": "operator customer",
    "POST /v1/accounts/{id}/close": "operator",
    "POST /v1/accounts/{id}/forget": "operator",
    "POST /v1/accounts/{id}/freeze": "operator customer",
    "POST /v1/accounts/{id}/unfreeze": "operator customer",
    "GET /v1/accounts/{id}/entries": "operator customer",
    "GET /v1/accounts/{id}/entries.csv": "operator customer",
    "GET /v1/accounts/{id}/entries.jsonl": "operator customer",
    "GET /v1/payments/{id}/receipt": MEMBERS,
    "POST /v1/accounts/{id}/codes": "operator customer",
    "POST /v1/accounts/{id}/top-ups": "operator",
    "POST /v1/transfers": "operator customer",
    "GET /v1/transfers/{id}": "operator customer",
    "POST /v1/payments": TAKERS,
    "GET /v1/payments": TAKERS,
    "GET /v1/takings": TAKERS,
    "POST /v1/webhooks": OFFICES,
    "GET /v1/webhooks": OFFICES,
    "POST /v1/settlements": "operator",
    "GET /v1/settlements": OFFICES,
    "GET /v1/settlements/{id}": OFFICES,
    "GET /v1/settlements/{id}/lines": OFFICES,
    "GET /v1/settlements/{id}/statement.csv": OFFICES,
    "GET /v1/fees": OFFICES,
    "POST /v1/fees": "operator",
    "POST /v1/payouts": OFFICES,
    "GET /v1/payouts": OFFICES,
    "POST /v1/payouts/{id}/approve": "operator",
    "POST /v1/payouts/{id}/cancel": "operator",
    "POST /v1/payouts/{id}/paid": "operator",
    "POST /v1/webhooks/{id}/rotate": OFFICES,
    "POST /v1/webhooks/{id}/disable": OFFICES,
    "GET /v1/webhooks/{id}/deliveries": OFFICES,
    "POST /v1/webhooks/{id}/replay": OFFICES,
    "POST /v1/payments/lookup": TAKERS,
    "POST /v1/payments/reverse": TAKERS,
    "GET /v1/payments/{id}": MEMBERS,
    "POST /v1/payments/{id}/increase": TAKERS,
    "POST /v1/payments/{id}/capture": TAKERS,
    "POST /v1/payments/{id}/void": TAKERS,
    "POST /v1/payments/{id}/refund": TAKERS,
    "POST /v1/orders": "merchant terminal",
    "GET /v1/orders/{id}": MEMBERS,
    "POST /v1/orders/{id}/pay": "customer",
    "GET /v1/terminals": "operator",
    "POST /v1/terminals": "operator",
    "GET /v1/terminals/{id}": "operator",
    "POST /v1/terminals/{id}/pairing-codes": "operator",
    "POST /v1/terminals/{id}/suspend": "operator",
    "POST /v1/terminals/{id}/resume": "operator",
    "POST /v1/terminals/{id}/bind": "operator",
    "POST /v1/terminals/{id}/settings": "operator",
    "POST /v1/terminals/{id}/revoke-keys": "operator",
    "POST /v1/terminals/{id}/message-key": "operator",
    "POST /v1/terminals/pair": EVERYBODY,
    "GET /v1/terminals/me": TAKERS,
    "POST /v1/terminals/me/ping": TAKERS,
    "POST /v1/terminals/me/keys": TAKERS,
    "POST /v1/terminals/me/totals": TAKERS,
    "POST /v1/merchant-codes": "merchant terminal",
    "POST /v1/scans": "customer",
    "POST /v1/scans/pay": "customer",
    "GET /v1/agency": "agent",
    "POST /v1/agency/validations": "agent",
    "POST /v1/agency/alerts": "agent",
    "POST /v1/agency/numbers": "agent",
    "GET /v1/agency/numbers": "agent",
    "POST /v1/agency/numbers/{id}/cancel": "agent",
    "POST /v1/agency/tickets": "agent",
    "GET /v1/agency/tickets": "agent",
    "GET /v1/agency/tickets/{id}": "agent",
    "POST /v1/agency/tickets/{id}/void": "agent",
    "POST /v1/agency/refunds": "agent",
    "GET /v1/agency/statement": "agent",
    "GET /v1/agency/statement.csv": "agent",
    "POST /v1/ndc/21.3/order-create": "agent",
    "POST /v1/agencies": "operator",
    "GET /v1/agencies": "operator",
    "GET /v1/agencies/{id}": "operator",
    "POST /v1/agencies/{id}/credit": "operator",
    "POST /v1/agencies/{id}/users": "operator",
    "POST /v1/agencies/{id}/users/disable": "operator",
    "GET /v1/agencies/{id}/tickets": "operator",
    "GET /v1/agencies/{id}/statement": "operator",
    "GET /v1/me": PEOPLE,
    "POST /v1/cards": "operator",
    "POST /v1/linked-cards/exchange": "operator merchant terminal customer",
    "POST /v1/linked-cards/recognise": TAKERS,
    "POST /v1/accounts/{id}/linked-cards": "operator customer",
    "GET /v1/accounts/{id}/linked-cards": "operator customer",
    "POST /v1/accounts/{id}/linked-cards/unlink": "operator customer",
    "POST /v1/cards/invitations": TAKERS,
    "GET /v1/cards/{id}": "operator customer",
    "GET /v1/accounts/{id}/cards": "operator customer",
    "POST /v1/cards/{id}/block": "operator customer",
    "POST /v1/cards/{id}/unblock": "operator",
    "POST /v1/cards/{id}/lost": "operator customer",
    "POST /v1/cards/{id}/tap-limit": "operator",
    "POST /v1/flights": "operator",
    "GET /v1/flights": MEMBERS,
    "GET /v1/flights/{id}": TAKERS,
    "POST /v1/flights/{id}/move": TAKERS,
    "POST /v1/flights/{id}/settle": TAKERS,
    "POST /v1/flights/{id}/tills": TAKERS,
    "GET /v1/flights/{id}/plan": TAKERS,
    "POST /v1/flights/{id}/entries": TAKERS,
    "POST /v1/flights/{id}/allowances": "customer",
    "POST /v1/flight-cases/{id}/close": "operator",
    "GET /v1/allowances": "customer",
    "GET /v1/allowances/{id}": "customer",
    "POST /v1/accounts/{id}/codes/offline": "customer",
    "GET /v1/accounts/{id}/limits": "operator customer",
    "PUT /v1/accounts/{id}/limits": "customer",
    "GET /v1/me/ways-to-pay": "customer",
    "PUT /v1/me/ways-to-pay": "customer",
    "POST /v1/passkeys/registration": "customer",
    "POST /v1/passkeys": "customer",
    "GET /v1/passkeys": "customer",
    "DELETE /v1/passkeys/{id}": "customer",
    "POST /v1/passkeys/confirm/options": "customer",
    "POST /v1/passkeys/confirm": "customer",
    "POST /v1/passkeys/sign-in/options": EVERYBODY,
    "POST /v1/passkeys/sign-in": EVERYBODY,
    "POST /v1/passkeys/enrolment": EVERYBODY,
    "POST /v1/passkeys/enrolment/complete": EVERYBODY,
    "GET /v1/me/sessions": "customer",
    "DELETE /v1/me/sessions/{id}": "customer",
    "POST /v1/me/sign-out": "customer",
    "POST /v1/accounts/{id}/enrolment": "operator",
    "GET /v1/counter": "counter",
    "POST /v1/counter/bookings": "counter",
    "POST /v1/counter/quotes": "counter",
    "POST /v1/counter/charges": "counter",
    "GET /v1/counter/charges/{id}": "counter",
    "POST /v1/counter/charges/{id}/cancel": "counter",
    "POST /v1/counter/charges/{id}/void": "counter",
    "POST /v1/counter/charges/{id}/refund": "counter",
    "POST /v1/counter/charges/{id}/use": "counter",
    "POST /v1/counter/emds": "counter",
    "POST /v1/counter/shifts": "counter",
    "GET /v1/counter/shifts": "counter",
    "GET /v1/counter/shifts/{id}": "counter",
    "POST /v1/counter/shifts/{id}/close": "counter",
    "GET /v1/demo": EVERYBODY,
    "POST /v1/demo/sign-in": EVERYBODY,
}

# A stream and a connection: no routes, and as well guarded.
CONVERSATIONS = {"GET /v1/events": PEOPLE, "GET /v1/terminal": PEOPLE}


def callers(house: House) -> dict[str, Caller]:
    return {
        "operator": house.operator,
        "merchant": house.office,
        "terminal": house.lounge,
        "customer": house.amira,
        "agent": house.agent,
        "counter": house.counter,
        "nobody": house.nobody,
    }


async def knock(caller: Caller, method: str, path: str, raw: bytes) -> Reply:
    return await caller._call(method, path, b"" if method == "GET" else raw, {})


def test_every_kind_of_principal_stands_in_the_table() -> None:
    assert {kind.value for kind in PrincipalKind} | {"nobody"} == set(EVERYBODY.split())


async def test_every_route_stands_in_the_table(house: House) -> None:
    assert {f"{route.method} {route.path}" for route in house.gateway.routes} == set(MAY)


@pytest.mark.parametrize("who", EVERYBODY.split())
async def test_a_principal_gets_into_its_routes_and_no_others(
    house: House, who: str
) -> None:
    caller = callers(house)[who]
    let_in = set()

    for name in MAY:
        method, path = name.split()
        path = path.replace("{id}", "none")
        reply = await knock(caller, method, path, b"no")
        if reply.status not in {401, 403}:
            let_in.add(name)
        else:
            assert reply.status == (401 if who == "nobody" else 403)
            assert (reply.kind, reply.body["happened"]) == (PROBLEM, "no")

    assert let_in == {name for name, kinds in MAY.items() if who in kinds.split()}


@pytest.mark.parametrize("who", EVERYBODY.split())
async def test_a_principal_gets_into_its_conversations_and_no_others(
    house: House, who: str
) -> None:
    caller = callers(house)[who]
    for name, kinds in CONVERSATIONS.items():
        url = house.base + name.split()[1]
        async with house.session.get(url, headers=caller.headers) as answer:
            # 400: it may, and asked without what makes it a WebSocket.
            assert answer.status in ({200, 400} if who in kinds.split() else {401})


@pytest.mark.parametrize("who", sorted({*PEOPLE.split()}))
async def test_a_connection_opens_no_route_that_is_closed_otherwise(
    house: House, who: str
) -> None:
    lines = {number: name.split() for number, name in enumerate(MAY)}
    async with Terminal(house, callers(house)[who]) as connection:
        answers = await connection.ask(
            *[
                {"id": number, "method": method, "path": path.replace("{id}", "none")}
                for number, (method, path) in lines.items()
            ]
        )

    let_in = {" ".join(lines[one["id"]]) for one in answers if one["status"] != 403}
    # Lines are JSON, so what is not JSON cannot be asked here by anybody.
    other = {
        f"{route.method} {route.path}"
        for route in house.gateway.routes
        if (route.takes, route.gives) != (JSON, JSON)
    }
    may = {name for name, kinds in MAY.items() if who in kinds.split()}
    assert let_in - other == may - other


def hidden(reply: Reply) -> None:
    """Not there, as far as this caller can tell."""
    assert reply.status == 404
    assert reply.body["happened"] == "no"


@pytest.mark.parametrize("verb", ["", "/entries"])
async def test_no_customer_reads_anothers_account(funded: House, verb: str) -> None:
    hidden(await funded.jonas.get(f"/v1/accounts/{AMIRA}{verb}"))


@pytest.mark.parametrize("verb", ["freeze", "unfreeze", "codes"])
async def test_no_customer_touches_anothers_account(funded: House, verb: str) -> None:
    hidden(await funded.jonas.post(f"/v1/accounts/{AMIRA}/{verb}"))
    [pot] = (await funded.amira.get(f"/v1/accounts/{AMIRA}")).body["pots"]

    assert pot["available_minor"] == 100_000
    assert (await funded.amira.get(f"/v1/accounts/{AMIRA}")).body["status"] == "open"


async def test_anothers_account_looks_as_if_it_were_not_there(funded: House) -> None:
    nowhere = "acc_" + "a" * 24

    theirs = await funded.jonas.get(f"/v1/accounts/{AMIRA}")
    missing = await funded.jonas.get(f"/v1/accounts/{nowhere}")

    assert theirs.raw.replace(AMIRA.encode(), nowhere.encode()) == missing.raw


async def test_no_merchant_reads_anothers_payment(funded: House) -> None:
    paid = await funded.charge(24_000)
    path = f"/v1/payments/{paid.body['id']}"

    hidden(await funded.dutyfree.get(path))
    hidden(await funded.jonas.get(path))
    missing = await funded.dutyfree.get(path[:-1] + "z")
    theirs = await funded.dutyfree.get(path)
    assert theirs.raw == missing.raw


@pytest.mark.parametrize("verb", ["increase", "capture", "void", "refund"])
async def test_no_merchant_touches_anothers_payment(funded: House, verb: str) -> None:
    hold = await funded.charge(24_000, capture="manual")
    body: Json = {"amount": money(1)} if verb == "increase" else {}

    hidden(await funded.dutyfree.post(f"/v1/payments/{hold.body['id']}/{verb}", body))

    assert (await funded.held(), await funded.available()) == (24_000, 76_000)


async def test_no_merchant_finds_or_reverses_anothers_attempt(funded: House) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, payer=code, key="till-1")
    attempt = {"key": "till-1", "payer": {"code": code}}

    hidden(await funded.dutyfree.post("/v1/payments/lookup", attempt))
    reversed_ = await funded.dutyfree.post("/v1/payments/reverse", attempt)

    assert reversed_.body == {"outcome": "tombstoned", "payment": None}
    seen = await funded.lounge.get(f"/v1/payments/{paid.body['id']}")
    assert seen.body["status"] == "captured"


async def test_a_till_finds_its_own_attempts_and_not_its_offices(funded: House) -> None:
    code = await funded.code()
    await funded.charge(24_000, payer=code, key="till-1")
    attempt = {"key": "till-1", "payer": {"code": code}}

    hidden(await funded.office.post("/v1/payments/lookup", attempt))


async def test_no_third_party_reads_a_transfer(funded: House) -> None:
    body = {"from": AMIRA, "to": JONAS, "amount": money(1)}
    sent = await funded.amira.post("/v1/transfers", body)
    await funded.wallet("mei", QAR=0)
    path = f"/v1/transfers/{sent.body['id']}"

    theirs = await funded.mei.get(path)
    missing = await funded.mei.get(path[:-1] + "z")

    hidden(theirs)
    assert theirs.raw == missing.raw


async def test_an_operator_reads_everything(funded: House) -> None:
    paid = await funded.charge(24_000)
    order = await funded.lounge.post("/v1/orders", {"amount": money(1), "order": "A-18"})

    paths = [
        f"/v1/accounts/{AMIRA}",
        f"/v1/accounts/{AMIRA}/entries",
        f"/v1/payments/{paid.body['id']}",
        f"/v1/orders/{order.body['id']}",
    ]

    assert [(await funded.operator.get(path)).status for path in paths] == [200] * 4


async def test_a_merchant_may_say_who_it_is(funded: House) -> None:
    itself = await funded.charge(1, merchant=LOUNGE)
    another = await funded.charge(1, merchant=DUTYFREE)

    assert (itself.status, another.status) == (201, 403)


async def test_an_operator_says_for_whom_it_charges(funded: House) -> None:
    body = {"amount": money(1), "payer": {"account": AMIRA}, "order": "A-17"}

    refused = await funded.operator.post("/v1/payments", body)

    assert (refused.status, refused.body["field"]) == (400, "$.merchant")
    assert "which merchant" in refused.body["detail"]
