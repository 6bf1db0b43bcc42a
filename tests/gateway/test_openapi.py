"""The document is a document, and it is true."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import msgspec
import pytest

from channels.route import Route
from gateway.openapi import PROBLEMS
from gateway.world import AGENCY
from ledger.clock import DAY_MS
from services.asking import ASK_MS
from terminals.merchant_code import Shop, write_code
from tests.channels.agency import (
    FLEX_MINOR,
    Agency,
    Line,
    far_airline,
    open_agency,
    ticket_body,
)
from tests.channels.ndc import order_create
from tests.gateway.calls import CALLS, held_path
from tests.gateway.cards import every_answer, linked
from tests.gateway.counter_calls import every_answer_of_a_counter
from tests.gateway.harness import AMIRA, JONAS, Caller, House, Json, money
from tests.gateway.office_calls import what_offices_do
from tests.gateway.passkeys import every_answer_about_passkeys
from tests.gateway.registry import all_that_can_be_asked
from tests.gateway.road import Fate
from tests.gateway.stores import broken
from tests.inflight.answers import every_answer_about_flights

# A stream and a conversation: their answers are tested where they are.
NO_ROUTES = {"GET /v1/events", "GET /v1/terminal"}
KINDS = {"string", "integer", "boolean", "object", "array", "null"}


async def document(house: House) -> Json:
    reply = await house.nobody.get("/openapi.json")
    assert (reply.status, reply.kind) == (200, "application/json")
    return reply.body


def operations(doc: Json) -> Iterator[tuple[str, Json]]:
    for path, methods in doc["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def parts(value: Json) -> Iterator[Json]:
    """Every object of the document, the outer before the inner."""
    if isinstance(value, dict):
        yield value
    inner = value.values() if isinstance(value, dict) else value
    if isinstance(value, dict | list):
        for part in inner:
            yield from parts(part)


async def test_the_document_is_openapi(house: House) -> None:
    doc = await document(house)

    assert doc["openapi"] == "3.1.0"
    assert set(doc) == {"openapi", "info", "paths", "components"}
    assert {"title", "version"} <= set(doc["info"])
    ids = [operation["operationId"] for _, operation in operations(doc)]
    assert len(set(ids)) == len(ids)
    for name, operation in operations(doc):
        assert operation["summary"], name
        assert all(answer["description"] for answer in operation["responses"].values())
        for requirement in operation.get("security", []):
            assert set(requirement) <= set(doc["components"]["securitySchemes"])


async def test_every_reference_leads_somewhere(house: House) -> None:
    doc = await document(house)
    references = [part["$ref"] for part in parts(doc) if "$ref" in part]

    assert references
    for reference in references:
        target = doc
        for step in reference.removeprefix("#/").split("/"):
            target = target[step]


async def test_every_schema_is_a_schema(house: House) -> None:
    schemas = (await document(house))["components"]["schemas"]

    for schema in parts(list(schemas.values())):
        if isinstance(schema.get("type"), str):
            assert schema["type"] in KINDS
        if "properties" in schema and isinstance(schema.get("required"), list):
            assert set(schema["required"]) <= set(schema["properties"])


async def test_every_route_is_in_the_document_with_its_parameters(house: House) -> None:
    documented = dict(operations(await document(house)))

    routes = {f"{route.method} {route.path}": route for route in house.gateway.routes}
    assert set(documented) == {*routes, *NO_ROUTES}
    for name, route in routes.items():
        listed = documented[name]["parameters"]
        named = {(parameter["in"], parameter["name"]) for parameter in listed}
        assert (("header", "Idempotency-Key") in named) == route.keyed
        assert {n for where, n in named if where == "path"} == (
            {"id"} if "{id}" in route.path else set()
        )
        assert ("requestBody" in documented[name]) == (route.body is not None)


async def test_a_body_is_required_where_it_has_a_required_field(house: House) -> None:
    documented = dict(operations(await document(house)))

    required = {
        name: operation["requestBody"]["required"]
        for name, operation in documented.items()
        if "requestBody" in operation
    }

    assert required["POST /v1/payments"]
    assert not required["POST /v1/payments/{id}/capture"]
    assert not required["POST /v1/payments/{id}/void"]


Walk = Callable[[House], Awaitable[object]]

UNKNOWN = {
    "accounts": "acc_" + "a" * 24,
    "payments": "pay_" + "a" * 32,
    "transfers": "trf_" + "a" * 32,
    "orders": "ord_" + "a" * 24,
    "terminals": "trm_" + "a" * 24,
    "webhooks": "whk_" + "a" * 24,
    "settlements": "stl_" + "a" * 24,
    "payouts": "trf_" + "a" * 32,
    "agencies": "agy_" + "a" * 24,
    "agency": "tkt_" + "a" * 24,
    "cards": "crd_" + "a" * 24,
    "flights": "flt_" + "a" * 24,
    "flight-cases": "cas_" + "a" * 24,
    "allowances": "alw_" + "a" * 24,
    "passkeys": "pky_" + "a" * 24,
    "me": "ses_" + "a" * 24,
    "counter": "chg_" + "a" * 24,
}
# A body that can be decoded, where one without fields cannot.
SOME = {
    "/v1/flights/{id}/move": {"to": "boarded"},
    "/v1/flights/{id}/tills": {"name": "Trolley 1", "public_key": "A" * 43 + "="},
    "/v1/flights/{id}/allowances": {"amount": money(1), "public_key": "A" * 43 + "="},
    "/v1/payouts/{id}/paid": {"evidence": {"source": "bank", "reference": "stmt-0"}},
    "/v1/payments/{id}/increase": {"amount": money(1)},
    "/v1/counter/charges/{id}/use": {"coupons": [1]},
    "/v1/cards/{id}/tap-limit": {"tap_limit": None},
    "/v1/accounts/{id}/limits": {"limits": []},
    "/v1/accounts/{id}/linked-cards": linked(),
    "/v1/accounts/{id}/linked-cards/unlink": {"token": linked()["token"]},
    "/v1/accounts/{id}/top-ups": {
        "amount": money(1),
        "evidence": {"source": "bank", "reference": "stmt-1"},
    },
}


AGENCY_BODIES: Json = {
    "validations": {"amount": money(1)},
    "alerts": {"below_minor": 1, "currency": "QAR"},
    "numbers": {"amount": money(1)},
    "tickets": ticket_body(),
    "refunds": {"clearance_id": "pay_" + "a" * 32},
}


def callers(house: House) -> tuple[Caller, ...]:
    return house.operator, house.lounge, house.amira, house.agent, house.counter


async def knock(
    caller: Caller, route: Route, body: Json = None, *, of: str = "none"
) -> None:
    """At a route, of something that is not there."""
    path = route.path.replace("{id}", of)
    if route.method == "POST":
        await caller.post(path, body)
    else:
        raw = b"" if route.body is None else msgspec.json.encode(body or {})
        await caller._call(route.method, path, raw, {})


async def refusals_of_its_shape(house: House) -> None:
    """401, 403, 413 and 400 do not depend on what a route is for."""
    for route in house.gateway.routes:
        path = route.path.replace("{id}", "none")
        for caller in (house.nobody, house.visitor, *callers(house)):
            if route.body is None:
                await knock(caller, route)
                continue
            await caller._call(route.method, path, b"no", {})
            await caller._call(route.method, path, b" " * 20_000, {})


async def refusals_of_who_is_slow(house: House) -> None:
    never = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"{"
        await never.wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gateway.server.BODY_S", 0.0)
        for route in house.gateway.routes:
            if route.body is None:
                continue
            path = route.path.replace("{id}", "none")
            for caller in callers(house):
                await caller._call(route.method, path, body(), {})


async def refusals_of_too_many_tries(house: House) -> None:
    limits = house.gateway.limits
    for _ in range(limits.failed_keys.rate.burst):
        limits.failed_keys.spend("127.0.0.1")
        limits.sign_ins.spend("127.0.0.1")
    stranger = Caller(house, "ak_" + "b" * 32)
    for route in house.gateway.routes:
        await knock(stranger, route)
    house.clock.advance(limits.failed_keys.rate.every_ms * limits.failed_keys.rate.burst)


async def refusals_of_a_broken_store(house: House) -> None:
    with broken(house.store):
        house.gateway.shared.principals.clear()
        for route in house.gateway.routes:
            for caller in callers(house):
                await knock(caller, route, {"who": "amira"})


async def what_is_not_there(house: House) -> None:
    for route in house.gateway.routes:
        if "{id}" not in route.path:
            continue
        unknown = UNKNOWN[route.path.split("/")[2]]
        for caller in callers(house):
            await knock(caller, route, SOME.get(route.path, {}), of=unknown)
    nowhere = {"account": UNKNOWN["accounts"]}
    attempt = {"key": "k", "payer": nowhere}
    await house.operator.post("/v1/payments/lookup", attempt)
    await house.operator.post("/v1/payments/reverse", attempt)
    await house.charge(1, payer="hQVDUFYwMQ==", merchant=None, by=house.lounge)
    merchant = (await house.lounge.get("/v1/me")).body["merchant"]
    charge = {"amount": money(1), "payer": nowhere, "order": "A", "merchant": merchant}
    await house.operator.post("/v1/payments", charge)
    sent = {"from": UNKNOWN["accounts"], "to": AMIRA, "amount": money(1)}
    await house.operator.post("/v1/transfers", sent)
    await house.nobody.post("/v1/demo/sign-in", {"who": "nobody"})


async def what_agencies_do(house: House) -> None:
    """And what becomes of them when their account is no agency's, or the airline is silent."""
    for route in house.gateway.routes:
        if route.path.startswith(("/v1/agency", "/v1/ndc")):
            path = route.path.replace("{id}", UNKNOWN["agency"])
            body = AGENCY_BODIES.get(route.path.rpartition("/")[2], {})
            await (
                house.agent.get(path)
                if route.method == "GET"
                else house.agent.post(path, body)
            )
    await house.operator.post("/v1/agencies", AGENCY | {"currencies": ["XYZ"]})
    agency = await open_agency(house, QAR=6 * FLEX_MINOR)
    await house.operator.post("/v1/agencies", AGENCY)
    for path in ("", "/statement", "/tickets", "/statement?from=no", "/tickets?limit=no"):
        await house.operator.get(f"/v1/agencies/{agency.id}{path}")
        await house.agent.get(f"/v1/agency{path}")
    credit = {"limit_minor": 1, "currency": "QAR"}
    await house.operator.post(f"/v1/agencies/{agency.id}/credit", credit)
    await house.operator.post(f"/v1/agencies/{UNKNOWN['agencies']}/credit", credit)
    await house.operator.get("/v1/agencies")
    await house.agent.get("/v1/agency/statement.csv")
    await house.agent.get("/v1/agency/statement.csv?from=no")
    user = {"name": "Second desk"}
    nowhere = f"/v1/agencies/{UNKNOWN['agencies']}/users"
    await house.operator.post(nowhere, user)
    await house.operator.post(f"{nowhere}/disable", {"user": "prn_" + "a" * 24})
    added = await house.operator.post(f"/v1/agencies/{agency.id}/users", user)
    user = {"user": added.body["id"]}
    await house.operator.post(f"/v1/agencies/{agency.id}/users/disable", user)
    for body in AGENCY_BODIES.values():
        for path in ("validations", "alerts"):
            await house.agent.post(f"/v1/agency/{path}", body)
    number = await agency.number()
    await house.agent.get("/v1/agency/numbers")
    await house.agent.post(f"/v1/agency/numbers/{number.body['id']}/cancel")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.statements.ENTRIES_WALKED_MAX", 0)
        for path in ("/v1/agency/statement", "/v1/agency/statement.csv"):
            await house.agent.get(path)
        await house.operator.get(f"/v1/agencies/{agency.id}/statement")
    for key in ("ndc-1", None):
        await house.agent.post("/v1/ndc/21.3/order-create", order_create(), key)
    await tickets_that_end_in_every_way(house, agency)


