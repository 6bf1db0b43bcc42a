"""A walk through everything that the routes of flights can answer."""

from tests.gateway.harness import AMIRA, House, money
from tests.inflight.ground import flight_body, ground

NO_KEY = "A" * 43 + "="


async def every_answer_about_flights(house: House) -> None:
    flight = await ground(house, tills=0)
    unknown = flight_body(AMIRA, merchant="mer_" + "a" * 24)
    await house.operator.post("/v1/flights", unknown)
    for caller in (house.operator, house.lounge, house.amira):
        await caller.get("/v1/flights")
    await flight.ask_aside(1)  # 409: no till yet
    await flight.join(2)
    foreign = {"amount": money(1, "EUR"), "public_key": NO_KEY}
    await house.amira.post(f"{flight.path}/allowances", foreign)
    await flight.ask_aside(10**12)  # 402
    phone = await flight.set_aside(100)
    await house.amira.get(f"/v1/allowances/{phone.allowance}")
    await house.amira.get("/v1/allowances")
    await flight.take_off()
    late = {"name": "Late", "public_key": NO_KEY}
    await house.lounge.post(f"{flight.path}/tills", late, None)
    await house.lounge.post(f"{flight.path}/move", {"to": "open"}, None)
    frame = phone.show()
    for till in flight.tills:
        till.sell(frame, 10)
        await flight.tell(till.journal())
    await house.lounge.post(f"{flight.path}/entries", b"", None)
    await house.lounge.post(f"{flight.path}/settle", {}, None)
    [case] = (await flight.report())["cases"]
    await house.operator.post(f"/v1/flight-cases/{case['id']}/close", {}, None)
