"""A merchant's server: takes news, or does not, as a test says."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

from aiohttp import web

from tests.gateway.harness import reserve_port

Answers = Callable[[int], int]


class News(NamedTuple):
    """One that came, and how it was answered."""

    headers: dict[str, str]
    raw: bytes
    body: Any
    status: int

    @property
    def payment(self) -> str:
        return str(self.body["data"]["payment"]["id"])


class Receiver:
    """answers: the status for the n-th message. hangs: how many of the next get no answer."""

    def __init__(self) -> None:
        self.came: list[News] = []
        self.answers: Answers = lambda _number: 200
        self.hangs = 0
        self.at_once = 0
        self.most_at_once = 0
        self._reserved = reserve_port()
        self.url = f"http://127.0.0.1:{self._reserved.getsockname()[1]}/news"
        self._runner: web.AppRunner | None = None
        self._over = asyncio.Event()

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/news", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0)
        await self._runner.setup()
        host, port = self._reserved.getsockname()
        await web.TCPSite(self._runner, host, port, reuse_port=True).start()

    async def stop(self) -> None:
        self._over.set()
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    def close(self) -> None:
        self._reserved.close()

    @property
    def taken(self) -> list[News]:
        return [news for news in self.came if news.status == 200]

    async def _take(self, request: web.Request) -> web.Response:
        raw, body = await request.read(), await request.json()
        status = self.answers(len(self.came))
        hangs, self.hangs = self.hangs > 0, max(0, self.hangs - 1)
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.came.append(News(headers, raw, body, 0 if hangs else status))
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        try:
            if hangs:
                with suppress(asyncio.CancelledError):
                    await self._over.wait()
            else:
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        finally:
            self.at_once -= 1
        return web.Response(status=status, headers={"Location": self.url})