async def tickets_that_end_in_every_way(house: House, agency: Agency) -> None:
    made = await agency.ticket()
    await agency.ticket(90_000, offer="DOH-SOLD-OUT")
    await agency.ticket(amount=money(298_000, "EUR"), offer="LHR-DOH-FLEX")  # 402
    await house.agent.get(f"/v1/agency/tickets/{made.body['id']}")
    refund = {"clearance_id": made.body["clearance_id"], "amount": money(1)}
    await house.agent.post("/v1/agency/refunds", refund)
    await house.agent.post("/v1/agency/refunds", refund | {"amount": money(10**9)})
    await house.agent.post(f"/v1/agency/tickets/{made.body['id']}/void")  # 409
    far_airline(agency, *[Line.LOSES_ITS_ANSWER] * 2)
    await agency.ticket()
    await house.agent.post("/v1/agency/refunds", refund)
    made = await agency.ticket()
    far_airline(agency, Line.LOSES_ITS_ANSWER)
    void = f"/v1/agency/tickets/{made.body['id']}/void"
    await house.agent.post(void)
    await house.agent.post(void)


async def what_people_decide(house: House) -> None:
    path = f"/v1/accounts/{AMIRA}"
    await house.amira.post(f"{path}/codes/offline")
    await house.amira.put(f"{path}/limits", {"limits": []})
    await house.amira.get(f"{path}/limits")
    await house.amira.get("/v1/me/ways-to-pay")
    await house.amira.put("/v1/me/ways-to-pay", {"ways": []})
    await house.mei.get("/v1/me/ways-to-pay")  # nobody has opened her wallet
    await house.mei.put("/v1/me/ways-to-pay", {"ways": []})


