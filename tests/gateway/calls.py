"""One call of every route that takes a key, with another that the key must not be used for."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from gateway.world import AGENCY
from services.counter.demo_departures import BOOKINGS
from tests.channels.agency import FLEX_MINOR, open_agency, ticket_body
from tests.channels.ndc import order_create
from tests.counter.counters import HEAVY, PEARL, open_counter
from tests.gateway.harness import AMIRA, DUTYFREE, JONAS, LOUNGE, Caller, House, Json, money
from tests.inflight.ground import flight_body, ground


class Call(NamedTuple):
    """other: another request that this key must not be used for."""

    caller: Caller
    path: str
    body: Json
    other: Json


async def held_path(house: House) -> str:
    """The path of a hold."""
    hold = await house.charge(24_000, capture="manual")
    return f"/v1/payments/{hold.body['id']}"


async def open_account(house: House) -> Call:
    return Call(
        house.operator, "/v1/accounts", {"currencies": ["QAR"]}, {"currencies": ["EUR"]}
    )


async def top_up(house: House) -> Call:
    evidence = {"source": "bank", "reference": "stmt-17"}
    body = {"amount": money(1), "evidence": evidence}
    other = body | {"amount": money(2)}
    return Call(house.operator, f"/v1/accounts/{AMIRA}/top-ups", body, other)


async def freeze(house: House) -> Call:
    return Call(house.amira, f"/v1/accounts/{AMIRA}/freeze", {}, None)


async def unfreeze(house: House) -> Call:
    await house.amira.post(f"/v1/accounts/{AMIRA}/freeze")
    return Call(house.amira, f"/v1/accounts/{AMIRA}/unfreeze", {}, None)


async def close(house: House) -> Call:
    return Call(house.operator, f"/v1/accounts/{AMIRA}/close", {}, None)


async def transfer(house: House) -> Call:
    body = {"from": AMIRA, "to": JONAS, "amount": money(1)}
    return Call(house.amira, "/v1/transfers", body, body | {"amount": money(2)})


async def pay(house: House) -> Call:
    payer = {"code": await house.code()}
    body = {"amount": money(24_000), "payer": payer, "order": "A-17"}
    return Call(house.lounge, "/v1/payments", body, body | {"amount": money(24_001)})


async def decline(house: House) -> Call:
    payer = {"code": await house.code()}
    body = {"amount": money(900_000), "payer": payer, "order": "A-17"}
    return Call(house.lounge, "/v1/payments", body, body | {"place": "DOH-T1-B13"})


async def reverse(house: House) -> Call:
    code = {"code": await house.code()}
    await house.charge(24_000, payer=code["code"], key="till-1")
    body = {"key": "till-1", "payer": code}
    return Call(house.lounge, "/v1/payments/reverse", body, body | {"key": "till-2"})


async def increase(house: House) -> Call:
    body, other = {"amount": money(1)}, {"amount": money(2)}
    return Call(house.lounge, f"{await held_path(house)}/increase", body, other)


async def capture(house: House) -> Call:
    body = {"amount": money(1), "final": False}
    return Call(
        house.lounge, f"{await held_path(house)}/capture", body, body | {"final": True}
    )


async def void(house: House) -> Call:
    return Call(house.lounge, f"{await held_path(house)}/void", {}, None)


async def refund(house: House) -> Call:
    paid = await house.charge(24_000)
    path = f"/v1/payments/{paid.body['id']}/refund"
    return Call(house.lounge, path, {"amount": money(1)}, {"amount": money(2)})


async def order(house: House) -> Call:
    body = {"amount": money(24_000), "order": "A-17"}
    return Call(house.lounge, "/v1/orders", body, body | {"order": "A-18"})


async def register(house: House) -> Call:
    body = {"merchant": LOUNGE, "name": "B12", "place": "DOH-T1-B12"}
    return Call(house.operator, "/v1/terminals", body, body | {"name": "B13"})


async def card(house: House) -> Call:
    return Call(house.operator, "/v1/cards", {"account": AMIRA}, {"account": JONAS})


async def scan(house: House) -> Call:
    made = await house.lounge.post("/v1/merchant-codes", {"currency": "QAR"}, None)
    body = {"code": made.body["payload"], "amount": money(24_000)}
    return Call(house.amira, "/v1/scans/pay", body, body | {"amount": money(24_001)})


async def agency_open(house: House) -> Call:
    body = AGENCY | {"iata_code": "04212353"}
    return Call(house.operator, "/v1/agencies", body, body | {"name": "Other Travel"})


async def agency_number(house: House) -> Call:
    await open_agency(house)
    return Call(
        house.agent, "/v1/agency/numbers", {"amount": money(1)}, {"amount": money(2)}
    )


async def agency_ticket(house: House) -> Call:
    await open_agency(house, QAR=FLEX_MINOR)
    body = ticket_body()
    return Call(house.agent, "/v1/agency/tickets", body, body | {"order": "OTHER"})


async def agency_credit(house: House) -> Call:
    agency = await open_agency(house)
    body = {"limit_minor": 100, "currency": "QAR"}
    other = body | {"limit_minor": 200}
    return Call(house.operator, f"/v1/agencies/{agency.id}/credit", body, other)


async def agency_decline(house: House) -> Call:
    await open_agency(house)
    body = ticket_body()
    return Call(house.agent, "/v1/agency/tickets", body, body | {"order": "OTHER"})


async def agency_refund(house: House) -> Call:
    agency = await open_agency(house, QAR=FLEX_MINOR)
    clearance = (await agency.ticket()).body["clearance_id"]
    body = {"clearance_id": clearance, "amount": money(1)}
    return Call(house.agent, "/v1/agency/refunds", body, body | {"amount": money(2)})


async def ndc_order(house: House) -> Call:
    await open_agency(house, QAR=FLEX_MINOR)
    other = order_create().replace(b"EXAMPLE", b"ANOTHER")
    return Call(house.agent, "/v1/ndc/21.3/order-create", order_create(), other)


async def webhook(house: House) -> Call:
    body = {"url": "https://shop.example/news"}
    return Call(house.office, "/v1/webhooks", body, {"url": "https://shop.example/other"})


async def flight(house: House) -> Call:
    body = flight_body(AMIRA)
    return Call(house.operator, "/v1/flights", body, body | {"number": "QR18"})


async def set_aside(house: House) -> Call:
    planned = await ground(house)
    body = {"amount": money(1), "public_key": "A" * 43 + "="}
    return Call(
        house.amira, f"{planned.path}/allowances", body, body | {"amount": money(2)}
    )


async def settlement(house: House) -> Call:
    body = {"merchant": LOUNGE}
    return Call(house.operator, "/v1/settlements", body, {"merchant": DUTYFREE})


async def earned(house: House) -> None:
    """The lounge has taken something, and that is settled."""
    await house.charge(5_000)
    await house.operator.post("/v1/settlements", {"merchant": LOUNGE}, "earned")
    while await house.back_office.settle():
        await house.relay.step()


async def payout(house: House) -> Call:
    await earned(house)
    body = {"merchant": LOUNGE, "amount": money(1)}
    return Call(house.operator, "/v1/payouts", body, body | {"amount": money(2)})


async def asked_payout(house: House) -> str:
    await earned(house)
    reply = await house.office.post("/v1/payouts", {"amount": money(1)})
    return f"/v1/payouts/{reply.body['id']}"


async def approve(house: House) -> Call:
    path = await asked_payout(house)
    return Call(house.operator, f"{path}/approve", {}, None)


async def cancel(house: House) -> Call:
    path = await asked_payout(house)
    return Call(house.operator, f"{path}/cancel", {}, None)


async def paid_out(house: House) -> Call:
    path = await asked_payout(house)
    await house.operator.post(f"{path}/approve")
    body = {"evidence": {"source": "bank", "reference": "stmt-9"}}
    other = {"evidence": {"source": "bank", "reference": "stmt-10"}}
    return Call(house.operator, f"{path}/paid", body, other)


async def counter_charge(house: House) -> Call:
    await open_counter(house)
    body = await excess(house)
    return Call(
        house.counter,
        "/v1/counter/charges",
        body,
        body | {"ticket": BOOKINGS["FALCN3"].travellers[0].ticket},
    )


async def excess(house: House) -> Json:
    """A charge of what these bags cost now, whatever this traveller has checked in before."""
    bags = {"ticket": PEARL, "bags": HEAVY}
    quote = await house.counter.post("/v1/counter/quotes", bags)
    return bags | {"amount": quote.body["amount"], "payer": {"code": await house.code()}}


async def charged(house: House) -> str:
    await open_counter(house)
    charge = await house.counter.post("/v1/counter/charges", await excess(house))
    return f"/v1/counter/charges/{charge.body['id']}"


async def counter_void(house: House) -> Call:
    return Call(house.counter, f"{await charged(house)}/void", {}, None)


async def counter_refund(house: House) -> Call:
    path = f"{await charged(house)}/refund"
    return Call(house.counter, path, {"coupons": [1]}, {"coupons": [2]})


CALLS: dict[str, Callable[[House], Awaitable[Call]]] = {
    "/v1/accounts": open_account,
    "/v1/cards": card,
    "/v1/accounts/{id}/top-ups": top_up,
    "/v1/accounts/{id}/freeze": freeze,
    "/v1/accounts/{id}/unfreeze": unfreeze,
    "/v1/accounts/{id}/close": close,
    "/v1/transfers": transfer,
    "/v1/payments": pay,
    "/v1/payments (declined)": decline,
    "/v1/payments/reverse": reverse,
    "/v1/payments/{id}/increase": increase,
    "/v1/payments/{id}/capture": capture,
    "/v1/payments/{id}/void": void,
    "/v1/payments/{id}/refund": refund,
    "/v1/orders": order,
    "/v1/webhooks": webhook,
    "/v1/settlements": settlement,
    "/v1/payouts": payout,
    "/v1/payouts/{id}/approve": approve,
    "/v1/payouts/{id}/cancel": cancel,
    "/v1/payouts/{id}/paid": paid_out,
    "/v1/terminals": register,
    "/v1/scans/pay": scan,
    "/v1/agencies": agency_open,
    "/v1/agency/numbers": agency_number,
    "/v1/agency/tickets": agency_ticket,
    "/v1/agency/tickets (declined)": agency_decline,
    "/v1/agency/refunds": agency_refund,
    "/v1/agencies/{id}/credit": agency_credit,
    "/v1/ndc/21.3/order-create": ndc_order,
    "/v1/counter/charges": counter_charge,
    "/v1/counter/charges/{id}/void": counter_void,
    "/v1/counter/charges/{id}/refund": counter_refund,
    "/v1/flights": flight,
    "/v1/flights/{id}/allowances": set_aside,
}
