"""An agency in a house, and an airline that can fall silent.

agency = await open_agency(house, QAR=5_000_000)
ticket = await agency.ticket()
"""

import itertools
from collections import deque
from enum import Enum, auto

from gateway.world import AGENCY, opening_key
from ledger.money import Money
from services.airline import (
    Airline,
    AirlineRefused,
    AirlineSilent,
    Done,
    Issued,
    TicketRequest,
)
from services.ticketing import RESUME_AFTER_MS, Ticketing
from tests.gateway.harness import FRESH, Caller, House, Json, Reply, money

FLEX, FLEX_MINOR = "DOH-LHR-FLEX", 1_230_000
PASSENGERS = [{"given_name": "AMIRA", "surname": "EXAMPLE"}]


def ticket_body(minor: int = FLEX_MINOR) -> Json:
    return {
        "offer": FLEX,
        "amount": money(minor),
        "order": "QX7K2M",
        "passengers": PASSENGERS,
    }


class Agency:
    def __init__(self, house: House, view: Json) -> None:
        self.house = house
        self.id: str = view["id"]
        self.account: str = view["account"]

    @property
    def agent(self) -> Caller:
        return self.house.agent

    async def top_up(self, minor: int, currency: str = "QAR", *, evidence: str) -> None:
        reply = await self.house.top_up(self.account, minor, currency, evidence=evidence)
        assert (reply.status, reply.body["status"]) == (201, "delivered")

    async def ticket(
        self,
        minor: int = FLEX_MINOR,
        *,
        key: str | object = FRESH,
        by: Caller | None = None,
        **differs: Json,
    ) -> Reply:
        body = ticket_body(minor) | differs
        return await (by or self.agent).post("/v1/agency/tickets", body, key)

    async def number(
        self, minor: int = FLEX_MINOR, *, key: str | object = FRESH, **differs: Json
    ) -> Reply:
        body = {"amount": money(minor), **differs}
        return await self.agent.post("/v1/agency/numbers", body, key)

    async def statement(self, query: str = "") -> Json:
        reply = await self.agent.get(f"/v1/agency/statement{query}")
        assert reply.status == 200, reply.raw
        return reply.body

    async def available(self) -> int:
        return await self.house.available(self.account)

    async def held(self) -> int:
        return await self.house.held(self.account)

    @property
    def ticketing(self) -> Ticketing:
        found = self.house.gateway.features.agents._ticketing
        assert found is not None
        return found

    async def resume(self) -> None:
        """What the gateway does every few seconds, once enough of them have gone by."""
        self.house.clock.advance(RESUME_AFTER_MS)
        await self.ticketing.resume()


async def open_agency(house: House, **balances: int) -> Agency:
    """As the demonstration opens it: the agent's key is bound to this account."""
    opened = await house.operator.post("/v1/agencies", AGENCY, opening_key("agent"))
    assert opened.status == 201, opened.raw
    agency = Agency(house, opened.body)
    for currency, minor in balances.items():
        await agency.top_up(minor, currency, evidence=f"agency-{next(_evidence)}")
    return agency


_evidence = itertools.count(1_000)


class Line(Enum):
    """What becomes of a call to the airline."""

    HEARS_NOTHING = auto()
    LOSES_ITS_ANSWER = auto()


class FarAirline:
    """An airline behind a bad line; the calls meet their fates in order, then all is well."""

    def __init__(self, airline: Airline, *fates: Line) -> None:
        self._airline = airline
        self._fates = deque(fates)
        self.merchant = airline.merchant
        self.designator = airline.designator

    def meet(self, *fates: Line) -> None:
        self._fates.extend(fates)

    async def price(self, offer: str) -> Money | None:
        return await self._airline.price(offer)

    async def issue(self, request: TicketRequest) -> Issued | AirlineRefused:
        self._leave()
        outcome = await self._airline.issue(request)
        self._arrive()
        return outcome

    async def void(self, reference: str) -> Done | AirlineRefused:
        self._leave()
        outcome = await self._airline.void(reference)
        self._arrive()
        return outcome

    async def refund(
        self, reference: str, refund: str, amount: Money
    ) -> Done | AirlineRefused:
        self._leave()
        outcome = await self._airline.refund(reference, refund, amount)
        self._arrive()
        return outcome

    def _leave(self) -> None:
        if self._fates and self._fates[0] is Line.HEARS_NOTHING:
            self._fates.popleft()
            raise AirlineSilent

    def _arrive(self) -> None:
        if self._fates:
            self._fates.popleft()
            raise AirlineSilent


def far_airline(agency: Agency, *fates: Line) -> FarAirline:
    """From now on the house's airline is behind a bad line."""
    far = FarAirline(agency.ticketing._airline, *fates)
    agency.ticketing._airline = far
    return far
