"""Connections that ask nothing, slowly or too much: they cost little, and not for long."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, Self, cast

import pytest

from gateway import connection as module
from gateway.connection import CONNECTIONS_MAX, Connection, Connections
from tests.gateway.harness import AMIRA, House

READ = f"GET /v1/accounts/{AMIRA} HTTP/1.1\r\nHost: x\r\n".encode()


class Line:
    """One connection, spoken by hand."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __aenter__(self) -> Self:
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._house.port
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.close()

    async def answer(self) -> tuple[int, bytes]:
        head = await self.reader.readuntil(b"\r\n\r\n")
        if b" 100 " in head:
            head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split()[0])
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def ask(self, *data: bytes) -> tuple[int, bytes]:
        for part in data:
            self.writer.write(part)
            await self.writer.drain()
            # Another connection's answer: what was written has been read by then.
            await self._house.nobody.get("/healthz")
        return await self.answer()


def signed(house: House, request: bytes = READ) -> bytes:
    return request + f"Authorization: Bearer {house.amira.api_key}\r\n\r\n".encode()


@pytest.fixture
def crowded(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """There is too much to do, whatever there is."""
    with monkeypatch.context() as patch:
        patch.setattr("gateway.admission.WORK_MAX", 0)
        yield patch


async def test_too_much_is_refused_before_anything_is_read(
    funded: House, crowded: pytest.MonkeyPatch
) -> None:
    async with Line(funded) as line:
        refused = await line.ask(READ + b"\r\n")
        crowded.undo()
        read = await line.ask(signed(funded))

    assert refused[0] == 503, "nobody's key was looked at"
    assert b'"happened":"no"' in refused[1]
    assert read[0] == 200, "the connection is as good as before"


async def test_a_refusal_is_as_declared_and_counted(
    funded: House, crowded: pytest.MonkeyPatch
) -> None:
    refused = await funded.amira.get(f"/v1/accounts/{AMIRA}")

    assert (refused.status, refused.headers["Retry-After"]) == (503, "1")
    assert refused.headers["Cache-Control"] == "no-store"
    assert funded.gateway.door.tally.answers["unread", 503] == 1


@pytest.mark.parametrize("header", ["Connection: close", "Expect: 100-continue"])
async def test_what_is_not_plain_is_refused_too(
    funded: House, crowded: pytest.MonkeyPatch, header: str
) -> None:
    async with Line(funded) as line:
        request = READ + f"{header}\r\n".encode()
        status, _ = await line.ask(signed(funded, request))

    assert status == 503
    assert funded.gateway.door.tally.answers["GET /v1/accounts/{id}", 503] == 1


async def test_pages_probes_and_metrics_are_served_however_much_there_is_to_do(
    funded: House, crowded: pytest.MonkeyPatch
) -> None:
    paths = ["/healthz", "/readyz", "/metrics", "/openapi.json", "/"]

    assert [(await funded.nobody.get(path)).status for path in paths] == [200] * 5


async def test_the_body_of_what_was_refused_is_passed_over_as_it_comes(
    funded: House, crowded: pytest.MonkeyPatch
) -> None:
    head = b"POST /v1/transfers HTTP/1.1\r\nHost: x\r\nContent-Length: 43\r\n\r\n"
    async with Line(funded) as line:
        refused = await line.ask(head + b"GET /v1/me HTTP/1.1\r\n")
        crowded.undo()
        read = await line.ask(b"\r\nGET /v1/nothing HTTP", signed(funded))

    assert (refused[0], read[0]) == (503, 200)


async def test_the_rest_of_headers_is_no_request(
    funded: House, crowded: pytest.MonkeyPatch
) -> None:
    """Were it taken for one, what follows would belong to a request that nobody sent."""
    async with Line(funded) as line:
        line.writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        await funded.nobody.get("/healthz")
        answered = await line.ask(READ.replace(b"Host", b"Y") + b"\r\n")

    assert answered[0] == 200


async def test_requests_that_never_end_fill_no_place(funded: House) -> None:
    lines = [Line(funded) for _ in range(8)]
    for line in lines:
        await line.__aenter__()
        line.writer.write(READ)
    await funded.nobody.get("/healthz")

    assert funded.gateway.door.admission.under_way == 0
    for line in lines:
        await line.__aexit__()


async def test_whoever_goes_before_the_answer_leaves_no_trace(funded: House) -> None:
    admission = funded.gateway.door.admission
    funded.road.hold()
    async with Line(funded) as line:
        line.writer.write(signed(funded))
        await funded.road.stopped.wait()
        assert admission.under_way == 1
    await funded.until(lambda: admission.under_way == 0)
    funded.road.release()

    async with Line(funded) as line:
        assert (await line.ask(signed(funded)))[0] == 200
    assert admission.under_way == 0


async def test_a_stream_is_no_work(funded: House) -> None:
    async with Line(funded) as line:
        line.writer.write(signed(funded, b"GET /v1/events HTTP/1.1\r\nHost: x\r\n"))
        assert b"200 OK" in await line.reader.readline()

        assert funded.gateway.door.admission.under_way == 0


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("FIRST_S", b""),
        ("HEAD_S", b"GET /healthz HTTP/1.1\r\nHost"),
        ("HEAD_S", b"GET"),
    ],
)
async def test_who_does_not_ask_loses_the_connection(
    funded: House, monkeypatch: pytest.MonkeyPatch, bound: str, said: bytes
) -> None:
    monkeypatch.setattr(module, bound, 0.0)
    async with Line(funded) as line:
        line.writer.write(said)

        assert await line.reader.read() == b""


