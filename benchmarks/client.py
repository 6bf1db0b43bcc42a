"""The load generator: `python -m benchmarks.client`, a process of its own.

Closed loop: each connection sends its next request when it has its last answer. Open loop:
requests start at a fixed rate whatever becomes of those before, and each latency counts from the
instant at which its request should have started; so a server that stalls cannot hide it.

It must cost little beside what it measures, on the same two cores; so requests are put together
from prepared text, and HTTP is spoken by hand (benchmarks/connection.py).

Orders come as one line of JSON on standard input, the tally leaves on standard output.
"""

import asyncio
import gc
import sys
import time
from collections import deque

import msgspec

from benchmarks.connection import AnyConnection, Connection, TerminalConnection
from benchmarks.histogram import record
from benchmarks.judge import Judge
from benchmarks.orders import Orders, Tally
from benchmarks.timer import Timer

# After the last request an answer may take this long: longer than any deadline of the gateway.
LAST_ANSWERS_S = 10.0
# Requests of an open loop that are due within this time leave together. A timer for each would
# cost more than the request.
TOGETHER_NS = 250_000
# Connections that are being opened at once: fewer than a server lets wait.
OPENING_MAX = 128


class Load:
    """All connections of one run. done: every request has its answer."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.judge: Judge
        self._connections: list[AnyConnection] = []
        self._asking = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        orders = self._orders
        opened: list[AnyConnection] = []
        for first in range(0, orders.connections, OPENING_MAX):
            count = min(orders.connections - first, OPENING_MAX)
            some = [self._new() for _ in range(count)]
            await asyncio.gather(*(connection.open(orders.port) for connection in some))
            opened += some
        # A terminal takes the place of as many tills as it has payments under way.
        self._connections = opened * (orders.pipelined or 1)
        self.judge = Judge(orders)

    def _new(self) -> AnyConnection:
        if self._orders.pipelined:
            return TerminalConnection(self, self._orders.world.api_key)
        return Connection(self)

    async def run(self) -> Tally:
        await self.connect()
        self.start()
        try:
            async with asyncio.timeout(self._orders.seconds + LAST_ANSWERS_S):
                await self.done
        finally:
            self.close()
        self.judge.tally.cpu_s = time.process_time()
        return self.judge.tally

    def start(self) -> None:
        for connection in self._connections:
            self._next(connection)

    def free(self, connection: AnyConnection) -> None:
        """It has its answer."""
        self._asking -= 1
        self._next(connection)

    def _next(self, connection: AnyConnection) -> None:
        if self.judge.over():
            self._end_if_all_answered()
            return
        self.ask(connection, time.perf_counter_ns())

    def ask(self, connection: AnyConnection, started_ns: int) -> None:
        self._asking += 1
        connection.send(self.judge.workload.next(), started_ns)

    def _end_if_all_answered(self) -> None:
        if not self._asking and not self.done.done():
            self.done.set_result(None)

    def lost(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)

    def close(self) -> None:
        if not self.done.done():
            self.done.cancel()
        for connection in self._connections:
            connection.close()


class OpenLoad(Load):
    """Requests start when they are due. With no connection free they wait, and that counts."""

    def start(self) -> None:
        self._idle = self._connections[:]
        self._waiting: deque[int] = deque()
        self._due_ns = self.judge.from_ns
        self._timer = Timer()
        asyncio.get_running_loop().add_reader(self._timer.fd, self._tick)
        self._timer.set(self._due_ns)

    def free(self, connection: AnyConnection) -> None:
        self._asking -= 1
        if self._waiting:
            self.ask(connection, self._waiting.popleft())
            return
        self._idle.append(connection)
        if self._due_ns >= self.judge.until_ns:
            self._end_if_all_answered()

    def _tick(self) -> None:
        self._timer.read()
        now_ns = time.perf_counter_ns()
        while self._due_ns <= now_ns and self._due_ns < self.judge.until_ns:
            self._start_due(now_ns)
            phase = self._orders.phases[self.judge.phase_at(self._due_ns)]
            self._due_ns += int(1e9 / phase.per_second)
        if self._due_ns < self.judge.until_ns:
            self._timer.set(max(self._due_ns, now_ns + TOGETHER_NS))
        else:
            self._end_if_all_answered()

    def _start_due(self, now_ns: int) -> None:
        if self._idle:
            record(self.judge.tally.lags, (now_ns - self._due_ns) // 1_000)
            self.ask(self._idle.pop(), self._due_ns)
        else:
            self._waiting.append(self._due_ns)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._timer.fd)
        self._timer.close()
        super().close()


async def run(orders: Orders) -> Tally:
    return await (OpenLoad if orders.open_loop else Load)(orders).run()


def main() -> None:
    orders = msgspec.json.decode(sys.stdin.buffer.readline(), type=Orders)
    # A pause of ours would be taken for a pause of the server's.
    gc.disable()
    tally = asyncio.run(run(orders))
    sys.stdout.buffer.write(msgspec.json.encode(tally))


if __name__ == "__main__":
    main()