async def what_is_asked_is_done(house: House) -> None:
    """Every call that takes a key, and each that does not. Closing comes last."""
    names = [name for name in CALLS if not name.endswith("/close")]
    for name in [*names, "/v1/accounts/{id}/close"]:
        call = await CALLS[name](house)
        reply = await call.caller.post(call.path, call.body)
        if name.endswith("/freeze"):
            await house.amira.post(f"/v1/accounts/{AMIRA}/unfreeze")
        assert reply.status in {200, 201, 402}, reply.raw


async def what_is_there_is_read(house: House) -> None:
    code = await house.code()
    paid = await house.charge(100, payer=code, key="till-1")
    sent = await house.amira.post(
        "/v1/transfers", {"from": AMIRA, "to": JONAS, "amount": money(1)}
    )
    order = await house.lounge.post("/v1/orders", {"amount": money(1), "order": "A"})
    await house.amira.get(f"/v1/payments/{paid.body['id']}")
    await house.amira.get(f"/v1/payments/{paid.body['id']}/receipt")
    await house.amira.get(f"/v1/transfers/{sent.body['id']}")
    await house.amira.get(f"/v1/orders/{order.body['id']}")
    await house.amira.get(f"/v1/accounts/{AMIRA}")
    await house.amira.get(f"/v1/accounts/{AMIRA}/entries")
    await house.amira.get(f"/v1/accounts/{AMIRA}/entries.csv")
    await house.amira.get(f"/v1/accounts/{AMIRA}/entries.jsonl")
    attempt = {"key": "till-1", "payer": {"code": code}}
    await house.lounge.post("/v1/payments/lookup", attempt)
    await house.amira.get("/v1/me")
    await house.lounge.get("/v1/payments")
    await house.lounge.get("/v1/payments?before=none")
    await house.lounge.get("/v1/takings")
    await house.lounge.get("/v1/takings?day=none")
    await house.nobody.get("/v1/demo")
    await house.nobody.post("/v1/demo/sign-in", {"who": "amira"})
    await house.amira.post(f"/v1/orders/{order.body['id']}/pay")
    await house.jonas.post(f"/v1/orders/{order.body['id']}/pay")  # 409: paid


