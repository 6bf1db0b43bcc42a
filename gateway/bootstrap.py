"""The one place where all parts meet: configuration in, a gateway out.

Every part gets what it needs as an argument; so a test builds the same gateway on the in-process
runtime, with a clock of its own.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection
from importlib.metadata import version
from pathlib import Path

import msgspec
from aiohttp import web

from actors.directory import Directory
from actors.engine import Engine
from actors.frame import Heartbeat, Statistics, decode_statistics, encode
from actors.runtime import PartitionUnavailable, Road
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
from channels.views import Names, Views
from channels.web.demo import DemoApi, MeApi
from channels.web.pages import load_pages
from gateway.access_watch import AccessWatch
from gateway.admission import Admission
from gateway.airport_counter import open_counter
from gateway.card_keys import issuer_keys
from gateway.config import Config, origins_of
from gateway.events import EventHub
from gateway.iso8583_listener import Iso8583Listener
from gateway.layout import Layout
from gateway.logs import get
from gateway.openapi import document
from gateway.peers import Peers
from gateway.server import Door, answer_unknown
from gateway.signed_requests import SignedRequests
from gateway.tally import Tally
from gateway.terminal_socket import TerminalSockets
from gateway.web import EventStream, Health, MetricsPage, add_pages
from gateway.world import PEOPLE, merchant_id
from ledger.clock import DAY_MS, Clock
from ledger.ids import AccountId
from ledger.journal import Store as Journals
from services.asking import Accounts
from services.card_desk import CardDesk
from services.ceremonies import Ceremonies
from services.channel_rules import ChannelRules
from services.demo_airline import DemoAirline
from services.forgetting import learn_forgotten
from services.keyring import Keyring, open_keyring
from services.limits import Limits
from services.nonces import Nonces
from services.offline_codes import OfflineCodes
from services.order_texts import OrderTexts
from services.own_limits import OwnLimits
from services.passkey_door import DoorParts, PasskeyDoor
from services.passkey_proof import RelyingParty
from services.payments import Judges, Payments
from services.principal_cache import PrincipalCache
from services.principals import Principal, find_by_key
from services.sessions import NewSession, Sightings, open_session
from services.store import Store, StoreUnavailable
from services.terminal_keys import Signer, find_signer
from services.transfers import Transfers

# Order references are written beside the journal this often; losing some costs a label.
FLUSH_S = 0.25
# A limit that was set on another gateway holds here within this time: an indexed read each.
LIMITS_S = 0.5
# Between two looks at tickets and flights that are unfinished: an indexed read of each.
RESUME_S = 5.0
# What another process forgot is forgotten here within this time, as a disabled principal is
# (services/principal_cache.py).
LEARN_S = 5.0
# A transaction commits a little after the moment that it wrote down.
LATE_MS = 60_000
# A heartbeat that takes longer than this is no sign of readiness.
STATISTICS_S = 1.0

_log = get("gateway")


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway stands on. road: one for commands; pulse: one of its own for heartbeats."""

    config: Config
    directory: Directory
    road: Road
    pulse: Road
    journals: Journals
    store: Store
    clock: Clock
    random_bytes: Callable[[int], bytes] = secrets.token_bytes


