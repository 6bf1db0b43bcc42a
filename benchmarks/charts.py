"""The pictures of docs/performance.md, each from the figures of one run."""

from collections.abc import Sequence
from math import ceil, floor, log10
from statistics import median

from benchmarks.findings import (
    BARE,
    FLOOR,
    LONE,
    NAIVE,
    OURS,
    ROWS,
    SPREAD,
    TERMINAL,
    Findings,
)
from benchmarks.orders import SLICE_MS
from benchmarks.overload import BEFORE_S
from benchmarks.picture import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    Axis,
    Line,
    Panel,
    draw,
    linear,
    logarithmic,
    nines,
)

_PERCENTILES = Axis(
    "of all payments, %",
    [
        (0.0, "0"),
        (0.5, "50"),
        (0.9, "90"),
        (0.99, "99"),
        (0.999, "99.9"),
        (0.9999, "99.99"),
    ],
    nines,
)
_Who = Sequence[tuple[str, str, str, str]]
_MANY: _Who = (
    (OURS, SPREAD, "airside", BLUE),
    (OURS, TERMINAL, "terminal connection", GREY),
    (FLOOR, SPREAD, "floor", GREEN),
    (ROWS, SPREAD, "rows", ORANGE),
    (NAIVE, SPREAD, "naive", PURPLE),
)
_ALONE: _Who = (
    (OURS, LONE, "airside", BLUE),
    (BARE, LONE, "bare", GREY),
    (FLOOR, LONE, "floor", GREEN),
    (ROWS, LONE, "rows", ORANGE),
    (NAIVE, LONE, "naive", PURPLE),
)


def pictures(found: Findings) -> dict[str, str]:
    """SVG texts by file name."""
    many, alone = (
        _latency(found, "64 callers", _MANY),
        _latency(found, "a lone caller", _ALONE),
    )
    drawn = {"latency.svg": draw([many, alone])}
    if found.ladder:
        drawn["load.svg"] = draw([_answered(found), _waiting(found), _batches(found)])
    if found.overload:
        drawn["overload.svg"] = draw(_overload(found))
    return drawn


def _latency(found: Findings, callers: str, who: _Who) -> Panel:
    lines = []
    for contestant, measure, name, colour in who:
        if rounds := found.of(contestant, measure):
            shares = rounds[0].latency_us
            points = [
                (
                    float(share) / 100,
                    median(one.latency_us[share] for one in rounds) / 1_000,
                )
                for share in shares
            ]
            lines.append(Line(name, colour, points[:-1], thick=name == "airside"))
    values = [y for line in lines for _, y in line.points]
    title = f"Latency by percentile, {callers} (closed loop)"
    return Panel(title, _PERCENTILES, _decades("ms", values), lines)


def _answered(found: Findings) -> Panel:
    points = [(one.offered, one.per_second) for one in found.ladder]
    top = max(max(point) for point in points)
    lines = [
        Line("as offered", GREY, [(0, 0), (top, top)], dashed=True),
        Line("answered", BLUE, points, thick=True),
    ]
    return Panel("Throughput over offered load", _offered(found), _steps("/s", top), lines)


def _waiting(found: Findings) -> Panel:
    def line(share: str, colour: str) -> Line:
        points = [(one.offered, one.latency_us[share] / 1_000) for one in found.ladder]
        return Line(f"p{share}", colour, points, thick=share == "50")

    lines = [line("50", BLUE), line("99", ORANGE), line("99.9", PURPLE)]
    values = [y for one in lines for _, y in one.points]
    title = "Latency over offered load, from the instant at which a payment was due"
    return Panel(title, _offered(found), _decades("ms", values), lines)


def _batches(found: Findings) -> Panel:
    points = [(one.offered, one.batch) for one in found.ladder]
    top = max(1.0, *(y for _, y in points))
    lines = [Line("mean batch", BLUE, points, thick=True)]
    title = "Payments in one durable commit, over offered load"
    return Panel(title, _offered(found), _steps("", top), lines)


def _offered(found: Findings) -> Axis:
    return _steps("payments offered per second", max(one.offered for one in found.ladder))


def _overload(found: Findings) -> list[Panel]:
    peak = found.overload
    assert peak is not None, "the caller looked"
    times = [place * SLICE_MS / 1_000 for place in range(len(peak.means_ms))]
    band = (BEFORE_S, BEFORE_S + peak.peak_s)
    x = _steps("seconds", times[-1])
    # Where nobody was admitted nobody waited, and there is nothing to draw.
    means = [point for point in zip(times, peak.means_ms, strict=True) if point[1]]
    waits = Line("mean of 100 ms", BLUE, means, thick=True)
    shares = [share * 100 for share in peak.refused_share]
    refusals = Line(
        "refused at once", ORANGE, list(zip(times, shares, strict=True)), thick=True
    )
    return [
        Panel(
            f"Overload: {peak.normal:,.0f}/s, then {peak.peak:,.0f}/s (shaded), then as before",
            x,
            _steps("ms", max(peak.means_ms)),
            [waits],
            band,
        ),
        Panel("Refused with 503", x, _steps("%", 100), [refusals], band),
    ]


def _decades(title: str, values: Sequence[float]) -> Axis:
    low, high = (log10(max(end, 1e-3)) for end in (min(values), max(values)))
    powers = range(floor(low), max(ceil(high), floor(low) + 1) + 1)
    return Axis(title, [(10.0**power, f"{10.0**power:g}") for power in powers], logarithmic)


def _steps(title: str, top: float) -> Axis:
    """From zero, in four to eight round steps, to just above the top."""
    rough = top / 5
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    count = ceil(top / step - 1e-9)
    return Axis(title, [(n * step, f"{n * step:,g}") for n in range(count + 1)], linear)
