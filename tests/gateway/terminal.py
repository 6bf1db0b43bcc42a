"""A terminal on its one connection."""

import asyncio
from contextlib import AsyncExitStack
from typing import Any, Self

import aiohttp
import msgspec

from tests.gateway.harness import PATIENCE_S, Caller, House, Json


class Terminal:
    """async with Terminal(house, house.lounge) as till: answers = await till.ask(...)"""

    def __init__(
        self, house: House, caller: Caller, headers: dict[str, str] | None = None
    ) -> None:
        """headers: that prove who it is, where the caller signs."""
        self._house = house
        self._headers = headers or caller.headers
        self._stack = AsyncExitStack()
        self._waiting: list[Json] = []

    async def __aenter__(self) -> Self:
        self.socket = await self._stack.enter_async_context(
            self._house.session.ws_connect(
                f"{self._house.base}/v1/terminal",
                headers=self._headers,
                protocols=["airside.v1"],
            )
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def send(self, *lines: bytes | dict[str, Any]) -> None:
        """All in one message; bytes as they are."""
        texts = [
            line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines
        ]
        await self.socket.send_bytes(b"\n".join(texts))

    async def next(self) -> Json:
        """The next answer; the close code when the gateway has ended it."""
        while not self._waiting:
            async with asyncio.timeout(PATIENCE_S):
                message = await self.socket.receive()
            if message.type is not aiohttp.WSMsgType.BINARY:
                return self.socket.close_code
            self._waiting += [
                msgspec.json.decode(line) for line in message.data.splitlines()
            ]
        return self._waiting.pop(0)

    async def ask(self, *lines: bytes | dict[str, Any]) -> list[Json]:
        """Their answers, in the order of their numbers."""
        await self.send(*lines)
        answers = [await self.next() for _ in lines]
        return sorted(answers, key=lambda answer: answer["id"] or 0)
