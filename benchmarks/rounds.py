"""The run: contestants in turn, A B C A B C, so that a slow minute of the machine hits all.

A round is one load on one contestant: warm-up, the measured seconds, the last answers. What each
part of the contestant used of the processors is read before and after.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterable

import msgspec

from benchmarks.client import Orders, Tally
from benchmarks.processes import ask, cpu_by_part, machine_cpu_s
from benchmarks.workload import World


class Contestant(msgspec.Struct, frozen=True):
    """world: makes one for a round of so many seconds. judged: it keeps a ledger."""

    name: str
    port: int
    world: Callable[[float], World]
    judged: bool = True


class Measure(msgspec.Struct, frozen=True):
    """One kind of round: how many callers at once, and for how long."""

    name: str
    connections: int
    warm_up_s: float
    seconds: float


class Round(msgspec.Struct, frozen=True):
    """cpu_s: processor seconds by part, of all that the run started; the load included.
    others: the share of the machine that was used by whatever else runs on it.
    """

    contestant: str
    measure: str
    tally: Tally
    cpu_s: dict[str, float]
    others: float

    @property
    def per_second(self) -> float:
        return len(self.tally.latencies_us) / self.tally.seconds

    def latency_ms(self, share: float) -> float:
        return percentile(sorted(self.tally.latencies_us), share) / 1_000


def percentile(ordered: list[int], share: float) -> int:
    """The smallest value that at least this share of all does not exceed."""
    assert ordered, "a round without answers is a failure, and was reported as one"
    return ordered[max(0, -(-int(len(ordered) * share * 1_000_000) // 1_000_000) - 1)]


async def play(
    contestants: Iterable[Contestant],
    measure: Measure,
    repetition: int,
    finished: Callable[[Round], None],
) -> None:
    seconds = measure.warm_up_s + measure.seconds
    for place, contestant in enumerate(contestants):
        orders = Orders(
            world=await asyncio.to_thread(contestant.world, seconds),
            run=f"{measure.name[0]}{repetition}{place}",
            seed=repetition,
            port=contestant.port,
            connections=measure.connections,
            warm_up_s=measure.warm_up_s,
            seconds=measure.seconds,
            judged=contestant.judged,
        )
        finished(await _play(contestant.name, measure.name, orders))


async def _play(contestant: str, measure: str, orders: Orders) -> Round:
    started, before, machine_before = time.monotonic(), cpu_by_part(), machine_cpu_s()
    output = await ask("benchmarks.client", msgspec.json.encode(orders) + b"\n")
    tally = msgspec.json.decode(output, type=Tally)
    spent = {part: used - before.get(part, 0.0) for part, used in cpu_by_part().items()}
    spent["load"] = tally.cpu_s
    foreign = machine_cpu_s() - machine_before - sum(spent.values())
    whole = (time.monotonic() - started) * (os.cpu_count() or 1)
    return Round(contestant, measure, tally, spent, max(0.0, foreign / whole))
