"""Every feature of the wallet, put together and at its routes."""

from channels.agents.agents import Agents
from channels.api.accounts import AccountsApi, Guards
from channels.api.cards import CardsApi
from channels.api.history import HistoryApi
from channels.api.linked_cards import LinkedCardsApi
from channels.api.orders import OrdersApi
from channels.api.own_limits import OwnLimitsApi
from channels.api.passkeys import PasskeysApi
from channels.api.payments import PaymentsApi
from channels.api.payouts import PayoutsApi
from channels.api.people import PeopleApi
from channels.api.scans import ScansApi
from channels.api.sessions import SessionsApi
from channels.api.settlements import SettlementsApi
from channels.api.takings import TakingsApi
from channels.api.terminal_totals import TerminalTotalsApi
from channels.api.terminals import OwnTerminalApi, TerminalsApi
from channels.api.transfers import TransfersApi
from channels.api.ways_to_pay import Ways, WaysApi
from channels.api.webhooks import WebhooksApi
from channels.counter.counter import Counter
from channels.history import History
from channels.inflight.inflight import InFlight
from channels.iso8583.counting import Counting
from channels.iso8583.host import Host as Iso8583Host
from channels.iso8583.host import Parts as Iso8583Parts
from channels.proof import Proof
from channels.route import Route
from channels.terminal_views import TerminalViews
from channels.views import Views
from channels.web.demo import DemoApi, MeApi
from gateway.airport_counter import open_counter
from gateway.card_keys import issuer_keys
from gateway.chores import Resume
from gateway.config import origins_of
from gateway.logs import get
from gateway.parts import Shared
from gateway.world import PEOPLE, merchant_id
from ledger.clock import DAY_MS
from services.card_desk import CardDesk
from services.ceremonies import Ceremonies
from services.channel_rules import ChannelRules
from services.demo_airline import DemoAirline
from services.passkey_door import DoorParts, PasskeyDoor
from services.passkey_proof import RelyingParty
from services.payments import Judges, Payments
from services.principals import Principal
from services.sessions import NewSession, open_session
from services.transfers import Transfers

_log = get("gateway.features")


