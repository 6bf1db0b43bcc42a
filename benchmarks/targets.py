"""What was aimed at, and what was reached. All of it are ratios, or bounds of a promise."""

from collections.abc import Callable

import msgspec

from benchmarks.findings import (
    CROWD,
    DASH,
    FLOOR,
    HOT,
    LONE,
    MANY_ACCOUNTS,
    MOST_ACCOUNTS,
    NAIVE,
    OURS,
    PAIRS,
    ROWS,
    SIZES,
    SPREAD,
    TERMINAL,
    TIMES,
    WIDE,
    Figure,
    Findings,
    figure,
)


class Target(msgspec.Struct, frozen=True):
    """met: None when it was not measured in this run."""

    number: int
    says: str
    wanted: str
    reached: str
    met: bool | None

    @property
    def verdict(self) -> str:
        return {None: "not measured", True: "yes", False: "no"}[self.met]


def targets(found: Findings) -> list[Target]:
    return [
        *_throughput(found),
        *_lone(found),
        *_engine(found),
        *_terminal(found),
        *_wide(found),
        *_overload(found),
        *_pairs(found),
        *_flat(found),
    ]


def _throughput(found: Findings) -> list[Target]:
    def over(rival: str) -> Figure | None:
        return found.throughput_ratio((OURS, SPREAD), (rival, SPREAD))

    hot = found.throughput_ratio((OURS, HOT), (OURS, SPREAD))
    return [
        _at_least(1, "payments/s over HTTP, against the floor", 0.8, over(FLOOR)),
        _at_least(1, "… against one Ray call for each payment", 6, over(NAIVE)),
        _at_least(1, "… against aiohttp and PostgreSQL rows", 3, over(ROWS)),
        _at_least(2, "all on one wallet, against spread", 0.9, hot),
    ]


def _lone(found: Findings) -> list[Target]:
    rounds = found.of(OURS, LONE)
    over_parts = over_parts_of(found, OURS)
    tails = figure([one.latency_us["99"] / one.latency_us["50"] for one in rounds])
    return [
        _at_most(3, "p50 of a lone payment, against the sum of its parts", 1.5, over_parts),
        _at_most(3, "… its p99 against its p50", 5, tails),
    ]


def sums_us(found: Findings) -> list[int]:
    """Floor, frame and commit, each alone: medians, summed up; by repetition."""
    return [
        floor.latency_us["50"] + parts.frame_p50_us + parts.commit_p50_us
        for floor, parts in zip(found.of(FLOOR, LONE), found.parts, strict=False)
    ]


def over_parts_of(found: Findings, contestant: str) -> Figure | None:
    """The p50 of a lone caller, against that sum."""
    halves = [one.latency_us["50"] for one in found.of(contestant, LONE)]
    pairs = zip(halves, sums_us(found), strict=False)
    return figure([half / parts for half, parts in pairs])


def _engine(found: Findings) -> list[Target]:
    turns = found.engine
    rates = zip(turns.engine, turns.store, strict=True) if turns else []
    ratio = figure([ours / bare for ours, bare in rates])
    return [_at_least(4, "the engine alone, against the bare store", 0.5, ratio)]


def _terminal(found: Findings) -> list[Target]:
    ratio = found.throughput_ratio((OURS, TERMINAL), (FLOOR, SPREAD))
    return [_at_least(5, "a terminal's persistent connection, against the floor", 2, ratio)]


def _wide(found: Findings) -> list[Target]:
    growth = found.cpu_ratio((WIDE, SIZES), (OURS, SIZES))
    idle = figure([one.partition for one in found.idle])
    crowd = found.cpu_ratio((WIDE, CROWD), (OURS, SIZES))
    says = "CPU per payment of two gateways and two partitions, against one of each"
    return [
        _at_most(6, says, 1.15, growth),
        _at_most(6, "… each gateway with as many callers as the one has", 1.15, crowd),
        _bounded(6, "an idle partition", "< 5 % of a core", idle, 0.05, _percent),
    ]


def _overload(found: Findings) -> list[Target]:
    peak = found.overload
    mean, worst, back = (
        (peak.mean_ms, peak.worst_ms, peak.back_after_ms) if peak else (None, None, None)
    )
    says = "overload, twice what it can do: mean of the admitted"
    return [
        _bounded(7, says, "< 300 ms", _one(mean), 300, _ms),
        _bounded(7, "… the worst of the admitted", "< 1,200 ms", _one(worst), 1_200, _ms),
        _bounded(7, "… back to normal", "within 1,000 ms", _one(back), 1_000, _ms),
    ]


def _pairs(found: Findings) -> list[Target]:
    ratio = found.throughput_ratio((OURS, PAIRS), (OURS, SPREAD))
    return [_at_least(8, "holds with their captures, against single payments", 0.5, ratio)]


def _flat(found: Findings) -> list[Target]:
    few = found.cpu_us(OURS, SIZES)
    lines = []
    for name, count in ((MANY_ACCOUNTS, "100,000"), (MOST_ACCOUNTS, "1,000,000")):
        many = found.cpu_us(name, SIZES)
        ratio = found.cpu_ratio((name, SIZES), (OURS, SIZES))
        met = few.least <= many.most and many.least <= few.most if few and many else None
        says = f"CPU per payment with {count} accounts, against 1,000"
        lines.append(Target(9, says, "within the spread", _times(ratio), met))
    size = _one(found.journal.bytes_per_entry if found.journal else None)
    says = "journal on SQLite for each payment"
    return [*lines, _bounded(9, says, "≤ 400 B", size, 400, lambda one: f"{one.text()} B")]


def _at_least(number: int, says: str, least: float, ratio: Figure | None) -> Target:
    met = ratio.median >= least if ratio else None
    return Target(number, says, f"≥ {least:g} {TIMES}", _times(ratio), met)


def _at_most(number: int, says: str, most: float, ratio: Figure | None) -> Target:
    met = ratio.median <= most if ratio else None
    return Target(number, says, f"≤ {most:g} {TIMES}", _times(ratio), met)


def _bounded(
    number: int,
    says: str,
    wanted: str,
    value: Figure | None,
    most: float,
    text: Callable[[Figure], str],
) -> Target:
    met = value.median <= most if value else None
    return Target(number, says, wanted, text(value) if value else DASH, met)


def _one(value: float | None) -> Figure | None:
    return figure([] if value is None else [value])


def _times(ratio: Figure | None) -> str:
    if ratio is None:
        return DASH
    return f"{ratio.text(2)} {TIMES} ({ratio.spread(2)})"


def _ms(value: Figure) -> str:
    return f"{value.text()} ms"


def _percent(value: Figure) -> str:
    return f"{value.median:.1%}"
