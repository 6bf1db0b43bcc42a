"""The road from a till to the gateway, where a test can stand and look."""

import asyncio
from types import TracebackType
from typing import Self

from tests.gateway.harness import House


class Road:
    """It keeps one address while tills come and go: what one owes there it asks of no other.

    at, act: before or after the request of some name arrives, that is called. sent: by tills.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self.at = ""
        self.act = _nobody
        self.sent = b""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.base = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        head = await near.readuntil(b"\r\n\r\n")
        name = head.split(b" ")[1].decode().rpartition("/")[2]
        length = [part for part in head.lower().split(b"\r\n") if b"content-length" in part]
        body = await near.readexactly(int(length[0].split(b":")[1]) if length else 0)
        self.sent += head + body
        if self.at == f"before {name}":
            await asyncio.to_thread(self.act)
        else:
            far, out = await asyncio.open_connection("127.0.0.1", self._house.port)
            out.write(head + body)
            answer = await far.read()
            out.close()
            if self.at == f"after {name}":
                await asyncio.to_thread(self.act)
            back.write(answer)
        back.close()


def _nobody() -> None:
    pass
