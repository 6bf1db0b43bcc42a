"""What a crew's till asks while it can: to join a flight, its plan, and to tell its journal."""

import asyncio
import base64
from contextlib import suppress

from channels.inflight.access import FlightFinder, wrong_moment
from channels.inflight.views import till_view
from channels.inflight.wire import JoinedView, TillBody, ToldView
from channels.problem import Problem, bad_field
from channels.route import Answer, Call, Document, Route, scopes
from ledger.clock import Clock
from services.allowances import KEY_ID, denied, raw_id
from services.flight_entries import Intake
from services.flight_report import Reports
from services.flight_settlement import ON_THE_WAY, Settlement
from services.flights import Flight, TooManyTills, WrongMoment, join_flight, tills_of
from services.keyring import Keyring
from services.store import Store
from terminals.inflight.plan import Device, Plan, seal_plan

RECORDS = "application/octet-stream"


class TillsApi:
    def __init__(
        self,
        store: Store,
        keyring: Keyring,
        finder: FlightFinder,
        *,
        settlement: Settlement,
        reports: Reports,
        clock: Clock,
    ) -> None:
        self._store = store
        self._key = keyring.allowance_key(KEY_ID)
        self._public = self._key.public_key().public_bytes_raw()
        self._intake = Intake(store, {KEY_ID: self._public})
        self._finder = finder
        self._settlement = settlement
        self._reports = reports
        self._clock = clock

    def routes(self) -> list[Route]:
        crew = scopes("payments")
        one = "/v1/flights/{id}"
        return [
            Route(
                method="POST", path=f"{one}/tills", handler=self.join, scopes=crew,
                summary="A till of this flight, until it has boarded", body=TillBody,
                answers={201: JoinedView}, problems=(409,),
            ),
            Route(
                method="GET", path=f"{one}/plan", handler=self.plan, scopes=crew,
                summary="The flight's plan, signed: what a till carries on board",
                gives=RECORDS, answers={200: Document},
            ),
            Route(
                method="POST", path=f"{one}/entries", handler=self.tell, scopes=crew,
                summary="What tills wrote down, as their journals have it; again is no harm",
                body=Document, takes=RECORDS, answers={200: ToldView},
            ),
        ]  # fmt: skip

    async def join(self, call: Call) -> Answer:
        flight = await self._finder.own(call)
        body: TillBody = call.body
        try:
            till = await asyncio.to_thread(
                join_flight,
                self._store,
                flight.id,
                principal=call.caller.id,
                name=body.name,
                public_key=base64.b64decode(body.public_key),
            )
        except WrongMoment as error:
            raise wrong_moment(error) from None
        except TooManyTills as error:
            raise Problem(409, "too-many-tills", f"{error}.") from None
        return Answer(201, JoinedView(flight.id, till.number, till.name))

    async def plan(self, call: Call) -> Answer:
        flight = await self._finder.own(call)
        content = await asyncio.to_thread(self._sealed_plan, flight)
        return Answer(200, Document(content, RECORDS))

    def _sealed_plan(self, flight: Flight) -> bytes:
        plan = Plan(
            key_id=KEY_ID,
            flight=raw_id(flight.id),
            number=flight.number,
            date=flight.date,
            legs=flight.legs,
            aircraft=flight.aircraft,
            currency=flight.currency,
            gateway_keys={str(KEY_ID): self._public},
            devices=tuple(
                Device(till.number, till.name, till.public_key)
                for till in tills_of(self._store, flight.id)
            ),
            articles=flight.articles,
            denied=denied(self._store),
            issued_at_ms=self._clock.now_ms(),
            policy=flight.rules.policy,
        )
        return seal_plan(plan, self._key)

    async def tell(self, call: Call) -> Answer:
        """What is told is on the disk before anything is settled; each round goes on from it."""
        flight = await self._finder.own(call)
        body: Document = call.body
        if not body.content:
            raise bad_field("$", "The body holds nothing: it is a journal's records.")
        told = await asyncio.to_thread(
            self._intake.take,
            flight.id,
            body.content,
            told_by=call.caller.id,
            now_ms=self._clock.now_ms(),
        )
        with suppress(*ON_THE_WAY):
            await self._settlement.settle(flight.id)
        report = await self._reports.of(flight.id, call.caller.id)
        view = ToldView(
            new=told.new,
            known=told.known,
            refused=told.refused,
            damaged_bytes=told.damaged_bytes,
            tills=[till_view(device) for device in report.devices],
        )
        return Answer(200, view)
