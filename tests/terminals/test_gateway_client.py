import asyncio
from collections.abc import AsyncIterator, Mapping

import pytest
import pytest_asyncio

from ledger.errors import Happened
from terminals.gateway_answer import Answer, NoAnswer
from terminals.gateway_client import (
    BODY_BYTES_MAX,
    GatewayClient,
    UnusableUrl,
    authority_of,
    checked_url,
)
from terminals.till_proof import ApiKey

HOST = "127.0.0.1"
SECONDS_MS = 5_000


class Socket:
    """A server that answers with the bytes it is given, and keeps what it was sent."""

    def __init__(self) -> None:
        self.answer = b""
        self.request = b""
        self.connections = 0
        self.port = 0

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        self.request = await reader.readuntil(b"\r\n\r\n")
        if self.answer == b"silence":
            await reader.read()  # until the other side gives up
        else:
            writer.write(self.answer)
        writer.close()


@pytest_asyncio.fixture
async def far() -> AsyncIterator[Socket]:
    socket = Socket()
    server = await asyncio.start_server(socket.serve, HOST, 0)
    socket.port = server.sockets[0].getsockname()[1]
    async with server:
        yield socket


@pytest_asyncio.fixture
async def client(far: Socket) -> AsyncIterator[GatewayClient]:
    async with GatewayClient(f"http://{HOST}:{far.port}/", ApiKey("ak_secret")) as client:
        yield client


async def post(client: GatewayClient, *, timeout_ms: int = SECONDS_MS) -> Answer:
    return await client.post("/v1/payments", {"a": 1}, key="key-1", timeout_ms=timeout_ms)


def response(body: bytes, head: str = "HTTP/1.1 201 Created") -> bytes:
    return f"{head}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


async def no_answer(client: GatewayClient, *, timeout_ms: int = SECONDS_MS) -> Happened:
    with pytest.raises(NoAnswer) as error:
        await post(client, timeout_ms=timeout_ms)
    return error.value.happened


async def test_a_whole_answer_comes_back(client: GatewayClient, far: Socket) -> None:
    far.answer = response(b"{}", "HTTP/1.1 201 Created\r\nIdempotent-Replayed: true")

    assert await post(client) == Answer(201, b"{}", replayed=True)
    assert b"POST /v1/payments HTTP/1.1\r\n" in far.request
    assert b"Authorization: Bearer ak_secret\r\n" in far.request
    assert b"Idempotency-Key: key-1\r\n" in far.request


async def test_each_request_has_its_own_connection(
    client: GatewayClient, far: Socket
) -> None:
    far.answer = response(b"{}")
    for _ in range(3):
        await client.get("/v1/me", timeout_ms=SECONDS_MS)

    assert far.connections == 3


async def test_a_redirect_is_an_answer_and_is_not_followed(
    client: GatewayClient, far: Socket
) -> None:
    far.answer = response(b"", f"HTTP/1.1 307 Go\r\nLocation: http://{HOST}:{far.port}/x")

    assert (await post(client)).status == 307
    assert far.connections == 1


async def test_a_door_that_is_shut_proves_that_nothing_was_sent(
    unused_tcp_port: int,
) -> None:
    async with GatewayClient(
        f"http://{HOST}:{unused_tcp_port}", ApiKey("ak_secret")
    ) as client:
        assert await no_answer(client) is Happened.NO


ENDS = {
    "no answer at all": b"",
    "half a head": b"HTTP/1.1 201 Cre",
    "half a body": response(b"{" * 100)[:-50],
    "a body too large": response(b"x" * (BODY_BYTES_MAX + 1)),
    "not HTTP": b"hello\r\n\r\n",
    "a broken chunk": b"HTTP/1.1 201 .\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
}


@pytest.mark.parametrize("answer", ENDS.values(), ids=ENDS)
async def test_after_sending_anything_may_have_happened(
    answer: bytes, client: GatewayClient, far: Socket
) -> None:
    far.answer = answer

    assert await no_answer(client) is Happened.UNKNOWN


async def test_silence_ends_with_the_till_s_patience(
    client: GatewayClient, far: Socket
) -> None:
    far.answer = b"silence"

    assert await no_answer(client, timeout_ms=50) is Happened.UNKNOWN


def test_a_client_does_not_show_its_key() -> None:
    assert "ak_secret" not in repr(
        GatewayClient("https://gateway.example", ApiKey("ak_secret"))
    )


@pytest.mark.parametrize(
    ("url", "checked"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("http://[::1]:8080", "http://[::1]:8080"),
        ("https://Gateway.Example/", "https://gateway.example"),
    ],
)
def test_an_address_is_written_in_one_way(url: str, checked: str) -> None:
    assert checked_url(url) == checked


@pytest.mark.parametrize(
    "url",
    [
        "",
        "gateway.example",
        "ftp://gateway.example",
        "http://gateway.example",
        "http://127.0.0.1.gateway.example",
        "https://ak_secret@gateway.example",
        "https://gateway.example/v1",
        "https://gateway.example?x",
        "https://gateway.example:99999",
        "https://[gateway.example",
    ],
)
def test_an_address_that_would_lose_the_key_is_refused(url: str) -> None:
    with pytest.raises(UnusableUrl) as refused:
        checked_url(url)
    assert "ak_secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "signed"),
    [
        ("https://Pay.example:443/", "pay.example"),
        ("https://pay.example", "pay.example"),
        ("https://pay.example:", "pay.example"),
        ("https://pay.example:8443", "pay.example:8443"),
        ("https://pay.example:80", "pay.example:80"),
        ("http://127.0.0.1:80", "127.0.0.1"),
        ("http://[::1]:8080", "[::1]:8080"),
    ],
)
def test_a_default_port_is_not_signed(url: str, signed: str) -> None:
    """As the header Host has it (RFC 9421, section 2.2.3)."""
    assert authority_of(checked_url(url)) == signed


async def test_what_is_signed_is_what_is_sent_as_host(far: Socket) -> None:
    signed: list[str] = []

    class Noting(ApiKey):
        def headers(
            self, method: str, authority: str, path: str, body: bytes, key: str
        ) -> Mapping[str, str]:
            signed.append(authority)
            return super().headers(method, authority, path, body, key)

    far.answer = response(b"{}")
    async with GatewayClient(f"http://LOCALHOST:{far.port}", Noting("ak_1")) as client:
        await post(client)

    assert signed == [f"localhost:{far.port}"]
    assert f"Host: {signed[0]}\r\n".encode() in far.request
