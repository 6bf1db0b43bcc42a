"""What an agent at a counter asks for, in every way that it can end, for test_openapi."""

from services.counter.demo_departures import BOOKINGS, CLOSED
from tests.counter.counters import (
    HEAVY,
    HEAVY_MINOR,
    PEARL,
    SUITCASES,
    Counter,
    Line,
    far_departures,
    open_counter,
)
from tests.gateway.harness import House

NO_TICKET = "0002300009994"


async def every_answer_of_a_counter(house: House) -> None:
    agent = house.counter
    await agent.get("/v1/counter")
    await agent.get("/v1/counter/shifts")
    await agent.post("/v1/counter/charges", {"ticket": PEARL})
    for ticket in (PEARL, NO_TICKET):
        for path, body in (
            ("bookings", {"booking": ticket}),
            ("quotes", {"ticket": ticket, "bags": SUITCASES}),
        ):
            await agent.post(f"/v1/counter/{path}", body)
    for name in ("NOBODY", PEARL[:-1] + str((int(PEARL[-1]) + 1) % 7)):
        await agent.post("/v1/counter/bookings", {"booking": name})
    await agent.post(
        "/v1/counter/quotes", {"ticket": PEARL, "bags": [{"weight_g": 99_000}]}
    )
    counter = await open_counter(house)
    await charges_that_end_in_every_way(counter)
    await undos_that_end_in_every_way(counter)
    await agent.get(f"/v1/counter/shifts/{counter.shift}")
    await agent.post(f"/v1/counter/shifts/{counter.shift}/close")


async def charges_that_end_in_every_way(counter: Counter) -> None:
    await counter.charge(minor=1)  # 422
    await counter.charge(ticket=NO_TICKET)  # 404
    closed = BOOKINGS[CLOSED].travellers[0].ticket
    await counter.charge(SUITCASES[:1], ticket=closed)  # 409
    frozen = f"/v1/accounts/{(await counter.house.amira.get('/v1/me')).body['account']}"
    code = await counter.house.code()
    await counter.house.amira.post(f"{frozen}/freeze")
    await counter.charge(code=code)  # 402
    await counter.house.amira.post(f"{frozen}/unfreeze")
    awaiting = (await counter.charge(payer=None)).body
    await counter.agent.get(f"/v1/counter/charges/{awaiting['id']}")
    await counter.agent.post(f"/v1/counter/charges/{awaiting['id']}/cancel")
    limit = counter.house.gateway.limits.failed_codes
    for _ in range(limit.rate.burst):
        limit.spend((await counter.agent.get("/v1/me")).body["principal"])
    await counter.charge()  # 429
    counter.house.clock.advance(limit.rate.every_ms * limit.rate.burst)


async def undos_that_end_in_every_way(counter: Counter) -> None:
    for kind in ("void", "refund"):
        far_departures(counter, Line.HEARS_NOTHING)
        unknown = (await counter.charge(HEAVY, HEAVY_MINOR)).body  # 202
        charge = await counter.read(unknown)
        await counter.agent.post(f"/v1/counter/charges/{charge['id']}/cancel")  # 409
        await counter.agent.post("/v1/counter/emds", {"number": charge["emd"]["number"]})
        far_departures(counter, Line.HEARS_NOTHING)
        await counter.undo(charge, kind, f"{kind}-1")  # 202
        await counter.undo(charge, kind, f"{kind}-1")
        await counter.undo(charge, kind)  # 409
    await counter.agent.post("/v1/counter/emds", {"number": NO_TICKET})
    used = (await counter.charge()).body
    for number in (1, 4):
        use = f"/v1/counter/charges/{used['id']}/use"
        await counter.agent.post(use, {"coupons": [number]})  # 200, 409
