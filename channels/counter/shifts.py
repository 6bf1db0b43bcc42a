"""The agent's desk and shifts over HTTP."""

import asyncio
from collections.abc import Callable

from channels.access import merchant_scope
from channels.counter.desk import CounterDesk
from channels.counter.views import CounterViews, shift_view
from channels.counter.wire import (
    DemoBookingView,
    DeskView,
    ShiftReportView,
    ShiftsView,
    ShiftView,
)
from channels.route import Answer, Call, NoBody, Route, scopes
from ledger.clock import Clock
from services.counter.charges import charges_of_shift
from services.counter.shifts import (
    Shift,
    Shifts,
    close_shift,
    current_shift,
    list_shifts,
    open_shift,
)
from services.merchants import get_merchant
from services.store import Store


class ShiftsApi:
    def __init__(
        self,
        desk: CounterDesk,
        shifts: Shifts,
        views: CounterViews,
        store: Store,
        clock: Clock,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._desk = desk
        self._shifts = shifts
        self._views = views
        self._store = store
        self._clock = clock
        self._random_bytes = random_bytes

    def routes(self) -> list[Route]:
        agent = scopes("counter")
        shifts = "/v1/counter/shifts"
        return [
            Route(
                method="GET", path="/v1/counter", handler=self.desk, scopes=agent,
                summary="Whose desk this is, its tariff and its open shift",
                answers={200: DeskView},
            ),
            Route(
                method="POST", path=shifts, handler=self.open, scopes=agent,
                summary="Open a shift; the open one, if there is one", body=NoBody,
                answers={201: ShiftView},
            ),
            Route(
                method="GET", path=shifts, handler=self.own, scopes=agent,
                summary="The agent's shifts, newest first", answers={200: ShiftsView},
            ),
            Route(
                method="GET", path=f"{shifts}/{{id}}", handler=self.read, scopes=agent,
                summary="A shift's totals, compared with the ledger",
                answers={200: ShiftReportView},
            ),
            Route(
                method="POST", path=f"{shifts}/{{id}}/close", handler=self.close, scopes=agent,
                summary="Close it; its totals", body=NoBody, answers={200: ShiftReportView},
            ),
        ]  # fmt: skip

    async def desk(self, call: Call) -> Answer:
        caller, tariff = call.caller, self._desk.tariff
        merchant = await asyncio.to_thread(
            get_merchant, self._store, merchant_scope(caller)
        )
        shift = await asyncio.to_thread(current_shift, self._store, caller.id)
        view = DeskView(
            agent=caller.name,
            merchant_name=merchant.name,
            tariff=tariff.name,
            carry_max_kg=tariff.carry_max_kg,
            items={name: dict(text) for name, text in tariff.items.items()},
            shift=shift_view(shift) if shift else None,
            demo=[
                DemoBookingView(
                    locator=booking.locator,
                    given_names=[one.given_name for one in booking.travellers],
                    route=f"{booking.origin}-{booking.destination}",
                )
                for booking in self._desk.demo
            ],
        )
        return Answer(200, view)

    async def open(self, call: Call) -> Answer:
        shift = await asyncio.to_thread(
            open_shift,
            self._store,
            call.caller.id,
            merchant_scope(call.caller),
            random_bytes=self._random_bytes,
            now_ms=self._clock.now_ms(),
        )
        return Answer(201, shift_view(shift))

    async def own(self, call: Call) -> Answer:
        shifts = await asyncio.to_thread(list_shifts, self._store, call.caller.id)
        return Answer(200, ShiftsView([shift_view(shift) for shift in shifts]))

    async def read(self, call: Call) -> Answer:
        return await self._report(await self._desk.named_shift(call))

    async def close(self, call: Call) -> Answer:
        shift = await self._desk.named_shift(call)
        closed = await asyncio.to_thread(
            close_shift, self._store, shift.id, now_ms=self._clock.now_ms()
        )
        return await self._report(closed)

    async def _report(self, shift: Shift) -> Answer:
        report = await self._shifts.report(shift)
        charges = await asyncio.to_thread(charges_of_shift, self._store, shift.id)
        return Answer(200, await self._views.report(report, list(charges)))
