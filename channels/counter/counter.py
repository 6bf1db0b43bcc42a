"""The parts of the counter's channel, put together: its routes, and what goes on beside them."""

from collections.abc import Callable

import msgspec

from channels.counter.charges import ChargesApi
from channels.counter.desk import Airline, CounterDesk
from channels.counter.shifts import ShiftsApi
from channels.counter.views import CounterViews
from channels.payers import Payers
from channels.route import Route
from ledger.clock import Clock
from services.counter.charging import Charging
from services.counter.shifts import Shifts
from services.counter.undoing import Undoing
from services.keyring import Keyring
from services.limits import Limit
from services.payments import Payments
from services.store import Store


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    payments: Payments
    store: Store
    airline: Airline
    keyring: Keyring
    failed_codes: Limit
    clock: Clock
    random_bytes: Callable[[int], bytes]


class Counter:
    def __init__(self, parts: Parts) -> None:
        payments, store, clock = parts.payments, parts.store, parts.clock
        departures, tariff = parts.airline.departures, parts.airline.tariff
        self.charging = Charging(
            payments,
            store,
            departures,
            airline_code=tariff.airline_code,
            keyring=parts.keyring,
            clock=clock,
        )
        self.undoing = Undoing(
            payments,
            store,
            departures,
            utc_offset_min=tariff.utc_offset_min,
            clock=clock,
        )
        desk = CounterDesk(store, parts.airline)
        views = CounterViews(store, self.undoing, clock)
        payers = Payers(payments, parts.failed_codes)
        shifts = Shifts(payments, store, parts.keyring)
        charges = ChargesApi(desk, self.charging, self.undoing, views, payers, store)
        own = ShiftsApi(desk, shifts, views, store, clock, parts.random_bytes)
        self._routes = [*charges.routes(), *own.routes()]

    def routes(self) -> list[Route]:
        return self._routes

    async def resume(self) -> None:
        """What a gateway that died, or a silent departure control, left half done."""
        await self.charging.resume()
        await self.undoing.resume()
