"""What a target leaves for one payment, beside what is spent on it in code that is not ours.

Where that alone is more than the target leaves, no code of ours meets the target, however quick it
is. Processor time, and the looks into the threads that serve (profile.py).
"""

from collections.abc import Iterable, Iterator, Sequence
from statistics import median

import msgspec

from benchmarks.findings import (
    BARE,
    FLOOR,
    HOT,
    LONE,
    NAIVE,
    OURS,
    PAIRS,
    ROWS,
    SPREAD,
    TERMINAL,
    TIMES,
    Findings,
)
from benchmarks.profile import KERNEL
from benchmarks.profile import OURS as AIRSIDE
from benchmarks.report import Row
from benchmarks.rounds import Round
from benchmarks.targets import sums_us

# Looks of their own, for another load than the spread one has another mix (run.py).
GATEWAY_TERMINAL = "gateway, terminal connection"
OF_A_LONE_CALLER = {
    "gateway": "gateway, a lone caller",
    "partitions": "partitions, a lone caller",
}


class Budget(msgspec.Struct, frozen=True):
    """Microseconds for each payment: left by the target, spent, and spent in code of ours."""

    says: str
    left_us: float
    spent_us: float
    ours_us: float


def budgets(found: Findings) -> Iterator[Budget]:
    """Of what this run looked into."""
    says = f"gateway: 0.80 {TIMES} the floor"
    yield from _of_gateway(found, says, SPREAD, "gateway", 0.8)
    says = f"gateway, terminal connection: 2 {TIMES} the floor"
    yield from _of_gateway(found, says, TERMINAL, GATEWAY_TERMINAL, 2)
    yield from _of_engine(found)
    yield from _of_a_lone_caller(found)
    says = f"all processes: 6 {TIMES} one Ray call for each payment"
    yield from _of_all(found, says, SPREAD, 6, NAIVE)
    says = f"all processes: 3 {TIMES} aiohttp and PostgreSQL rows"
    yield from _of_all(found, says, SPREAD, 3, ROWS)
    says = f"all processes, one wallet: 0.9 {TIMES} spread"
    yield from _of_all(found, says, HOT, 0.9, OURS)
    says = f"all processes, a hold and its capture: 0.5 {TIMES} spread"
    yield from _of_all(found, says, PAIRS, 0.5, OURS)


def _of_gateway(
    found: Findings, says: str, measure: str, looked_at: str, times: float
) -> Iterator[Budget]:
    floor, rounds = found.cpu_us(FLOOR), found.of(OURS, measure)
    if floor and looked_at in found.looks:
        spent_us = median(one.cpu_us["gateway"] for one in rounds)
        ours_us = spent_us * found.looks[looked_at][AIRSIDE]
        yield Budget(says, floor.median / times, spent_us, ours_us)


def _of_engine(found: Findings) -> Iterator[Budget]:
    engine = found.engine
    if engine and engine.owners:
        spent_us = 1e6 / median(engine.engine)
        yield Budget(
            f"the engine alone: 0.5 {TIMES} the bare store",
            1e6 / (0.5 * median(engine.store)),
            spent_us,
            spent_us * engine.owners[AIRSIDE],
        )


def _of_a_lone_caller(found: Findings) -> Iterator[Budget]:
    """By the clock: what a lone payment waits for, and of that what the bare one does too."""
    left, rounds = sums_us(found), found.of(OURS, LONE)
    ours, bare = (found.latency_ms(name, LONE, "50") for name in (OURS, BARE))
    if rounds and left and ours and bare:
        waited_us = ours.median * 1_000
        says = f"a lone caller, by the clock: 1.5 {TIMES} the parts"
        yield Budget(says, 1.5 * median(left), waited_us, waited_us - bare.median * 1_000)


def _of_all(
    found: Findings, says: str, measure: str, times: float, rival: str
) -> Iterator[Budget]:
    """left: of the processors' time that was in use, at so many times the rival's rate, without
    what the load generator takes. What nobody looks into (Ray, say) is not ours.
    """
    rounds, wanted = found.of(OURS, measure), found.per_second(rival)
    if not rounds or not wanted or not found.looks:
        return
    load_us = median(one.load_share * 1e6 / one.per_second for one in rounds)
    in_use_us = median(one.per_second * one.cpu() for one in rounds)
    in_use_us += load_us * median(one.per_second for one in rounds)
    spent = _by_part(rounds, rounds[0].cpu_us)
    ours_us = sum(us * _ours(part, found.looks.get(part, {})) for part, us in spent.items())
    left_us = in_use_us / (times * wanted.median) - load_us
    yield Budget(says, left_us, sum(spent.values()), ours_us)


def _ours(part: str, looks: dict[str, float]) -> float:
    """The share of its processor time. A partition waits for its disk, and a look sees that too:
    all that it does in the kernel is left out, so this is rather too much.
    """
    waited = looks.get(KERNEL, 0.0) if part == "partitions" else 0.0
    return looks.get(AIRSIDE, 0.0) / (1 - waited)


def _by_part(rounds: Sequence[Round], parts: Iterable[str]) -> dict[str, float]:
    return {part: median(one.cpu_us[part] for one in rounds) for part in parts}


def shortfall_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [
        ("µs per payment", "the target leaves", "spent", "not Airside", "Airside")
    ]
    for one in budgets(found):
        foreign_us = one.spent_us - one.ours_us
        figures = (one.left_us, one.spent_us, foreign_us, one.ours_us)
        rows.append((one.says, *(f"{figure:.0f}" for figure in figures)))
    return rows
