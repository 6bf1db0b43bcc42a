"""A flight at the real gateway: planned over HTTP, sold from on tills with files of their own.

The tills are the crew's real ones (terminals/inflight), the road to the gateway is the harness's.
"""

import base64
import json

from ledger.clock import SECOND_MS, ManualClock
from terminals.inflight.cabin_link import take_lost_gifts
from terminals.inflight.crew_till import Accepted, CrewTill
from terminals.inflight.entry import Line
from terminals.inflight.frame import KIND, Showing, frame_body, frame_text
from terminals.inflight.gift import AskedShare, write_request
from terminals.inflight.hearing import Hearing
from terminals.inflight.records import record
from terminals.inflight.refusal import Refusal
from terminals.inflight.signed import sign
from tests.gateway.harness import LOUNGE, Caller, House, Json, Reply, money
from tests.inflight.cabin import MemoryFile, basket, key_of, public

RISK = {"kind": "company", "currencies": ["QAR"], "label": "Risk"}


def articles(*tills: int) -> list[Json]:
    stock = {str(number): 10_000 for number in tills}
    goods = (("big", "Watch", "Duty free", 900), ("ten", "Bun", "Food", 10))
    return [
        {
            "sku": sku,
            "name": name,
            "category": category,
            "price_minor": minor,
            "stock": stock,
        }
        for sku, name, category, minor in (*goods, ("one", "Sweet", "Food", 1))
    ]


def flight_body(risk_account: str, **other: Json) -> Json:
    return {
        "number": "QR17",
        "date": "2026-01-01",
        "legs": [{"origin": "DOH", "destination": "LHR"}],
        "aircraft": "A7-ALA",
        "crew": ["4711"],
        "merchant": LOUNGE,
        "currency": "QAR",
        "risk_account": risk_account,
        "articles": articles(1, 2, 3),
        **other,
    }


class GroundPhone:
    """A passenger's phone, with what the gateway signed for it."""

    def __init__(self, house: House, name: str, sealed: bytes, allowance: str) -> None:
        self.house = house
        self.key = key_of(name)
        self.sealed = sealed
        self.allowance = allowance
        self.counter = 0

    def show(self, counter: int | None = None) -> str:
        if counter is None:
            counter = self.counter
            self.counter += 1
        at_s = self.house.clock.now_ms() // SECOND_MS
        body = frame_body(self.sealed, Showing(counter, at_s, bytes(8)))
        return frame_text(sign(self.key, KIND, body))


class OwnClock:
    """A till's own: the house's, and how far it is off."""

    def __init__(self, true: ManualClock) -> None:
        self._true = true
        self.off_ms = 0

    def now_ms(self) -> int:
        return max(0, self._true.now_ms() + self.off_ms)


class GroundTill:
    """A crew's till: its key, its journal, its clock, and what it heard."""

    def __init__(self, house: House, flight: "Ground", number: int) -> None:
        self.clock = OwnClock(house.clock)
        self.flight = flight
        self.number = number
        self.key = key_of(f"till {number}")
        self.log, self.heard = MemoryFile(), MemoryFile()

    def load(self, plan: bytes) -> None:
        self.plan = plan
        self.restart()

    def restart(self) -> None:
        self.till = CrewTill(self.plan, self.key, self.log, self.clock)
        self.hearing = Hearing(self.till, self.heard)

    def sell(self, frame: str, minor: int) -> Accepted | Refusal:
        return self.till.sell(frame, basket(minor))

    def ask(self, sealed: bytes, minor: int, request: bytes) -> bytes:
        asked = AskedShare(self.till.plan.flight, self.number, sealed, minor, request)
        return write_request(asked, self.key)

    def sell_lines(self, frame: str, *lines: Line) -> Accepted | Refusal:
        return self.till.sell(frame, lines)

    def meet(self, other: "GroundTill") -> None:
        for teller, hearer in ((self, other), (other, self)):
            hearer.hearing.hear(teller.hearing.lacking(hearer.hearing.known()))
            take_lost_gifts(hearer.till, hearer.hearing)

    def journal(self, *seqs: int) -> bytes:
        """As it is uploaded; of these entries only, if some are named."""
        chosen = [e.raw for e in self.till.entries if not seqs or e.body.seq in seqs]
        return b"".join(map(record, chosen))


class Ground:
    """One flight, and who is about it."""

    def __init__(self, house: House, flight: str, risk: str) -> None:
        self.house = house
        self.id = flight
        self.risk = risk
        self.path = f"/v1/flights/{flight}"
        self.tills: list[GroundTill] = []

    async def join(self, count: int) -> None:
        for number in range(1, count + 1):
            till = GroundTill(self.house, self, number)
            body = {
                "name": f"Trolley {number}",
                "public_key": base64.b64encode(public(till.key)).decode(),
            }
            reply = await self.house.lounge.post(f"{self.path}/tills", body, None)
            assert (reply.status, reply.body["number"]) == (201, number)
            self.tills.append(till)

    async def load(self) -> None:
        reply = await self.house.lounge.get(f"{self.path}/plan")
        assert reply.status == 200
        for till in self.tills:
            till.load(reply.raw)

    async def set_aside(
        self, minor: int, who: str = "amira", name: str = ""
    ) -> GroundPhone:
        reply = await self.ask_aside(minor, who, name)
        assert reply.status == 201, reply.raw
        sealed = base64.b64decode(reply.body["code"])
        return GroundPhone(self.house, name or who, sealed, reply.body["id"])

    async def ask_aside(self, minor: int, who: str = "amira", name: str = "") -> Reply:
        key = base64.b64encode(public(key_of(name or who))).decode()
        caller: Caller = getattr(self.house, who)
        body = {"amount": money(minor), "public_key": key}
        return await caller.post(f"{self.path}/allowances", body)

    async def move(self, *states: str) -> None:
        for state in states:
            reply = await self.house.lounge.post(f"{self.path}/move", {"to": state}, None)
            assert (reply.status, reply.body["status"]) == (200, state)

    async def take_off(self) -> None:
        await self.load()
        await self.move("boarded", "airborne")

    async def tell(self, content: bytes) -> Json:
        reply = await self.house.lounge.post(f"{self.path}/entries", content, None)
        assert reply.status == 200, reply.raw
        return reply.body

    async def report(self) -> Json:
        reply = await self.house.lounge.get(self.path)
        assert reply.status == 200, reply.raw
        return json.loads(reply.raw)

    async def risk_left(self) -> int:
        return await self.house.available(self.risk)


async def risk_account(house: House, minor: int) -> str:
    opened = await house.operator.post("/v1/accounts", RISK)
    risk: str = opened.body["id"]
    if minor:
        await house.top_up(risk, minor, evidence=f"risk {risk}")
    return risk


async def ground(
    house: House, tills: int = 2, risk_minor: int = 50_000, **body: Json
) -> Ground:
    return await plan_flight(house, await risk_account(house, risk_minor), tills, **body)


async def plan_flight(house: House, risk: str, tills: int, **body: Json) -> Ground:
    planned = await house.operator.post("/v1/flights", flight_body(risk, **body))
    assert planned.status == 201, planned.raw
    flight = Ground(house, planned.body["id"], risk)
    await flight.join(tills)
    return flight
