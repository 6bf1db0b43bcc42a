"""Flights, for operators and for the merchant that sells on board: plan, tills, report, cases."""

import asyncio

import msgspec

from channels.access import is_operator, merchant_scope
from channels.inflight.access import FlightFinder, wrong_moment
from channels.inflight.views import case_view, flight_view, report_view
from channels.inflight.wire import (
    CaseView,
    FlightBody,
    FlightsView,
    FlightView,
    MoveBody,
    ReportView,
)
from channels.problem import bad_field, key_reused, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from ledger.clock import Clock
from ledger.ids import MalformedId
from ledger.money import UnknownCommodity, exponent
from services.flight_cases import UnknownCase, close_case
from services.flight_report import Reports
from services.flight_settlement import Settlement
from services.flights import (
    Flight,
    FlightStatus,
    NewFlight,
    WrongMoment,
    create_flight,
    list_flights,
    move_flight,
    tills_of,
)
from services.merchants import UnknownMerchant
from services.mint import mint
from services.store import Store


class FlightsApi:
    def __init__(
        self,
        store: Store,
        settlement: Settlement,
        reports: Reports,
        finder: FlightFinder,
        clock: Clock,
    ) -> None:
        self._store = store
        self._settlement = settlement
        self._reports = reports
        self._finder = finder
        self._clock = clock

    def routes(self) -> list[Route]:
        operator, crew = scopes("accounts"), scopes("payments")
        one = "/v1/flights/{id}"
        return [
            Route(
                method="POST", path="/v1/flights", handler=self.open, scopes=operator,
                summary="Plan a flight on which tills sell offline", body=FlightBody,
                keyed=True, answers={201: FlightView}, problems=(404,),
            ),
            Route(
                method="GET", path="/v1/flights", handler=self.listed,
                scopes=scopes("payments", "own"), summary="Flights, newest first",
                answers={200: FlightsView},
            ),
            Route(
                method="GET", path=one, handler=self.report, scopes=crew,
                summary="A flight as it stands: tills, sales, gaps, cases, and the ledger",
                answers={200: ReportView},
            ),
            Route(
                method="POST", path=f"{one}/move", handler=self.move, scopes=crew,
                summary="Boarded, airborne, landed; the rest it says itself", body=MoveBody,
                answers={200: FlightView}, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/settle", handler=self.settle, scopes=crew,
                summary="Take what can be taken now, also what was unpaid", body=NoBody,
                answers={200: ReportView},
            ),
            Route(
                method="POST", path="/v1/flight-cases/{id}/close", handler=self.close_case,
                scopes=operator, summary="A person has looked at it; unblocks the wallet",
                body=NoBody, answers={200: CaseView},
            ),
        ]  # fmt: skip

    async def open(self, call: Call) -> Answer:
        body: FlightBody = call.body
        new = msgspec.convert(msgspec.to_builtins(body), NewFlight)
        _require_sound(new)
        name = mint("flt", lambda count: call.cause.key[:count])
        flight, replayed = await asyncio.to_thread(self._create, name, new)
        if not flight.asks_for(new):
            raise key_reused("flight")
        return Answer(201, flight_view(flight, 0), replayed)

    def _create(self, name: str, new: NewFlight) -> tuple[Flight, bool]:
        try:
            return create_flight(self._store, name, new, now_ms=self._clock.now_ms())
        except UnknownMerchant:
            raise not_found("merchant", new.merchant, "$.merchant") from None
        except MalformedId as error:
            raise bad_field("$.risk_account", f"{error}.") from None

    async def listed(self, call: Call) -> Answer:
        """A passenger sees those for which money can be set aside; others see their own."""
        passenger = "payments" not in call.caller.scopes
        merchant = "" if passenger else merchant_scope(call.caller)
        views = await asyncio.to_thread(self._listed, merchant, passenger)
        return Answer(200, FlightsView(views))

    def _listed(self, merchant: str, passenger: bool) -> list[FlightView]:  # noqa: FBT001
        flights = list_flights(self._store, merchant=merchant)
        if passenger:
            may = {FlightStatus.OPEN, FlightStatus.BOARDED}
            flights = [flight for flight in flights if flight.status in may]
        return [flight_view(f, len(tills_of(self._store, f.id))) for f in flights]

    async def report(self, call: Call) -> Answer:
        flight = await self._finder.own(call)
        report = await self._reports.of(flight.id, call.caller.id)
        return Answer(200, report_view(report))

    async def move(self, call: Call) -> Answer:
        flight = await self._finder.own(call)
        to = FlightStatus(call.body.to)
        try:
            moved = await asyncio.to_thread(
                move_flight, self._store, flight.id, to, now_ms=self._clock.now_ms()
            )
        except WrongMoment as error:
            raise wrong_moment(error) from None
        tills = await asyncio.to_thread(tills_of, self._store, flight.id)
        return Answer(200, flight_view(moved, len(tills)))

    async def settle(self, call: Call) -> Answer:
        flight = await self._finder.own(call)
        if is_operator(call.caller):
            await self._settlement.retry_unpaid(flight.id)
        else:
            await self._settlement.settle(flight.id)
        return await self.report(call)

    async def close_case(self, call: Call) -> Answer:
        case = call.path["id"]
        try:
            closed = await asyncio.to_thread(
                close_case,
                self._store,
                case,
                by=call.caller.id,
                now_ms=self._clock.now_ms(),
            )
        except UnknownCase:
            raise not_found("case", case) from None
        return Answer(200, case_view(closed))


def _require_sound(new: NewFlight) -> None:
    """Raises Problem 400."""
    try:
        exponent(new.currency)
    except UnknownCommodity as error:
        raise bad_field("$.currency", f"{error}.") from None
    skus = [article.sku for article in new.articles]
    for index, sku in enumerate(skus):
        if sku in skus[:index]:
            raise bad_field(f"$.articles[{index}].sku", f"The article {sku} stands twice.")
