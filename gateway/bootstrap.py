"""The one place where all parts meet: configuration in, a gateway out.

Every part gets what it needs as an argument; so a test builds the same gateway on the in-process
runtime, with a clock of its own.
"""

import asyncio
from importlib.metadata import version

import msgspec
from aiohttp import web

from actors.engine import Engine
from actors.frame import Heartbeat, Statistics, decode_statistics, encode
from actors.runtime import PartitionUnavailable
from channels.views import Views
from channels.web.pages import load_pages
from gateway.access_watch import AccessWatch
from gateway.admission import Admission
from gateway.chores import Chores
from gateway.events import EventHub
from gateway.features import Features
from gateway.iso8583_listener import Iso8583Listener
from gateway.openapi import document
from gateway.parts import Parts, Shared
from gateway.peers import Peers
from gateway.server import Door, answer_unknown
from gateway.signed_requests import SignedRequests
from gateway.tally import Tally
from gateway.terminal_socket import TerminalSockets
from gateway.web import EventStream, Health, MetricsPage, add_pages

# A heartbeat that takes longer than this is no sign of readiness.
STATISTICS_S = 1.0


class Gateway:
    """One gateway process: its application, and what runs beside it."""

    def __init__(self, parts: Parts, engine: Engine | None = None) -> None:
        self._parts = parts
        self.shared = shared = Shared(parts, engine)
        self.engine, self.limits = shared.engine, shared.limits
        self._signed = SignedRequests(shared.find_signer, shared.nonces, parts.clock)
        self.door = Door(
            shared.principals,
            Tally(),
            Admission(self.engine.waiting, self.engine.swamped),
            self._signed,
            Peers(self.limits, parts.config.proxies),
            body_bytes_max=parts.config.body_bytes_max,
        )
        self.hub = EventHub(parts.directory, parts.journals, asyncio.sleep)
        self.health = Health(self.engine, self.statistics)
        self.features = Features(shared)
        self.routes = self.features.routes()
        self.chores = Chores(shared, self.features.unfinished())
        self._iso8583 = Iso8583Listener(
            self.features.iso8583, self.door.tally, parts.config
        )
        self._pulse_free = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    def application(self) -> web.Application:
        shared, door = self.shared, self.door
        app = web.Application(client_max_size=self._parts.config.body_bytes_max)
        digest = shared.keyring.request_digest
        door.add(app, self.routes, digest)
        self._sockets = TerminalSockets(door, self.routes, digest)
        stream = EventStream(door, self.hub, shared.accounts, Views(shared.names))
        self._watch = AccessWatch(
            self._parts.store, self.forget, [self._sockets.rechecks, stream.rechecks]
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

    def forget(self) -> None:
        """What is remembered of keys."""
        self.shared.principals.clear()
        self._signed.forget()

    def end_conversations(self) -> None:
        """Streams and terminals' connections end, so that nobody waits for them."""
        self.hub.end_streams()
        self._sockets.end()
        self._iso8583.end()

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
        await self.chores.prepare()
        await self._iso8583.start()
        self._tasks = [
            asyncio.create_task(self.hub.run()),
            asyncio.create_task(self._watch.run()),
            asyncio.create_task(self.chores.run()),
        ]

    async def _stop(self, _app: web.Application) -> None:
        await self._iso8583.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.engine.close()
        await self._parts.pulse.close()
        await asyncio.to_thread(self.shared.order_texts.flush)
        self.hub.close()