async def test_headers_that_never_end_are_too_long(funded: House) -> None:
    async with Line(funded) as line:
        line.writer.write(b"GET /healthz HTTP/1.1\r\n")
        status = 0
        for number in range(64):
            line.writer.write(b"X-%d: " % number + b"a" * 2_000 + b"\r\n")
            await funded.nobody.get("/healthz")
            if line.reader._buffer:  # type: ignore[attr-defined]  # without waiting for it
                status, body = await line.answer()
                break

        assert (status, number < 20) == (431, True)
        assert b"header-too-large" in body
        assert await line.reader.read() == b""


async def test_too_many_headers_are_refused(funded: House) -> None:
    headers = b"".join(b"X-%d: a\r\n" % number for number in range(100))
    async with Line(funded) as line:
        status, _ = await line.ask(b"GET /healthz HTTP/1.1\r\n" + headers + b"\r\n")

    assert status in {400, 431}


class Taker:
    """A transport whose peer takes nothing."""

    aborted = False
    unsent = 10

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def abort(self) -> None:
        self.aborted = True


def connection_to(taker: Taker) -> Connection:
    connection = cast(Any, Connection.__new__(Connection))
    connection.transport, connection._unsent = taker, 0
    return cast(Connection, connection)


def test_who_takes_no_answer_loses_the_connection() -> None:
    taker = Taker()
    connection = connection_to(taker)

    connection.require_progress()
    assert not taker.aborted
    taker.unsent = 9
    connection.require_progress()
    assert not taker.aborted, "it takes, slowly"
    connection.require_progress()
    assert taker.aborted


def test_one_peer_leaves_room_for_another() -> None:
    door = SimpleNamespace(admission=None, tally=None, body_bytes_max=1)
    connections = Connections(cast(Any, door))
    new = [connection_to(Taker()) for _ in range(CONNECTIONS_MAX)]

    taken = [one for one in new if connections.add(one, "10.0.0.1")]
    assert len(taken) == CONNECTIONS_MAX // 2
    assert connections.add(connection_to(Taker()), "10.0.0.2")

    connections.discard(taken[0])
    connections.discard(taken[0])
    assert connections.add(new[-1], "10.0.0.1")
    assert not connections.add(connection_to(Taker()), "10.0.0.1")
