"""The load generator: `python -m benchmarks.client`, a process of its own.

A closed loop: each connection sends its next request when it has its last answer. It must cost
little beside what it measures, on the same two cores; so HTTP is spoken by hand, straight on
asyncio's transports: requests are put together from prepared text, and of an answer only the
status line, the length and the first field of the body are looked at.

Orders come as one line of JSON on standard input, the tally leaves on standard output.
"""

import asyncio
import gc
import sys
import time
from typing import Annotated

import msgspec
from msgspec import Meta

from benchmarks.workload import APPROVED, Attempt, Workload, World

# After the last request an answer may take this long: longer than any deadline of the gateway.
LAST_ANSWERS_S = 10.0
MISTAKES_SHOWN_MAX = 5

_LENGTH = b"Content-Length: "
_END = b"\r\n\r\n"
_REPLAYED = b"Idempotent-Replayed: true"
_ID_START = b'{"id":"'
# `pay_` and 32 characters.
_ID = slice(len(_ID_START), len(_ID_START) + 36)


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """judged: answers are a ledger's, and each is checked; otherwise only that it is a 201."""

    world: World
    run: str
    seed: int
    port: int
    connections: Annotated[int, Meta(ge=1)]
    warm_up_s: float
    seconds: float
    judged: bool


class Tally(msgspec.Struct, kw_only=True):
    """latencies_us: of the measured seconds only. All counts are of the whole run."""

    seconds: float
    latencies_us: list[int]
    answers: int = 0
    approved: int = 0
    approved_minor: int = 0
    declined: int = 0
    replayed: int = 0
    mistakes: int = 0
    mistakes_shown: list[str] = []
    cpu_s: float = 0.0


class Load:
    """What all connections share: the clock, the workload, the tally."""

    def __init__(self, orders: Orders) -> None:
        self.workload = Workload(orders.world, orders.run, orders.seed)
        self.tally = Tally(seconds=orders.seconds, latencies_us=[])
        self._judged = orders.judged
        now = time.perf_counter_ns()
        self._from = now + int(orders.warm_up_s * 1e9)
        self._until = self._from + int(orders.seconds * 1e9)

    def next(self) -> Attempt | None:
        return self.workload.next() if time.perf_counter_ns() < self._until else None

    def answered(self, attempt: Attempt, head: bytes, body: bytes, started: int) -> None:
        now = time.perf_counter_ns()
        if self._from <= now < self._until:
            self.tally.latencies_us.append((now - started) // 1_000)
        self.tally.answers += 1
        if not self._judged:
            if int(head[9:12]) != APPROVED:
                self._mistake(head, body)
            return
        payment = body[_ID]
        replayed = _REPLAYED in head
        wanted = attempt.payment or payment
        right = int(head[9:12]) == attempt.status and body.startswith(_ID_START)
        if not right or payment != wanted or replayed is not bool(attempt.payment):
            self._mistake(head, body)
        else:
            self._count(attempt, payment, replayed=replayed)

    def _count(self, attempt: Attempt, payment: bytes, *, replayed: bool) -> None:
        tally = self.tally
        if replayed:
            tally.replayed += 1
            return
        if attempt.status == APPROVED:
            tally.approved += 1
            tally.approved_minor += attempt.amount_minor
        else:
            tally.declined += 1
        self.workload.answered(attempt, payment)

    def _mistake(self, head: bytes, body: bytes) -> None:
        self.tally.mistakes += 1
        if len(self.tally.mistakes_shown) < MISTAKES_SHOWN_MAX:
            text = (head.partition(b"\r\n")[0] + b" " + body[:200]).decode(errors="replace")
            self.tally.mistakes_shown.append(text)


class Connection(asyncio.Protocol):
    """One till's connection. done: set when the load is over and the last answer is there."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._incoming = b""
        self._attempt: Attempt | None = None
        self._started = 0
        self._transport: asyncio.Transport | None = None
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def send(self) -> None:
        assert self._transport is not None, "connected"
        self._attempt = self._load.next()
        if self._attempt is None:
            self._transport.close()
            self.done.set_result(None)
            return
        self._started = time.perf_counter_ns()
        self._transport.write(self._attempt.request)

    def data_received(self, data: bytes) -> None:
        if self._incoming:
            data = self._incoming + data
        end = data.find(_END)
        at = data.find(_LENGTH, 0, end) + len(_LENGTH)
        body_at = end + len(_END)
        if end < 0 or len(data) < body_at + int(data[at : data.index(b"\r", at)]):
            self._incoming = data
            return
        self._incoming = b""
        assert self._attempt is not None, "an answer belongs to a request"
        self._load.answered(self._attempt, data[:end], data[body_at:], self._started)
        self.send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionResetError("the server hung up"))


async def run(orders: Orders) -> Tally:
    loop = asyncio.get_running_loop()
    load = Load(orders)
    connections = []
    for _ in range(orders.connections):
        _, connection = await loop.create_connection(
            lambda: Connection(load), "127.0.0.1", orders.port
        )
        connections.append(connection)
    for connection in connections:
        connection.send()
    async with asyncio.timeout(orders.warm_up_s + orders.seconds + LAST_ANSWERS_S):
        await asyncio.gather(*(connection.done for connection in connections))
    load.tally.cpu_s = time.process_time()
    return load.tally


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    # A pause of ours would be taken for a pause of the server's.
    gc.disable()
    tally = asyncio.run(run(orders))
    sys.stdout.buffer.write(msgspec.json.encode(tally))


if __name__ == "__main__":
    main()
