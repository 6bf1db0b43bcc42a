"""The parts of the in-flight channel, put together: its routes, and what goes on beside them."""

from channels.inflight.access import FlightFinder
from channels.inflight.allowances import AllowancesApi
from channels.inflight.flights import FlightsApi
from channels.inflight.tills import TillsApi
from channels.route import Route
from ledger.clock import Clock
from services.allowances import Allowances
from services.asking import Accounts
from services.flight_report import Reports
from services.flight_settlement import Settlement
from services.keyring import Keyring
from services.payments import Payments
from services.store import Store


class InFlight:
    def __init__(
        self,
        accounts: Accounts,
        payments: Payments,
        store: Store,
        *,
        keyring: Keyring,
        clock: Clock,
    ) -> None:
        finder, reports = FlightFinder(store), Reports(accounts, store)
        self._settlement = Settlement(accounts, payments, store, clock)
        allowances = Allowances(payments, store, keyring, clock)
        tills = TillsApi(
            store,
            keyring,
            finder,
            settlement=self._settlement,
            reports=reports,
            clock=clock,
        )
        self._routes = [
            *FlightsApi(store, self._settlement, reports, finder, clock).routes(),
            *tills.routes(),
            *AllowancesApi(allowances, store, finder).routes(),
        ]

    def routes(self) -> list[Route]:
        return self._routes

    async def settle(self) -> None:
        """What a gateway that died, or a time limit that passed, left to be done."""
        await self._settlement.settle_all()
