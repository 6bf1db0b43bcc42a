"""The parts of the agents' channel, put together: its routes, and what runs beside them.

Without an airline behind it there is nothing to ticket; agencies, numbers and statements are there.
"""

from channels.agents.access import AgencyFinder
from channels.agents.agencies import AgenciesApi
from channels.agents.ndc import NdcApi
from channels.agents.numbers import NumbersApi
from channels.agents.profile import ProfileApi, Profiles
from channels.agents.statement import StatementApi
from channels.agents.ticket_desk import TicketDesk
from channels.agents.tickets import TicketsApi, TicketViews
from channels.route import Route
from ledger.clock import Clock
from services.airline import Airline
from services.asking import Accounts
from services.keyring import Keyring
from services.payments import Payments
from services.store import Store
from services.ticketing import Ticketing


class Agents:
    def __init__(
        self,
        accounts: Accounts,
        payments: Payments,
        store: Store,
        *,
        keyring: Keyring,
        airline: Airline | None,
        clock: Clock,
    ) -> None:
        finder, profiles = AgencyFinder(store), Profiles(accounts, store, clock)
        self._routes = [
            *ProfileApi(profiles, finder, store).routes(),
            *NumbersApi(finder, store, keyring, clock).routes(),
            *StatementApi(finder, accounts, store, clock).routes(),
            *AgenciesApi(accounts, store, clock, finder=finder, profiles=profiles).routes(),
        ]
        self._ticketing: Ticketing | None = None
        if airline is not None:
            ticketing = Ticketing(accounts, payments, store, airline=airline, clock=clock)
            desk = TicketDesk(ticketing, store, keyring, clock)
            views = TicketViews(ticketing, store, clock)
            self._routes += TicketsApi(finder, desk, ticketing, views, store).routes()
            self._routes += NdcApi(finder, desk, ticketing).routes()
            self._ticketing = ticketing

    def routes(self) -> list[Route]:
        return self._routes

    async def resume(self) -> None:
        if self._ticketing is not None:
            await self._ticketing.resume()
