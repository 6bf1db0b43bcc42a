"""The load generator, against a server that does as it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from benchmarks.client import run
from benchmarks.connection import framed, unframed
from benchmarks.orders import Orders, Phase, Tally
from benchmarks.workload import World

WORLD = World(api_key="ak_test", wallets=["acc_1", "acc_2"], merchants=["mer_1", "mer_2"])
BODY = b'{"id":"pay_' + b"a" * 32 + b'"}'
ANSWER = b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


class Server(asyncio.Protocol):
    """Answers each request, at once or when its stall is over."""

    def __init__(self, stall: tuple[float, float] = (0.0, 0.0)) -> None:
        self._begins, self._ends = stall
        self._incoming = bytearray()
        self._loop = asyncio.get_running_loop()
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        head, found, body = self._incoming.partition(b"\r\n\r\n")
        length = head.partition(b"Content-Length: ")[2].partition(b"\r")[0]
        if not found or len(body) < int(length):
            return
        self._incoming.clear()
        if self._begins < self._loop.time() < self._ends:
            self._loop.call_at(self._ends, self.transport.write, ANSWER)
        else:
            self.transport.write(ANSWER)


class TerminalServer(Server):
    """under_way: how many lines each message held."""

    def __init__(self, under_way: list[int]) -> None:
        super().__init__()
        self._under_way = under_way

    def data_received(self, data: bytes) -> None:
        self._incoming += data
        if self._incoming.startswith(b"GET "):
            self._incoming.clear()
            self.transport.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
            return
        while lines := take_lines(self._incoming):
            self._under_way.append(len(lines))
            told = [b'{"id":%d,"status":201,"body":{}}' % one["id"] for one in lines]
            self.transport.write(unmasked(b"\n".join(told)))


@asynccontextmanager
async def serving(make: Callable[[], Server]) -> AsyncIterator[int]:
    made: list[Server] = []

    def remembered() -> Server:
        made.append(make())
        return made[-1]

    server = await asyncio.get_running_loop().create_server(remembered, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for one in made:
            one.transport.abort()


def orders(
    port: int, per_second: float = 0.0, connections: int = 4, pipelined: int = 0
) -> Orders:
    phases = [Phase(seconds=0.1, per_second=per_second)]
    phases.append(Phase(seconds=0.4, per_second=per_second))
    return Orders(
        world=WORLD,
        run="t",
        seed=1,
        port=port,
        connections=connections,
        phases=phases,
        judged=False,
        pipelined=pipelined,
    )


async def load(
    make: Callable[[], Server] = Server, per_second: float = 0.0, connections: int = 4
) -> Tally:
    async with serving(make) as port:
        return await run(orders(port, per_second, connections))


def stalling(seconds: float) -> Callable[[], Server]:
    """One stall, of all connections, a while after the start."""
    begins = asyncio.get_running_loop().time() + 0.25
    return lambda: Server((begins, begins + seconds))


async def test_a_closed_loop_asks_again_when_it_has_its_answer() -> None:
    tally = await load()

    assert tally.answers > 20
    assert tally.mistakes == 0
    assert tally.phases[1].finished == sum(tally.phases[1].latencies.values())


async def test_an_open_loop_starts_as_many_as_it_was_told() -> None:
    tally = await load(per_second=200.0)

    assert sum(sum(phase.latencies.values()) for phase in tally.phases) == 100
    assert sum(one.answered for one in tally.slices) == 100


async def test_in_an_open_loop_a_stall_is_seen_by_everyone_who_should_have_been_served() -> (
    None
):
    slow_us = 20_000
    tally = await load(stalling(0.15), per_second=200.0)
    counted = tally.phases[1].latencies
    slow = sum(times for value, times in counted.items() if value > slow_us)

    assert slow >= 20  # of the 30 that were due within the stall, and not just of 4 callers


async def test_in_a_closed_loop_a_stall_is_seen_by_few() -> None:
    tally = await load(stalling(0.15))
    counted = tally.phases[1].latencies

    # Once by each of four callers; a stall of the machine may add as many.
    assert 1 <= sum(times for value, times in counted.items() if value > 100_000) <= 12


async def test_payments_without_a_free_connection_wait_and_it_counts() -> None:
    tally = await load(stalling(0.15), per_second=200.0, connections=1)
    counted = tally.phases[1].latencies

    assert sum(times for value, times in counted.items() if value > 20_000) >= 20
    assert sum(sum(phase.latencies.values()) for phase in tally.phases) == 100


async def test_a_terminal_keeps_many_payments_under_way_on_one_connection() -> None:
    under_way: list[int] = []
    async with serving(lambda: TerminalServer(under_way)) as port:
        tally = await run(orders(port, connections=1, pipelined=8))

    assert max(under_way) == 8
    assert tally.answers == sum(under_way)


def take_lines(data: bytearray) -> list[dict[str, int]] | None:
    """Of one message: a client's has four bytes more, its mask, which is nothing here."""
    longer = bytearray(data)
    found = (
        unframed(bytearray([longer[0], longer[1] & 0x7F]) + longer[2:]) if data else None
    )
    if found is None or len(data) < found[2] + 4:
        return None
    _, start, end = found
    message = bytes(data[start + 4 : end + 4])
    del data[: end + 4]
    return [msgspec.json.decode(line) for line in message.splitlines()]


def unmasked(message: bytes) -> bytes:
    """A server's frame: without mask, and without saying that there is one."""
    frame = bytearray(framed(message))
    frame[1] &= 0x7F
    at = len(frame) - len(message) - 4
    del frame[at : at + 4]
    return bytes(frame)


def test_messages_of_every_length_are_framed_and_found_again() -> None:
    for length in (0, 1, 125, 126, 65_535, 65_536):
        frame = bytearray(unmasked(bytes(length)))
        found = unframed(frame)

        assert found is not None
        assert found[2] - found[1] == length
        assert found[2] == len(frame)
        assert unframed(frame[:-1]) is None or length == 0
