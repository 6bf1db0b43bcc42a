"""Sends hostile requests and looks at what comes back. Raises Wrong for an answer that must not be.

Whatever is asked, the answer is no 5xx, has the form that everything has, and, if the request was
one that HTTP knows and a route is for, a status that the route declares.
"""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.hostile.requests import Hostile, World, draw

Json = Any

# An answer that must come; more than the slowest of a busy machine takes.
PATIENCE_S = 30.0
# What need not be answered is waited for so long, or many connections would stand open.
HALF_S = 0.02

# What any request may be answered, before it is seen what it asks: malformed, too large (a signed
# body is read to verify it), an expectation that nobody has, too long.
OF_HTTP = {"400", "413", "417", "431"}


class Wrong(Exception):
    """The seed's number, what was sent, and what is wrong about the answer."""

    def __init__(self, number: int, sent: Hostile, why: str) -> None:
        shown = b"".join(sent.parts)[:600]
        super().__init__(f"number {number}: {why}\n{shown!r}")


class Visit:
    """allowed: for each operation the statuses that the document declares."""

    def __init__(self, port: int, world: World, allowed: Mapping[str, set[str]]) -> None:
        self._port = port
        self._world = world
        self._allowed = allowed
        self.statuses: Counter[int] = Counter()

    async def send(self, seed: int, count: int, *, at_once: int = 16) -> None:
        numbers = iter(range(count))

        async def some() -> None:
            for number in numbers:
                await self._send(number, draw(Random(f"{seed}/{number}"), self._world))

        async with asyncio.TaskGroup() as group:
            for _ in range(at_once):
                group.create_task(some())

    async def _send(self, number: int, sent: Hostile) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            with contextlib.suppress(ConnectionError):
                for part in sent.parts:
                    writer.write(part)
                    await writer.drain()
            patience_s = PATIENCE_S if sent.whole else HALF_S
            try:
                async with asyncio.timeout(patience_s):
                    status, body = await _answer(reader)
            except TimeoutError:
                if sent.whole:
                    raise Wrong(number, sent, "there is no answer") from None
                return
            except (asyncio.IncompleteReadError, ConnectionError):
                # What is refused while it is still being sent may break the connection.
                if sent.whole and len(sent.parts) == 1:
                    raise Wrong(number, sent, "the connection was closed") from None
                return
            self._judge(number, sent, status, body)
        finally:
            writer.transport.abort()

    def _judge(self, number: int, sent: Hostile, status: int, body: bytes | None) -> None:
        self.statuses[status] += 1
        if status >= 500:
            raise Wrong(number, sent, f"it was answered {status} {body!r}")
        if sent.meant and str(status) not in self._allowed[sent.meant] | OF_HTTP:
            raise Wrong(number, sent, f"{sent.meant} does not declare {status} {body!r}")
        if status >= 400 and body:
            problem: Json = json.loads(body)
            if "happened" not in problem and "decline" not in problem:
                raise Wrong(number, sent, f"{body!r} is no problem")


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes | None]:
    """None: a body that has no end, or none at all."""
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head.split(maxsplit=2)[1])
    if status == 100:
        return await _answer(reader)
    _, found, rest = head.lower().partition(b"content-length:")
    if not found:
        return status, None
    return status, await reader.readexactly(int(rest.split()[0]))


def world_of(document: Json, keys: list[str], ids: list[str]) -> World:
    operations = [name for name in allowed_by(document) if name not in _ENDLESS]
    return World(operations, keys, ids)


# A stream, and a conversation.
_ENDLESS = {"GET /v1/events", "GET /v1/terminal"}


def allowed_by(document: Json) -> dict[str, set[str]]:
    return {
        f"{method.upper()} {path}": set(operation["responses"])
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
