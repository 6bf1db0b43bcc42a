"""Running a gateway on its port: until it is told to stop, and then until what was accepted is
answered.
"""

import asyncio
from typing import Any

from aiohttp import web

from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.connection import (
    HEADERS_MAX,
    IDLE_S,
    LINGER_S,
    LOOK_S,
    Connection,
    Connections,
)

# Connections that wait to be accepted; a burst of tills after a break fits.
BACKLOG = 1_024


async def serve(gateway: Gateway, config: Config, told_to_stop: asyncio.Event) -> None:
    """Serve until told to stop, then answer what was accepted, within drain_s."""
    connections = Connections(gateway.door)
    runner = Runner(
        gateway.application(),
        connections,
        access_log=None,
        shutdown_timeout=config.drain_s,
        keepalive_timeout=IDLE_S,
        lingering_time=LINGER_S,
        max_headers=HEADERS_MAX,
        auto_decompress=False,  # nobody needs it, and a little can become a lot
    )
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, backlog=BACKLOG, reuse_port=True)
    await site.start()
    looking = asyncio.create_task(_keep_looking(connections))
    await told_to_stop.wait()
    gateway.health.draining = True
    gateway.end_conversations()
    await site.stop()
    await runner.cleanup()
    looking.cancel()


async def _keep_looking(connections: Connections) -> None:
    while True:
        await asyncio.sleep(LOOK_S)
        connections.look()


class Runner(web.AppRunner):
    """Runs an application on our own server."""

    __slots__ = ("_connections",)

    def __init__(
        self,
        app: web.Application,
        connections: Connections,
        **kwargs: Any,
    ) -> None:
        super().__init__(app, **kwargs)
        self._connections = connections

    async def _make_server(self) -> web.Server:
        planned = await super()._make_server()
        return _Server(
            self._connections,
            planned.request_handler,
            request_factory=planned.request_factory,
            handler_cancellation=planned.handler_cancellation,
            **self._kwargs,
        )


class _Server(web.Server):
    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ours = connections

    def __call__(self) -> web.RequestHandler:
        return Connection(self._ours, self, loop=self._loop, **self._kwargs)
