"""Running a gateway on its port: until it is told to stop, and then until what was accepted is
answered.

What comes in and is not HTTP, or too long for it, never reaches the application. aiohttp would
answer it with a text that repeats the line, and log it: both may hold somebody's key. Here it
gets a problem like any other, and the log gets its kind.
"""

import asyncio
from http import HTTPStatus

from aiohttp import http_exceptions, web

from channels.problem import Problem
from gateway.bootstrap import Gateway
from gateway.config import Config
from gateway.logs import get
from gateway.server import problem_response
from ledger.errors import Happened

# Connections that wait to be accepted; a burst of tills after a break fits.
BACKLOG = 1_024

_log = get("gateway.runner")


async def serve(gateway: Gateway, config: Config, told_to_stop: asyncio.Event) -> None:
    """Serve until told to stop, then answer what was accepted, within drain_s."""
    runner = Runner(gateway.application(), access_log=None, shutdown_timeout=config.drain_s)
    await runner.setup()
    site = web.TCPSite(runner, config.host, config.port, backlog=BACKLOG, reuse_port=True)
    await site.start()
    await told_to_stop.wait()
    gateway.health.draining = True
    gateway.end_conversations()
    await site.stop()
    await runner.cleanup()


class Runner(web.AppRunner):
    """Runs an application on our own server."""

    async def _make_server(self) -> web.Server:
        planned = await super()._make_server()
        return _Server(
            planned.request_handler,
            request_factory=planned.request_factory,
            handler_cancellation=planned.handler_cancellation,
            **self._kwargs,
        )


class _Server(web.Server):
    def __call__(self) -> web.RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(web.RequestHandler):
    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 — it quotes what came in
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            # Half an answer is out: only a broken connection can still say so.
            raise ConnectionError
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed unexpectedly", exc_info=exc)
        else:
            _log.info("what came was not HTTP", problem=type(exc).__name__)
        response = problem_response(_problem(status, exc))
        response.force_close()
        return response


def _problem(status: int, error: BaseException | None) -> Problem:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        detail = "This should not have happened."
        return Problem(status, "internal", detail, happened=Happened.UNKNOWN)
    if isinstance(error, http_exceptions.LineTooLong):
        detail = (
            "The request line or a header is too long: send at most 8190 bytes in each."
        )
        return Problem(431, "header-too-large", detail, field="header")
    return Problem(400, "not-http", "The request is not well-formed HTTP.", field="header")
