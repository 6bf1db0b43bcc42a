"""A network that fails: between a till and its gateway, at every place where it can.

Of each connection, drawn at random: it goes through, it is refused, it ends before the request has
left, after the request has arrived and before the answer, or in the middle of the answer. Now and
then the network is down for a while, for everything.
"""

import asyncio
from random import Random

HOST = "127.0.0.1"
FATES = ("through", "early", "late", "half", "error")
WEIGHTS = (80, 5, 8, 5, 2)
PORTAL = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 7\r\n"
    b"Connection: close\r\n\r\nWelcome"
)


class Cuts:
    """cut: how many connections did not go through."""

    def __init__(self, port: int, random: Random) -> None:
        self._far = port
        self._random = random
        self._server: asyncio.Server | None = None
        self.is_down = False
        self.is_whole = False
        self.cut = 0
        self.url = ""

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, HOST, 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://{HOST}:{port}"

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            writer.write(await self._answer(reader))
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader) -> bytes:
        fate = self._random.choices(FATES, WEIGHTS)[0]
        fate = "early" if self.is_down else "through" if self.is_whole else fate
        self.cut += fate != "through"
        if fate == "early":
            return b""
        request = await whole(reader)
        if fate == "error":
            return PORTAL
        answer = await self._arrive(request)
        if fate == "late":
            return b""
        return answer if fate == "through" else answer[: len(answer) * 2 // 3]

    async def _arrive(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(HOST, self._far)
        writer.write(request)
        try:
            return await reader.read()
        finally:
            writer.close()


async def whole(reader: asyncio.StreamReader) -> bytes:
    """A request, which says its own length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return head + await reader.readexactly(length)
