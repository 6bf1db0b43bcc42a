"""All that a run measured, as it is kept: rounds as they were played, nothing summed up yet.

Medians, ratios, tables, pictures and targets are made of it (report.py, targets.py, document.py),
so they can be made again, and in another way.
"""

from statistics import median

import msgspec

from benchmarks.appends import AppendFigures
from benchmarks.database import PgbenchFigures
from benchmarks.disk import JournalFigures
from benchmarks.engine import EngineFigures
from benchmarks.machine import Machine
from benchmarks.overload import OverloadFigures
from benchmarks.parts import PartsFigures
from benchmarks.rounds import Round

# As tables write it: a range or no figure, and so many times as much.
DASH, TIMES = "\N{EN DASH}", "\N{MULTIPLICATION SIGN}"

OURS, FLOOR, BARE, NAIVE, ROWS = "airside", "floor", "bare", "naive", "rows"
# Airside again: with two of each, and with more accounts (ours has ACCOUNTS).
WIDE = f"airside, 2 {TIMES} 2"
MANY_ACCOUNTS, MOST_ACCOUNTS = "airside, 100,000", "airside, 1,000,000"
ACCOUNTS = 1_000
SPREAD, HOT, PAIRS, TERMINAL, LONE = "spread", "hot", "pairs", "terminal", "lone"
BY_CODE, SIZES, OPEN = "by code", "sizes", "open"
# As many callers for each gateway as one alone has.
CROWD = "crowd"
# Below this others are noise.
QUIET = 0.05


class Figure(msgspec.Struct, frozen=True):
    """Of one quantity over the repetitions."""

    median: float
    least: float
    most: float

    def text(self, places: int = 0) -> str:
        return f"{self.median:,.{places}f}"

    def spread(self, places: int = 0) -> str:
        return f"{self.least:,.{places}f}{DASH}{self.most:,.{places}f}"


class IdleFigures(msgspec.Struct, frozen=True):
    """Share of one core while nobody asks anything: of a mean partition, and of all parts."""

    contestant: str
    partition: float
    parts: dict[str, float]


class Findings(msgspec.Struct, kw_only=True):
    """at: when the run ended, UTC. checked: entries verified at its end, by installation.
    looks: whose code the processor runs, by process, shares by owner (profile.py).
    """

    at: str
    machine: Machine
    settings: dict[str, str | int | float]
    rounds: list[Round] = []
    parts: list[PartsFigures] = []
    pgbench: list[PgbenchFigures] = []
    appends: list[AppendFigures] = []
    engine: EngineFigures | None = None
    ladder: list[Round] = []
    overload: OverloadFigures | None = None
    idle: list[IdleFigures] = []
    journal: JournalFigures | None = None
    looks: dict[str, dict[str, float]] = {}
    checked: dict[str, int] = {}

    def of(self, contestant: str, measure: str) -> list[Round]:
        """By repetition."""
        return [
            one
            for one in self.rounds
            if (one.contestant, one.measure) == (contestant, measure)
        ]

    def per_second(self, contestant: str, measure: str = SPREAD) -> Figure | None:
        return figure([one.per_second for one in self.of(contestant, measure)])

    def latency_ms(self, contestant: str, measure: str, share: str) -> Figure | None:
        rounds = self.of(contestant, measure)
        return figure([one.latency_us[share] / 1_000 for one in rounds])

    def cpu_us(self, contestant: str, measure: str = SPREAD) -> Figure | None:
        return figure([one.cpu() for one in self.of(contestant, measure)])

    def throughput_ratio(
        self, ours: tuple[str, str], theirs: tuple[str, str]
    ) -> Figure | None:
        """Round by round, each against its neighbour in time: a machine that is slow for a minute
        is slow on both sides of the line.
        """
        pairs = zip(self.of(*ours), self.of(*theirs), strict=False)
        return figure([one.per_second / other.per_second for one, other in pairs])

    def cpu_ratio(self, ours: tuple[str, str], theirs: tuple[str, str]) -> Figure | None:
        pairs = zip(self.of(*ours), self.of(*theirs), strict=False)
        return figure([one.cpu() / other.cpu() for one, other in pairs])


def figure(values: list[float]) -> Figure | None:
    """None: this was not measured."""
    if not values:
        return None
    return Figure(median(values), min(values), max(values))