class Gateway:
    """One gateway process: its application, and what runs beside it."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        data = Path(parts.config.data)
        self._keyring = open_keyring(data, random_bytes=parts.random_bytes)
        self._order_texts = OrderTexts(parts.store, parts.clock)
        self._principals = PrincipalCache(self._find, parts.clock)
        self._names = Names(parts.store, self._order_texts)
        self._tasks: list[asyncio.Task[None]] = []
        self._pulse_free = asyncio.Lock()
        self.engine = Engine(parts.directory, parts.road)
        self._own_limits = OwnLimits(parts.store, parts.clock)
        self._offline = OfflineCodes(parts.store, parts.clock)
        self._sightings = Sightings(parts.store, parts.clock)
        self._nonces = Nonces(parts.store, parts.clock)
        self._signed = SignedRequests(self._find_signer, self._nonces, parts.clock)
        self.limits = Limits(parts.clock)
        self.door = Door(
            self._principals,
            Tally(),
            Admission(self.engine.waiting, self.engine.swamped),
            self._signed,
            Peers(self.limits, parts.config.proxies),
            body_bytes_max=parts.config.body_bytes_max,
        )
        self.hub = EventHub(parts.directory, parts.journals, asyncio.sleep)
        self.health = Health(self.engine, self.statistics)
        self._counter: Counter | None = None
        self.routes = self._routes()

    def application(self) -> web.Application:
        parts, door = self._parts, self.door
        app = web.Application(client_max_size=parts.config.body_bytes_max)
        digest = self._keyring.request_digest
        door.add(app, self.routes, digest)
        accounts = Accounts(self.engine, parts.clock)
        self._sockets = TerminalSockets(door, self.routes, digest)
        stream = EventStream(door, self.hub, accounts, Views(self._names))
        self._watch = AccessWatch(
            parts.store, self._forget, [self._sockets.rechecks, stream.rechecks]
        )
        metrics_page = MetricsPage(door.tally, self.engine, self.hub, self.statistics)
        app.router.add_get("/v1/events", stream.handle)
        app.router.add_get("/v1/terminal", self._sockets.handle)
        app.router.add_get("/healthz", self.health.healthz)
        app.router.add_get("/readyz", self.health.readyz)
        app.router.add_get("/metrics", metrics_page.handle)
        app.router.add_get("/openapi.json", self._openapi)
        add_pages(app, load_pages())
        # The last one, not a middleware: that would cost each payment as much as reading its body.
        app.router.add_route("*", "/{path:.*}", answer_unknown)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)
        return app

    def _forget(self) -> None:
        self._principals.clear()
        self._signed.forget()

    def end_conversations(self) -> None:
        """Streams and terminals' connections end, so that nobody waits for them."""
        self.hub.end_streams()
        self._sockets.end()
        self._iso8583.end()

    def _routes(self) -> list[Route]:
        parts, views = self._parts, Views(self._names)
        accounts = Accounts(self.engine, parts.clock)
        keyring = self._keyring
        desk = self._card_desk(keyring)
        payments = Payments(
            accounts,
            keyring,
            self._order_texts,
            Judges(
                desk,
                ChannelRules(parts.config.channels, parts.store),
                self._own_limits,
                self._offline,
            ),
            clock=parts.clock,
            random_bytes=parts.random_bytes,
        )
        ways = Ways(parts.store)
        orders = OrdersApi(payments, parts.store, views, ways, parts.clock)
        demo = parts.config.demo
        airline = DemoAirline(parts.store, merchant_id("airline")) if demo else None
        self._agents = Agents(
            accounts,
            payments,
            parts.store,
            keyring=keyring,
            airline=airline,
            clock=parts.clock,
        )
        self._in_flight = InFlight(
            accounts, payments, parts.store, keyring=keyring, clock=parts.clock
        )
        self._iso8583 = self._listener(accounts, payments, keyring)
        return [
            *self._wallet_routes(accounts, payments, views),
            *PaymentsApi(
                accounts, payments, views, failed_codes=self.limits.failed_codes
            ).routes(),
            *self._card_routes(accounts, desk, keyring),
            *self._people(accounts).routes(),
            *self._sign_in_routes(accounts, keyring),
            *self._office_routes(keyring, views),
            *self._terminal_routes(keyring),
            *orders.routes(),
            *ScansApi(payments, parts.store, views, ways, orders.pay_order).routes(),
            *self._agents.routes(),
            *self._in_flight.routes(),
            *self._counter_routes(payments),
        ]

    def _wallet_routes(
        self, accounts: Accounts, payments: Payments, views: Views
    ) -> list[Route]:
        """What a person does with a wallet."""
        store, own = self._parts.store, self._own_limits
        proof = Proof(store, self._parts.clock)
        guards = Guards(codes=self.limits.codes, proof=proof, offline=self._offline)
        return [
            *AccountsApi(accounts, payments, store, views, guards).routes(),
            *HistoryApi(History(accounts, views)).routes(),
            *TransfersApi(accounts, Transfers(accounts, own)).routes(),
            *OwnLimitsApi(accounts, own, store, self._parts.clock).routes(),
            *WaysApi(accounts, store).routes(),
        ]

    def _sign_in_routes(self, accounts: Accounts, keyring: Keyring) -> list[Route]:
        parts, config = self._parts, self._parts.config
        store, clock, random_bytes = parts.store, parts.clock, parts.random_bytes
        door = PasskeyDoor(
            DoorParts(
                store=store,
                keyring=keyring,
                ceremonies=Ceremonies(
                    keyring.ceremony_secret(), self._nonces, clock, random_bytes
                ),
                us=RelyingParty(config.passkey_domain, origins_of(config)),
                session_ms=config.session_days * DAY_MS,
                clock=clock,
                random_bytes=random_bytes,
            )
        )
        proof, party = Proof(store, clock), config.wallet_name
        passkeys = PasskeysApi(
            door, store, self._names, proof, party=party, demo=config.demo
        )
        routes = [
            *passkeys.routes(),
            *SessionsApi(store, accounts, clock, random_bytes).routes(),
            *MeApi(self._names, demo=config.demo).routes(),
        ]
        if config.demo:
            demo = DemoApi(PEOPLE, self._find, self._names, self._open_demo_session)
            routes += demo.routes()
        return routes

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

    def _card_routes(
        self, accounts: Accounts, desk: CardDesk, keyring: Keyring
    ) -> list[Route]:
        parts = self._parts
        cards = CardsApi(accounts, desk, parts.store, keyring, parts.clock)
        linked = LinkedCardsApi(parts.store, keyring, parts.clock)
        return [*cards.routes(), *linked.routes()]

    def _card_desk(self, keyring: Keyring) -> CardDesk:
        parts = self._parts
        issuer = issuer_keys(parts.config, parts.store, parts.random_bytes)
        return CardDesk(
            parts.store,
            keyring,
            issuer,
            clock=parts.clock,
            random_bytes=parts.random_bytes,
        )

    def _counter_routes(self, payments: Payments) -> list[Route]:
        """Without departure control behind it there is nothing to charge for."""
        parts = self._parts
        if parts.config.demo:
            limit = self.limits.failed_codes
            self._counter = open_counter(payments, self._keyring, limit, parts)
        return self._counter.routes() if self._counter else []

    def _listener(
        self, accounts: Accounts, payments: Payments, keyring: Keyring
    ) -> Iso8583Listener:
        parts = self._parts
        count = parts.directory.partition_count
        counting = Counting(parts.store, parts.journals, count, clock=parts.clock)
        host = Iso8583Host(
            Iso8583Parts(
                accounts=accounts,
                payments=payments,
                store=parts.store,
                keyring=keyring,
                counting=counting,
                failed_codes=self.limits.failed_codes,
                clock=parts.clock,
            )
        )
        return Iso8583Listener(host, self.door.tally, parts.config)

    def _office_routes(self, keyring: Keyring, views: Views) -> list[Route]:
        """What a merchant's office looks at."""
        store, clock = self._parts.store, self._parts.clock
        plain_allowed = self._parts.config.webhooks_inside
        webhooks = WebhooksApi(store, keyring, views, clock, plain_allowed=plain_allowed)
        return [
            *TakingsApi(store, views, clock).routes(),
            *webhooks.routes(),
            *SettlementsApi(store, views, clock).routes(),
            *PayoutsApi(Accounts(self.engine, clock), store, views).routes(),
        ]

    def _terminal_routes(self, keyring: Keyring) -> list[Route]:
        parts, views = self._parts, TerminalViews(self._names)
        own = OwnTerminalApi(parts.store, views, parts.clock)
        registry = TerminalsApi(
            parts.store, keyring, views, parts.clock, parts.random_bytes
        )
        count = parts.directory.partition_count
        totals = TerminalTotalsApi(parts.store, parts.journals, count, parts.clock)
        # Its own first: `me` is no id.
        return [*own.routes(), *totals.routes(), *registry.routes()]

    def _find(self, key: str) -> Principal | None:
        found = find_by_key(self._parts.store, key, now_ms=self._parts.clock.now_ms())
        if found and found.session:
            self._sightings.note(found.session)
        return found

    def _find_signer(self, key_id: str) -> Signer | None:
        return find_signer(self._parts.store, key_id, now_ms=self._parts.clock.now_ms())

    async def statistics(self) -> list[Statistics]:
        """Of the partitions that answer within a second."""
        count = self._parts.directory.partition_count
        # A road carries one frame at a time, and two scrapes may ask at once.
        async with self._pulse_free:
            asked = [self._heartbeat(partition) for partition in range(count)]
            return [answer for answer in await asyncio.gather(*asked) if answer]

    async def _heartbeat(self, partition: int) -> Statistics | None:
        try:
            async with asyncio.timeout(STATISTICS_S):
                answer = await self._parts.pulse.send(partition, encode(Heartbeat()))
        except (PartitionUnavailable, TimeoutError):
            return None
        return decode_statistics(answer)

    async def _openapi(self, _request: web.Request) -> web.Response:
        body = msgspec.json.encode(document(self.routes, version("airside")))
        return web.Response(body=body, content_type="application/json")

    async def _start(self, _app: web.Application) -> None:
        # Before anybody is served: a limit that is not known yet would not hold.
        await asyncio.to_thread(self._own_limits.learn)
        await self._iso8583.start()
        self._tasks = [
            asyncio.create_task(self.hub.run()),
            asyncio.create_task(self._keep_flushing()),
            asyncio.create_task(self._keep_learning()),
            asyncio.create_task(self._watch.run()),
            asyncio.create_task(self._keep_resuming()),
            asyncio.create_task(self._keep_forgetting()),
        ]

    async def _keep_flushing(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            try:
                await asyncio.to_thread(self._order_texts.flush)
                await asyncio.to_thread(self._sightings.flush)
            except StoreUnavailable:
                _log.warning("order references could not be written, and are kept")

    async def _keep_learning(self) -> None:
        """Who set a limit on another gateway."""
        while True:
            await asyncio.sleep(LIMITS_S)
            try:
                await asyncio.to_thread(self._own_limits.learn)
            except StoreUnavailable:
                _log.warning("limits could not be read, and are asked for again")

    async def _keep_resuming(self) -> None:
        """What a gateway that died, or a silent airline, left half done."""
        while True:
            await asyncio.sleep(RESUME_S)
            work_left = [self._resume_agents, self._in_flight.settle]
            if self._counter:
                work_left.append(self._counter.resume)
            for work in work_left:
                try:
                    await work()
                except StoreUnavailable:
                    _log.warning(
                        "unfinished tickets, flights or charges could not be read, and wait"
                    )
                except Exception as error:  # noqa: BLE001 — one flight that fails must not end all later rounds
                    _log.error("a round of what was unfinished failed", exc_info=error)

    async def _resume_agents(self) -> None:
        await self._agents.resume()
        for agency, currency in await self._agents.newly_low():
            _log.warning("an agency is low", agency=agency, currency=currency)

    async def _keep_forgetting(self) -> None:
        """What other processes forgot, and what their deletions left in the files."""
        since_ms = self._parts.clock.now_ms()
        while True:
            await asyncio.sleep(LEARN_S)
            asked_ms = self._parts.clock.now_ms()
            try:
                await self._learn(since_ms - LATE_MS)
            except StoreUnavailable:
                continue  # asked again from the same moment
            since_ms = asked_ms

    async def _learn(self, since_ms: int) -> None:
        store = self._parts.store
        self._let_go(await asyncio.to_thread(learn_forgotten, store, since_ms))
        await asyncio.to_thread(store.sweep)

    def _people(self, accounts: Accounts) -> PeopleApi:
        parts = self._parts
        return PeopleApi(
            parts.store,
            parts.journals,
            parts.clock,
            accounts=accounts,
            retention_days=parts.config.retention_days,
            let_go=self._let_go,
        )

    def _let_go(self, holders: Collection[AccountId]) -> None:
        """Their data leaves the memory of this process."""
        if holders:
            self._order_texts.drop(holders)
            self._principals.clear()

    async def _stop(self, _app: web.Application) -> None:
        await self._iso8583.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.close()
        await self._parts.pulse.close()
        await asyncio.to_thread(self._order_texts.flush)
        self.hub.close()


def layout_of(config: Config) -> Layout:
    return Layout(Path(config.data))
