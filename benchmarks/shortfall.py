"""What a target leaves for one payment, beside what is spent on it in code that is not ours.

Where that alone is more than the target leaves, no code of ours meets the target, however quick it
is. Processor time of the one process, and the looks into its thread that serves (profile.py).
"""

from collections.abc import Iterator
from statistics import median

import msgspec

from benchmarks.findings import FLOOR, OURS, SPREAD, TERMINAL, TIMES, Findings
from benchmarks.profile import OURS as AIRSIDE
from benchmarks.report import Row


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
    yield from _of_gateway(found, says, TERMINAL, "gateway, terminal connection", 2)
    engine = found.engine
    if engine and engine.owners:
        spent_us = 1e6 / median(engine.engine)
        yield Budget(
            f"the engine alone: 0.5 {TIMES} the bare store",
            1e6 / (0.5 * median(engine.store)),
            spent_us,
            spent_us * engine.owners[AIRSIDE],
        )


def _of_gateway(
    found: Findings, says: str, measure: str, looked_at: str, times: float
) -> Iterator[Budget]:
    floor, rounds = found.cpu_us(FLOOR), found.of(OURS, measure)
    if floor and looked_at in found.looks:
        spent_us = median(one.cpu_us["gateway"] for one in rounds)
        ours_us = spent_us * found.looks[looked_at][AIRSIDE]
        yield Budget(says, floor.median / times, spent_us, ours_us)


def shortfall_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [
        ("µs per payment", "the target leaves", "spent", "not Airside", "Airside")
    ]
    for one in budgets(found):
        foreign_us = one.spent_us - one.ours_us
        figures = (one.left_us, one.spent_us, foreign_us, one.ours_us)
        rows.append((one.says, *(f"{figure:.0f}" for figure in figures)))
    return rows
