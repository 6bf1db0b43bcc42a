"""Rounds: one load on one contestant, while all others stand by.

Rounds are played in turn, A B C A B C, so that a slow minute of the machine hits everybody. What
each part of the contestant used of the processors is read before and after, and what others used.
"""

import os
import time

import msgspec

from benchmarks.histogram import curve, percentile
from benchmarks.orders import Orders, Phase, Tally
from benchmarks.processes import ask, cpu_by_part, machine_cpu_s
from benchmarks.pulse import read_batches
from benchmarks.stack import Contestant


class Test(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of round. measure: its name. per_second: an open loop at this rate, 0: closed.
    hot: everybody pays from one and the same wallet.
    """

    measure: str
    connections: int
    seconds: float
    warm_up_s: float = 0.5
    per_second: float = 0.0
    pairs: bool = False
    pipelined: int = 0
    hot: bool = False
    refusals: bool = False


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """latency_us: by percentile. cpu_us: processor time for each payment or pair, by part.
    load_share: of one core, the load generator's. others_share: of the machine, what runs on it
    beside the run. batch: commands in a mean batch of the partitions, 0: nobody batches.
    batch_us: what deciding and committing it took the partition.
    """

    contestant: str
    measure: str
    offered: float
    finished: int
    seconds: float
    latency_us: dict[str, int]
    cpu_us: dict[str, float]
    load_share: float
    others_share: float
    batch: float = 0.0
    batch_us: float = 0.0
    lag_p99_us: int = 0
    refused: int = 0

    @property
    def per_second(self) -> float:
        return self.finished / self.seconds

    def cpu(self) -> float:
        """Microseconds for each payment, of all processes but the load generator."""
        return sum(self.cpu_us.values())


class WrongAnswers(Exception):
    """A contestant answered what it must not; its figures mean nothing."""

    def __init__(self, contestant: str, tally: Tally) -> None:
        shown = "\n  ".join(tally.mistakes_shown) or "no answers at all"
        super().__init__(f"{contestant}: {tally.mistakes} wrong answers\n  {shown}")


class Watch:
    """What was used of the processors since it was made."""

    def __init__(self, contestant: Contestant) -> None:
        self._contestant = contestant
        self._started = time.monotonic()
        self._machine = machine_cpu_s()
        self._ours = cpu_by_part([os.getpid()])
        self._before = cpu_by_part(contestant.pids)

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._started

    def parts_s(self) -> dict[str, float]:
        """Of the contestant."""
        now = cpu_by_part(self._contestant.pids)
        return {part: used - self._before.get(part, 0.0) for part, used in now.items()}

    def others_share(self) -> float:
        ours = sum(cpu_by_part([os.getpid()]).values()) - sum(self._ours.values())
        foreign = machine_cpu_s() - self._machine - ours
        return round(max(0.0, foreign / (self.elapsed_s * (os.cpu_count() or 1))), 3)


class Player:
    """Plays rounds, each under keys of its own, and remembers what callers were told."""

    def __init__(self) -> None:
        self._played = 0
        self.tallies: dict[str, list[Tally]] = {}

    async def play(self, contestant: Contestant, test: Test) -> Round:
        phases = [
            Phase(seconds=test.warm_up_s, per_second=test.per_second),
            Phase(seconds=test.seconds, per_second=test.per_second),
        ]
        orders = self.orders(contestant, test, phases)
        before = await read_batches(contestant)
        watch = Watch(contestant)
        tally = await self.drive(contestant, orders)
        counted = tally.phases[1]
        if not counted.latencies:
            raise WrongAnswers(contestant.name, tally)
        batches = (await read_batches(contestant)).since(before)
        cpu_s, payments = watch.parts_s(), tally.answers - tally.captured
        return Round(
            contestant=contestant.name,
            measure=test.measure,
            offered=test.per_second,
            finished=counted.finished,
            seconds=test.seconds,
            latency_us=curve(counted.latencies),
            cpu_us={part: round(s / payments * 1e6, 1) for part, s in cpu_s.items()},
            load_share=round(tally.cpu_s / watch.elapsed_s, 3),
            others_share=watch.others_share(),
            batch=batches.mean,
            batch_us=batches.mean_us,
            lag_p99_us=percentile(tally.lags, 0.99) if tally.lags else 0,
            refused=sum(counted.refusals.values()),
        )

    def orders(self, contestant: Contestant, test: Test, phases: list[Phase]) -> Orders:
        self._played += 1
        world = contestant.world
        if test.hot:
            world = msgspec.structs.replace(world, wallets=world.wallets[:1])
        return Orders(
            world=world,
            run=f"r{self._played}",
            seed=self._played,
            port=contestant.port,
            connections=test.connections,
            phases=phases,
            pairs=test.pairs,
            pipelined=test.pipelined,
            judged=contestant.judged,
            refusals=test.refusals,
        )

    async def drive(self, contestant: Contestant, orders: Orders) -> Tally:
        """Raises WrongAnswers."""
        line = msgspec.json.encode(orders) + b"\n"
        output = await ask("benchmarks.client", line=line)
        tally = msgspec.json.decode(output, type=Tally)
        if tally.mistakes or not tally.answers:
            raise WrongAnswers(contestant.name, tally)
        self.tallies.setdefault(contestant.name, []).append(tally)
        return tally
