"""What came out: medians over the repetitions, their spread, and the ratios that are the point.

Ratios are taken repetition by repetition, each against its neighbours in time, and then their
median: so a machine that is slow for a minute is slow on both sides of the line.
"""

from statistics import median

import msgspec

from benchmarks.machine import Machine
from benchmarks.rounds import Round

SHARES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999, "max": 1.0}
MANY, LONE = "many", "lone"
# Below this others are noise.
QUIET = 0.05
OURS, BY_CODE, FLOOR, NAIVE = "airside", "airside by code", "floor", "naive"
# Installations that keep a ledger, and who pays there.
LEDGERS = {OURS: {OURS, BY_CODE}, NAIVE: {NAIVE}}


class Figure(msgspec.Struct, frozen=True):
    """Of one quantity over the repetitions."""

    median: float
    least: float
    most: float

    def text(self, places: int) -> str:
        spread = f"({self.least:,.{places}f}-{self.most:,.{places}f})"
        return f"{self.median:>9,.{places}f} {spread:<16}"


class Line(msgspec.Struct, frozen=True):
    """One contestant under one measure. cpu_us: processor time per answer, by part.

    others: the share of the machine that processes not of this run used meanwhile.
    """

    contestant: str
    measure: str
    per_second: Figure
    latency_ms: dict[str, Figure]
    cpu_us: dict[str, float]
    others: Figure


class Report(msgspec.Struct, frozen=True):
    """ratios: by name, ours over theirs. entries: journal entries checked at the end."""

    machine: Machine
    settings: dict[str, int | float]
    lines: list[Line]
    ratios: dict[str, Figure]
    entries: dict[str, int]


def figure(values: list[float]) -> Figure:
    return Figure(round(median(values), 3), round(min(values), 3), round(max(values), 3))


def lines(rounds: list[Round]) -> list[Line]:
    groups: dict[tuple[str, str], list[Round]] = {}
    for one in rounds:
        groups.setdefault((one.contestant, one.measure), []).append(one)
    return [_line(*key, group) for key, group in groups.items()]


def ratios(rounds: list[Round]) -> dict[str, Figure]:
    """Throughput of ours over each other's."""
    many = _by_contestant(rounds, MANY)
    return {
        f"throughput, {OURS} / {name}": figure(_over(many[OURS], many[name]))
        for name in (FLOOR, NAIVE)
    }


def table(report: Report) -> str:
    """For the person at the terminal."""
    parts = [
        _measure_table(report, MANY, f"{report.settings['connections']} connections"),
        _measure_table(report, LONE, "a lone caller"),
        _cpu_table(report),
        "\n".join(f"{name:<40} {one.text(2)}" for name, one in report.ratios.items()),
        _caution(report),
    ]
    return "\n\n".join(part for part in parts if part)


def _line(contestant: str, measure: str, group: list[Round]) -> Line:
    latencies = {
        name: figure([one.latency_ms(share) for one in group])
        for name, share in SHARES.items()
    }
    return Line(
        contestant,
        measure,
        figure([one.per_second for one in group]),
        latencies,
        _cpu_us(group),
        figure([one.others for one in group]),
    )


def _cpu_us(group: list[Round]) -> dict[str, float]:
    answers = sum(one.tally.answers for one in group)
    parts = sorted({part for one in group for part in one.cpu_s})
    return {
        part: round(sum(one.cpu_s.get(part, 0.0) for one in group) / answers * 1e6, 1)
        for part in parts
    }


def _by_contestant(rounds: list[Round], measure: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for one in rounds:
        if one.measure == measure:
            found.setdefault(one.contestant, []).append(one.per_second)
    return found


def _over(ours: list[float], theirs: list[float]) -> list[float]:
    return [a / b for a, b in zip(ours, theirs, strict=True)]


def _measure_table(report: Report, measure: str, title: str) -> str:
    chosen = [line for line in report.lines if line.measure == measure]
    if not chosen:
        return ""
    head = f"{title:<22} {'payments/s':>9}{'':17} {'p50 ms':>9}{'':17} {'p99 ms':>9}"
    rows = [
        f"{line.contestant:<22} {line.per_second.text(0)}"
        f" {line.latency_ms['p50'].text(2)} {line.latency_ms['p99'].text(1)}"
        for line in chosen
    ]
    return "\n".join([head, *rows])


def _cpu_table(report: Report) -> str:
    rows = ["processor time per payment, µs"]
    for line in report.lines:
        if line.measure == MANY:
            parts = "  ".join(f"{part} {spent:.0f}" for part, spent in line.cpu_us.items())
            rows.append(
                f"{line.contestant:<22} {sum(line.cpu_us.values()):>9.0f}   {parts}"
            )
    return "\n".join(rows)


def _caution(report: Report) -> str:
    worst = max((line.others.most for line in report.lines), default=0.0)
    if worst < QUIET:
        return ""
    return (
        f"Others used up to {worst:.0%} of this machine meanwhile: trust processor time and"
        " ratios, and run it again when it is quiet."
    )