class Features:
    """iso8583: what answers behind its own door."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._parts = parts = shared.parts
        self._views = Views(shared.names)
        self._ways = Ways(parts.store)
        self._desk = CardDesk(
            parts.store,
            shared.keyring,
            issuer_keys(parts.config, parts.store, parts.random_bytes),
            clock=parts.clock,
            random_bytes=parts.random_bytes,
        )
        self._payments = self._open_payments()
        self.agents = self._open_agents()
        self.in_flight = InFlight(
            shared.accounts,
            self._payments,
            parts.store,
            keyring=shared.keyring,
            clock=parts.clock,
        )
        self.counter = self._open_counter()
        self.iso8583 = self._open_iso8583()

    def routes(self) -> list[Route]:
        counter = self.counter.routes() if self.counter else []
        return [
            *self._wallet(),
            *self._paying(),
            *self._cards(),
            *self._people(),
            *self._sign_in(),
            *self._office(),
            *self._terminals(),
            *self.agents.routes(),
            *self.in_flight.routes(),
            *counter,
        ]

    def unfinished(self) -> list[Resume]:
        """What takes up again what a gateway that died, or a silent airline, left half done."""
        counter = [self.counter.resume] if self.counter else []
        return [self._resume_agents, self.in_flight.settle, *counter]

    async def _resume_agents(self) -> None:
        await self.agents.resume()
        for agency, currency in await self.agents.newly_low():
            _log.warning("an agency is low", agency=agency, currency=currency)

    def _open_payments(self) -> Payments:
        shared, parts = self._shared, self._parts
        rules = ChannelRules(parts.config.channels, parts.store)
        return Payments(
            shared.accounts,
            shared.keyring,
            shared.order_texts,
            Judges(self._desk, rules, shared.own_limits, shared.offline),
            clock=parts.clock,
            random_bytes=parts.random_bytes,
        )

    def _open_agents(self) -> Agents:
        parts, airline = self._parts, None
        if parts.config.demo:
            airline = DemoAirline(parts.store, merchant_id("airline"))
        return Agents(
            self._shared.accounts,
            self._payments,
            parts.store,
            keyring=self._shared.keyring,
            airline=airline,
            clock=parts.clock,
        )

    def _open_counter(self) -> Counter | None:
        """Without departure control behind it there is nothing to charge for."""
        shared = self._shared
        if not self._parts.config.demo:
            return None
        limit = shared.limits.failed_codes
        return open_counter(self._payments, shared.keyring, limit, self._parts)

    def _open_iso8583(self) -> Iso8583Host:
        shared, parts = self._shared, self._parts
        count = parts.directory.partition_count
        return Iso8583Host(
            Iso8583Parts(
                accounts=shared.accounts,
                payments=self._payments,
                store=parts.store,
                keyring=shared.keyring,
                counting=Counting(parts.store, parts.journals, count, clock=parts.clock),
                failed_codes=shared.limits.failed_codes,
                clock=parts.clock,
            )
        )

    def _wallet(self) -> list[Route]:
        """What a person does with a wallet."""
        shared, views = self._shared, self._views
        accounts, own = shared.accounts, shared.own_limits
        store, clock = self._parts.store, self._parts.clock
        proof = Proof(store, clock)
        guards = Guards(codes=shared.limits.codes, proof=proof, offline=shared.offline)
        return [
            *AccountsApi(accounts, self._payments, store, views, guards).routes(),
            *HistoryApi(History(accounts, views)).routes(),
            *TransfersApi(accounts, Transfers(accounts, own)).routes(),
            *OwnLimitsApi(accounts, own, store, clock).routes(),
            *WaysApi(accounts, store).routes(),
        ]

    def _paying(self) -> list[Route]:
        shared, parts, views = self._shared, self._parts, self._views
        payments = PaymentsApi(
            shared.accounts,
            self._payments,
            views,
            failed_codes=shared.limits.failed_codes,
        )
        orders = OrdersApi(self._payments, parts.store, views, self._ways, parts.clock)
        scans = ScansApi(self._payments, parts.store, views, self._ways, orders.pay_order)
        return [*payments.routes(), *orders.routes(), *scans.routes()]

    def _cards(self) -> list[Route]:
        shared, store, clock = self._shared, self._parts.store, self._parts.clock
        cards = CardsApi(shared.accounts, self._desk, store, shared.keyring, clock)
        linked = LinkedCardsApi(store, shared.keyring, clock)
        return [*cards.routes(), *linked.routes()]

    def _people(self) -> list[Route]:
        shared, parts = self._shared, self._parts
        people = PeopleApi(
            parts.store,
            parts.journals,
            parts.clock,
            accounts=shared.accounts,
            retention_days=parts.config.retention_days,
            let_go=shared.let_go,
        )
        return people.routes()

    def _sign_in(self) -> list[Route]:
        shared, parts, config = self._shared, self._parts, self._parts.config
        store, clock = parts.store, parts.clock
        passkeys = PasskeysApi(
            self._passkey_door(),
            store,
            shared.names,
            Proof(store, clock),
            party=config.wallet_name,
            demo=config.demo,
        )
        sessions = SessionsApi(store, shared.accounts, clock, parts.random_bytes)
        me = MeApi(shared.names, demo=config.demo)
        routes = [*passkeys.routes(), *sessions.routes(), *me.routes()]
        if config.demo:
            demo = DemoApi(PEOPLE, shared.find, shared.names, self._open_demo_session)
            routes += demo.routes()
        return routes

    def _passkey_door(self) -> PasskeyDoor:
        shared, parts, config = self._shared, self._parts, self._parts.config
        ceremonies = Ceremonies(
            shared.keyring.ceremony_secret(), shared.nonces, parts.clock, parts.random_bytes
        )
        return PasskeyDoor(
            DoorParts(
                store=parts.store,
                keyring=shared.keyring,
                ceremonies=ceremonies,
                us=RelyingParty(config.passkey_domain, origins_of(config)),
                session_ms=config.session_days * DAY_MS,
                clock=parts.clock,
                random_bytes=parts.random_bytes,
            )
        )

    def _open_demo_session(self, principal: Principal) -> str:
        """For a day: who plays with the demonstration tomorrow signs in again."""
        parts = self._parts
        return open_session(
            parts.store,
            principal,
            NewSession(name="Demonstration", life_ms=DAY_MS),
            random_bytes=parts.random_bytes,
            now_ms=parts.clock.now_ms(),
        )

    def _office(self) -> list[Route]:
        """What a merchant's office looks at."""
        shared, views = self._shared, self._views
        store, clock = self._parts.store, self._parts.clock
        plain_allowed = self._parts.config.webhooks_inside
        webhooks = WebhooksApi(
            store, shared.keyring, views, clock, plain_allowed=plain_allowed
        )
        return [
            *TakingsApi(store, views, clock).routes(),
            *webhooks.routes(),
            *SettlementsApi(store, views, clock).routes(),
            *PayoutsApi(shared.accounts, store, views).routes(),
        ]

    def _terminals(self) -> list[Route]:
        shared, parts = self._shared, self._parts
        views, clock = TerminalViews(shared.names), parts.clock
        own = OwnTerminalApi(parts.store, views, clock)
        count = parts.directory.partition_count
        totals = TerminalTotalsApi(parts.store, parts.journals, count, clock)
        registry = TerminalsApi(
            parts.store, shared.keyring, views, clock, parts.random_bytes
        )
        # Its own first: `me` is no id.
        return [*own.routes(), *totals.routes(), *registry.routes()]
