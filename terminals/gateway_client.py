"""The road from a till to the gateway: HTTP, one connection for each request.

A connection that cannot be opened has carried nothing, and that is a proof the till can use.
A kept one that turns out closed leaves a doubt, so none is kept; a till asks a few times a
minute and can afford it. Redirects are not followed: they would take the key of this till,
and the code of a customer, to whoever answered.
"""

from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
import msgspec

from ledger.clock import SECOND_MS
from ledger.errors import Happened
from terminals.gateway_answer import Answer, NoAnswer
from terminals.till_proof import Proof

# Of an answer. A payment has some 600 bytes; what is larger is not from our gateway.
BODY_BYTES_MAX = 64 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class UnusableUrl(ValueError):
    """Where the gateway is said to be; whoever set up the till is to blame."""

    def __init__(self, why: str) -> None:
        super().__init__(f"--url: {why}")


def checked_url(url: str) -> str:
    """Scheme, host and port, as it is written into attempts. Raises UnusableUrl."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise UnusableUrl("this is not an address") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise UnusableUrl("an address begins with https:// and has a host")
    if parts.username or parts.query or parts.fragment or parts.path.strip("/"):
        raise UnusableUrl("only scheme, host and port belong into the address")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise UnusableUrl(
            "http is for loopback only; elsewhere the till's key could be read on the way"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}"


def authority_of(url: str) -> str:
    """Of a checked one: what the header Host will hold, and so what is signed. The default port of
    the scheme is no part of either (RFC 9421, section 2.2.3).
    """
    parts = urlsplit(url)
    return parts.netloc.removesuffix(f":{DEFAULT_PORTS[parts.scheme]}").removesuffix(":")


class GatewayClient:
    """Use as `async with`. What proves who asks is shown to nobody but the gateway."""

    def __init__(self, url: str, proof: Proof) -> None:
        self._url = checked_url(url)
        self._authority = authority_of(self._url)
        self._proof = proof
        self._session: aiohttp.ClientSession | None = None

    def __repr__(self) -> str:
        return f"<GatewayClient {self._url}>"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(force_close=True)
        )
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        assert self._session is not None
        await self._session.close()

    async def post(self, path: str, body: object, *, key: str, timeout_ms: int) -> Answer:
        raw = msgspec.json.encode(body)
        return await self._ask("POST", path, timeout_ms, raw=raw, key=key)

    async def tell(self, path: str, raw: bytes, *, timeout_ms: int) -> Answer:
        """A body that is no JSON: records of a journal."""
        return await self._ask("POST", path, timeout_ms, raw=raw)

    async def get(self, path: str, *, timeout_ms: int) -> Answer:
        return await self._ask("GET", path, timeout_ms)

    async def _ask(
        self, method: str, path: str, timeout_ms: int, *, raw: bytes = b"", key: str = ""
    ) -> Answer:
        assert self._session is not None, "entered with `async with`"
        limit = aiohttp.ClientTimeout(total=timeout_ms / SECOND_MS)
        proof = self._proof.headers(method, self._authority, path, raw, key)
        # The errors' own texts are dropped with `from None`: no part of a request in a trace.
        try:
            async with self._session.request(
                method,
                f"{self._url}{path}",
                data=raw or None,
                headers={"Content-Type": "application/json", **proof},
                timeout=limit,
                allow_redirects=False,
            ) as response:
                return await _answer(response)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
            raise NoAnswer(Happened.NO) from None
        except (aiohttp.ClientError, OSError):
            raise NoAnswer(Happened.UNKNOWN) from None


async def _answer(response: aiohttp.ClientResponse) -> Answer:
    body = b""
    while chunk := await response.content.read(BODY_BYTES_MAX + 1 - len(body)):
        body += chunk
        if len(body) > BODY_BYTES_MAX:
            raise NoAnswer(Happened.UNKNOWN)
    replayed = response.headers.get("Idempotent-Replayed") == "true"
    return Answer(response.status, body, replayed)
