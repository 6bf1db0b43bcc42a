"""An agent at a counter in a house, and a departure control that can fall silent.

counter = await open_counter(funded)
charge = await counter.charge()          # Amira's second bag to London, 240.00 QAR
"""

from collections import deque
from enum import Enum, auto

from services.counter.charging import RESUME_AFTER_MS
from services.counter.demo_departures import BOOKINGS
from services.counter.departures import (
    Accepted,
    Bag,
    Booking,
    DepartureControl,
    DepartureRefused,
    DeparturesSilent,
)
from tests.gateway.harness import FRESH, Caller, House, Json, Reply, money

PEARL = BOOKINGS["PEARL2"].travellers[0].ticket
SUITCASES = [{"weight_g": 22_500}, {"weight_g": 18_000}]
PRICE_MINOR = 24_000
# Two coupons: the extra bag, and that it is heavy.
HEAVY = [{"weight_g": 22_500}, {"weight_g": 28_000}]
HEAVY_MINOR = 39_000


class Counter:
    def __init__(self, house: House, shift: Json) -> None:
        self.house = house
        self.shift: str = shift["id"]

    @property
    def agent(self) -> Caller:
        return self.house.counter

    async def charge(
        self,
        bags: Json = SUITCASES,
        minor: int = PRICE_MINOR,
        *,
        key: str | object = FRESH,
        code: str | None = None,
        **differs: Json,
    ) -> Reply:
        """Amira shows a fresh code, unless said otherwise; payer=None: it is paid elsewhere."""
        body = {"ticket": PEARL, "bags": bags, "amount": money(minor)}
        if "payer" not in differs:
            body["payer"] = {"code": code or await self.house.code()}
        body |= {name: value for name, value in differs.items() if value is not None}
        return await self.agent.post("/v1/counter/charges", body, key)

    async def read(self, charge: Json) -> Json:
        reply = await self.agent.get(f"/v1/counter/charges/{charge['id']}")
        assert reply.status == 200, reply.raw
        return reply.body

    async def undo(
        self, charge: Json, kind: str, key: str | object = FRESH, *coupons: int
    ) -> Reply:
        body = {"coupons": list(coupons)} if coupons else {}
        return await self.agent.post(
            f"/v1/counter/charges/{charge['id']}/{kind}", body, key
        )

    async def report(self) -> Json:
        reply = await self.agent.get(f"/v1/counter/shifts/{self.shift}")
        assert reply.status == 200, reply.raw
        return reply.body

    async def resume(self) -> None:
        """What the gateway does every few seconds, once enough of them have gone by."""
        self.house.clock.advance(RESUME_AFTER_MS)
        channel = self.house.gateway.features.counter
        assert channel is not None
        await channel.resume()

    async def told(self) -> None:
        """The bookkeeper has told what the journals hold."""
        await self.house.tell()

    async def money(self) -> tuple[int, int]:
        """What Amira may spend, and what is held."""
        return await self.house.available(), await self.house.held()

    async def checked(self) -> list[int]:
        """What departure control has of Amira's, in grams."""
        found = await self.agent.post("/v1/counter/bookings", {"booking": "PEARL2"})
        return [bag["weight_g"] for bag in found.body["travellers"][0]["checked"]]


async def open_counter(house: House) -> Counter:
    opened = await house.counter.post("/v1/counter/shifts")
    assert opened.status == 201, opened.raw
    return Counter(house, opened.body)


class Line(Enum):
    """What becomes of a call to departure control."""

    HEARS_NOTHING = auto()
    LOSES_ITS_ANSWER = auto()


class FarDepartures:
    """Departure control behind a bad line; calls meet their fates in order, then all is well."""

    def __init__(self, departures: DepartureControl, *fates: Line) -> None:
        self._departures = departures
        self._fates = deque(fates)

    async def find(self, name: str) -> Booking | None:
        return await self._departures.find(name)

    async def check_in(
        self, reference: str, ticket: str, bags: tuple[Bag, ...]
    ) -> Accepted | DepartureRefused:
        self._leave()
        answer = await self._departures.check_in(reference, ticket, bags)
        self._arrive()
        return answer

    async def take_back(self, reference: str) -> Accepted | DepartureRefused:
        self._leave()
        answer = await self._departures.take_back(reference)
        self._arrive()
        return answer

    def _leave(self) -> None:
        if self._fates and self._fates[0] is Line.HEARS_NOTHING:
            self._fates.popleft()
            raise DeparturesSilent

    def _arrive(self) -> None:
        if self._fates:
            self._fates.popleft()
            raise DeparturesSilent


def far_departures(counter: Counter, *fates: Line) -> None:
    """From now on the house's departure control is behind a bad line."""
    channel = counter.house.gateway.features.counter
    assert channel is not None
    far = FarDepartures(channel.charging._departures, *fates)
    channel.charging._departures = far
    channel.undoing._departures = far