async def what_cannot_be_done(house: House) -> None:
    """The wrong state, or too little money: 409 and 402."""
    hold = await held_path(house)
    await house.lounge.post(f"{hold}/increase", {"amount": money(10**9)})
    await house.lounge.post(f"{hold}/refund")
    await house.lounge.post(f"{hold}/void")
    for verb in ("void", "capture"):
        await house.lounge.post(f"{hold}/{verb}")
    await house.lounge.post(f"{hold}/increase", {"amount": money(1)})
    order = await house.lounge.post("/v1/orders", {"amount": money(10**9), "order": "A"})
    await house.amira.post(f"/v1/orders/{order.body['id']}/pay")
    sent = {"from": AMIRA, "to": JONAS, "amount": money(10**9)}
    await house.amira.post("/v1/transfers", sent)
    await house.amira.post(f"/v1/accounts/{AMIRA}/unfreeze")
    await house.amira.post(f"/v1/accounts/{AMIRA}/freeze")
    await house.amira.post(f"/v1/accounts/{AMIRA}/freeze")
    await house.amira.post("/v1/transfers", sent)
    await house.amira.post(f"/v1/accounts/{AMIRA}/unfreeze")
    await house.top_up(AMIRA, 1, evidence="stmt-1")
    await house.top_up(AMIRA, 1, evidence="stmt-1")
    await barred_and_unreadable(house)


