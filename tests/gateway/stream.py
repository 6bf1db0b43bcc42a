"""A reader of server-sent events, as the WHATWG standard reads them."""

import asyncio
import json
from contextlib import AsyncExitStack
from typing import NamedTuple, Self

import aiohttp

from tests.gateway.harness import PATIENCE_S, Caller, House, Json


class Event(NamedTuple):
    id: str
    name: str
    data: Json


class Stream:
    """async with Stream(house, house.amira) as stream: event = await stream.next()"""

    def __init__(self, house: House, caller: Caller, last_id: str | None = None) -> None:
        self._house = house
        self._headers = dict(caller.headers)
        if last_id is not None:
            self._headers["Last-Event-ID"] = last_id
        self._stack = AsyncExitStack()
        self.last_id = ""

    async def __aenter__(self) -> Self:
        url = f"{self._house.base}/v1/events"
        self.response = await self._stack.enter_async_context(
            self._house.session.get(url, headers=self._headers)
        )
        assert self.response.status == 200
        assert self.response.content_type == "text/event-stream"
        # The place where it begins.
        await self.block()
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self._stack.aclose()

    async def block(self) -> dict[str, str]:
        """The fields of one block; empty when the stream has ended. Comments are the field ""."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while line := (await self.response.content.readline()).decode():
                if line == "\n":
                    break
                field, _, value = line.rstrip("\n").partition(":")
                fields[field] = value.removeprefix(" ")
        self.last_id = fields.get("id", self.last_id)
        return fields

    async def next(self) -> Event | None:
        """The next event; None when the stream has ended."""
        fields = await self.block()
        while fields and "data" not in fields:
            fields = await self.block()
        if not fields:
            return None
        return Event(fields["id"], fields["event"], json.loads(fields["data"]))

    async def kinds(self, count: int) -> list[str]:
        events = [await self.next() for _ in range(count)]
        return [event.data["kind"] if event else "ended" for event in events]


async def ended(stream: Stream) -> bool:
    """Read on until it ends, properly or by a connection that breaks."""
    try:
        while await stream.next():
            pass
    except (aiohttp.ClientError, ConnectionError):
        pass
    return True
