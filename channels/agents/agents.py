"""The parts of the agents' channel, put together: its routes, and what runs beside them.

Without an airline behind it there is nothing to ticket; agencies, numbers and statements are there.
"""

import asyncio

from channels.agents.access import AgencyFinder
from channels.agents.agencies import AgenciesApi
from channels.agents.ndc import NdcApi
from channels.agents.numbers import NumbersApi
from channels.agents.profile import ProfileApi, Profiles
from channels.agents.statement import StatementApi
from channels.agents.ticket_desk import TicketDesk
from channels.agents.tickets import TicketsApi, TicketViews
from channels.problem import Problem
from channels.route import Route
from ledger.clock import Clock
from services.agencies import watched_agencies
from services.airline import Airline
from services.asking import Accounts
from services.keyring import Keyring
from services.payments import Payments
from services.store import Store
from services.ticketing import ON_THE_WAY, Ticketing


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
        self._store, self._profiles = store, profiles
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

    async def newly_low(self) -> list[tuple[str, str]]:
        """Agency and currency of each balance that has just become low."""
        found: list[tuple[str, str]] = []
        for agency in await asyncio.to_thread(watched_agencies, self._store):
            try:
                low = await self._profiles.newly_low(agency)
            except (*ON_THE_WAY, Problem):
                continue  # it is asked again in a moment
            found += [(agency.id, currency) for currency in low]
        return found

    async def resume(self) -> None:
        if self._ticketing is not None:
            await self._ticketing.resume()