async def barred_and_unreadable(house: House) -> None:
    attempt = {"key": "late", "payer": {"code": await house.code()}}
    await house.lounge.post("/v1/payments/reverse", attempt)
    await house.lounge.post("/v1/payments/lookup", attempt)
    unreadable = {"key": "late", "payer": {"code": "hQVDUFYwMQ=="}}
    await house.lounge.post("/v1/payments/lookup", unreadable)
    await house.lounge.post("/v1/payments/reverse", unreadable)


async def what_is_not_known_yet(house: House) -> None:
    code = await house.code()
    house.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)
    await house.charge(1, payer=code)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("services.transfers.LOOKS_MAX", 0)
        await house.top_up(AMIRA, 1, evidence="stmt-2")
        sent = {"from": AMIRA, "to": JONAS, "amount": money(1)}
        await house.amira.post("/v1/transfers", sent)


async def what_a_counter_shows(house: House) -> None:
    """Merchants' codes: scanned, paid, not there, paid by another, too much, without an answer."""
    await house.lounge.post("/v1/merchant-codes", {"order": UNKNOWN["orders"]})
    static = await house.lounge.post("/v1/merchant-codes", {"currency": "QAR"})
    scanned = {"code": static.body["payload"]}
    made = await house.lounge.post("/v1/orders", {"amount": money(1), "order": "A"})
    dynamic = await house.lounge.post("/v1/merchant-codes", {"order": made.body["id"]})
    shop = Shop(
        merchant="mer_" + "a" * 24, name="Nobody", mcc="0000", city="None", country="QA"
    )
    paying = scanned | {"amount": money(1)}
    nobodys = {"code": write_code(shop, currency="QAR")}
    for path, body in (("/v1/scans", scanned), ("/v1/scans/pay", paying)):
        await house.amira.post(path, body)
        await house.amira.post(path, nobodys)
    await house.amira.post("/v1/scans/pay", {"code": dynamic.body["payload"]})
    await house.jonas.post("/v1/scans/pay", {"code": dynamic.body["payload"]})
    await house.jonas.post("/v1/scans/pay", scanned | {"amount": money(10**9)})
    house.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)
    await house.amira.post("/v1/scans/pay", paying)


async def what_is_closed_is_closed(house: House) -> None:
    await house.operator.post(f"/v1/accounts/{AMIRA}/close")


async def who_is_gone_is_forgotten(house: House) -> None:
    """Years later: nothing comes after it."""
    opened = await house.operator.post("/v1/accounts", {"currencies": ["QAR"]})
    path = f"/v1/accounts/{opened.body['id']}"
    await house.operator.post(f"{path}/forget")
    await house.operator.post(f"{path}/close")
    house.clock.advance(house.config.retention_days * DAY_MS)
    await house.operator.post(f"{path}/forget")
    await house.operator.post(f"{path}/enrolment")


WALKS: list[Walk] = [
    refusals_of_its_shape,
    refusals_of_who_is_slow,
    refusals_of_too_many_tries,
    refusals_of_a_broken_store,
    what_is_not_there,
    what_is_there_is_read,
    what_offices_do,
    what_cannot_be_done,
    what_is_not_known_yet,
    all_that_can_be_asked,
    what_a_counter_shows,
    what_agencies_do,
    every_answer_of_a_counter,
    every_answer_about_flights,
    every_answer_about_passkeys,
    what_people_decide,
    what_is_asked_is_done,
    every_answer,
    what_is_closed_is_closed,
    who_is_gone_is_forgotten,
]


@pytest.mark.slow
async def test_every_status_in_the_document_can_be_had(house: House) -> None:
    """And every one that was had is in the document: the harness looks at each answer."""
    await house.wallet("amira", QAR=500_000)
    await house.wallet("jonas", QAR=0)
    documented = {
        (name, status)
        for name, operation in operations(await document(house))
        for status in operation["responses"]
        if name not in NO_ROUTES
    }

    for walk in WALKS:
        await walk(house)

    # That a key is not used for something else is tested in test_idempotency.py.
    missing = documented - house.declared.seen
    assert {pair for pair in missing if pair[1] != "422"} == set()


def test_every_refusal_is_described() -> None:
    assert all(text and not text.endswith(".") for text in PROBLEMS.values())
