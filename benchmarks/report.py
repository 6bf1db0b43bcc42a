"""Tables, for the person at the terminal and for the documents: the same rows."""

from collections.abc import Sequence
from statistics import median

from benchmarks.findings import (
    BARE,
    BY_CODE,
    CROWD,
    DASH,
    FLOOR,
    HOT,
    LONE,
    NAIVE,
    OURS,
    PAIRS,
    QUIET,
    ROWS,
    SIZES,
    SPREAD,
    TERMINAL,
    Figure,
    Findings,
    figure,
)
from benchmarks.plan import CONNECTIONS
from benchmarks.targets import targets

Row = Sequence[str]

_FIGURES = "0123456789<" + DASH
_MANY = (
    (OURS, SPREAD, "**airside**"),
    (OURS, HOT, "airside, all on one wallet"),
    (OURS, PAIRS, "airside, hold and capture"),
    (OURS, BY_CODE, "airside, by payment code"),
    (OURS, TERMINAL, "airside, terminal connection"),
    (FLOOR, SPREAD, "floor"),
    (NAIVE, SPREAD, "naive"),
    (ROWS, SPREAD, "rows"),
    (ROWS, HOT, "rows, all on one wallet"),
)
_LONE = (
    (OURS, "**airside**"),
    (BARE, "bare: the parts in a row"),
    (FLOOR, "floor"),
    (NAIVE, "naive"),
    (ROWS, "rows"),
)


def many_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [("64 callers", "per second", "spread", "p50 ms", "p99 ms", "CPU µs")]
    for contestant, measure, name in _MANY:
        if found.of(contestant, measure):
            rows.append((name, *_figures(found, contestant, measure)))
    if best := figure([one.per_second for one in found.pgbench]):
        clients = found.pgbench[0].clients
        mean = median(one.mean_ms for one in found.pgbench)
        name = f"pgbench, {clients} clients"
        rows.append((name, best.text(), best.spread(), f"{mean:.1f} (mean)", "", ""))
    return rows


def lone_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [("a lone caller", "p50 ms", "spread", "p99 ms", "max ms")]
    for contestant, name in _LONE:
        if found.of(contestant, LONE):
            half, tail, worst = (
                _require(found.latency_ms(contestant, LONE, share))
                for share in ("50", "99", "100")
            )
            rows.append((name, half.text(2), half.spread(2), tail.text(2), worst.text(1)))
    return rows + _parts_rows(found)


def _inside_row(found: Findings) -> list[Row]:
    inside = figure([one.batch_us / 1_000 for one in found.of(OURS, LONE) if one.batch_us])
    if inside is None:
        return []
    name = "deciding and committing it (mean)"
    return [(name, inside.text(2), inside.spread(2), "", "")]


def _parts_rows(found: Findings) -> list[Row]:
    if not found.parts:
        return []
    frame = [(one.frame_p50_us, one.frame_p99_us) for one in found.parts]
    commit = [(one.commit_p50_us, one.commit_p99_us) for one in found.parts]
    rows: list[Row] = []
    for name, pairs in (("a frame there and back", frame), ("a durable commit", commit)):
        half = _require(figure([own / 1_000 for own, _ in pairs]))
        tail = _require(figure([own / 1_000 for _, own in pairs]))
        rows.append((name, half.text(2), half.spread(2), tail.text(2), ""))
    return rows + _inside_row(found)


def cpu_rows(found: Findings) -> list[Row]:
    parts = ("gateway", "partitions", "database", "supervisor", "ray")
    rows: list[Row] = [("µs per payment", *parts, "all", "(load generator)")]
    for contestant, measure, name in _MANY:
        if rounds := found.of(contestant, measure):
            spent = [median(one.cpu_us.get(part, 0.0) for one in rounds) for part in parts]
            own = median(one.load_share / one.per_second * 1e6 for one in rounds)
            shown = [f"{one:.0f}" if one else "" for one in spent]
            rows.append((name, *shown, f"{sum(spent):.0f}", f"{own:.0f}"))
    return rows


def sizes_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [
        ("64 callers", "per second", "spread", "p50 ms", "p99 ms", "CPU µs", "batch")
    ]
    played = dict.fromkeys(
        (one.contestant, one.measure)
        for one in found.rounds
        if one.measure in {SIZES, CROWD}
    )
    for name, measure in played:
        shown = f"{name}, {2 * CONNECTIONS} callers" if measure == CROWD else name
        batch = median(one.batch for one in found.of(name, measure))
        rows.append((shown, *_figures(found, name, measure), f"{batch:.1f}"))
    return rows


def idle_rows(found: Findings) -> list[Row]:
    parts = ("gateway", "partitions", "supervisor", "ray")
    rows: list[Row] = [("% of one core", *parts, "one partition")]
    for one in found.idle:
        shown = [f"{one.parts.get(part, 0.0):.1%}" for part in parts]
        rows.append((one.contestant, *shown, f"{one.partition:.1%}"))
    return rows


def ladder_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [
        (
            "offered/s",
            "answered/s",
            "refused",
            "p50 ms",
            "p99 ms",
            "max ms",
            "batch",
            "CPU µs",
        )
    ]
    for one in found.ladder:
        p50, p99, worst = (one.latency_us[share] / 1_000 for share in ("50", "99", "100"))
        rate = (f"{one.offered:,.0f}", f"{one.per_second:,.0f}", f"{one.refused:,}")
        latency = (f"{p50:.2f}", f"{p99:.2f}", f"{worst:.1f}")
        rows.append((*rate, *latency, f"{one.batch:.1f}", f"{one.cpu():.0f}"))
    return rows


def target_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [("", "target", "wanted", "reached", "met")]
    return rows + [
        (str(one.number), one.says, one.wanted, one.reached, one.verdict)
        for one in targets(found)
    ]


def profile_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [("where", "share of the time")]
    if found.engine:
        rows += [(where, f"{share:.1%}") for where, share in found.engine.profile.items()]
    return rows


def looks_rows(found: Findings) -> list[Row]:
    """Whose code the processor runs, by process. What is left of 100 % is rounding."""
    owners = dict.fromkeys(who for shares in found.looks.values() for who in shares)
    rows: list[Row] = [("share of the time", *owners)]
    for name, shares in found.looks.items():
        rows.append(
            (name, *(f"{shares[who]:.0%}" if who in shares else "" for who in owners))
        )
    return rows


def machine_rows(found: Findings) -> list[Row]:
    machine = found.machine
    libraries = ", ".join(
        f"{name} {version}" for name, version in machine.libraries.items()
    )
    return [
        ("measured", f"{found.at} UTC, plan “{found.settings['plan']}”"),
        ("processor", f"{machine.processor}, {machine.cores} cores"),
        ("system", f"{machine.system}, {machine.file_system}"),
        ("software", f"Python {machine.python}, {libraries}"),
        (
            "used by others meanwhile",
            f"{worst_of_others(found):.0%} of the machine at most",
        ),
    ]


def worst_of_others(found: Findings) -> float:
    return max((one.others_share for one in found.rounds + found.ladder), default=0.0)


def busiest_load(found: Findings) -> float:
    """The load generator's share of one core, where it was highest."""
    return max((one.load_share for one in found.rounds + found.ladder), default=0.0)


def text(found: Findings) -> str:
    """For the terminal."""
    tables = [
        many_rows(found),
        lone_rows(found),
        cpu_rows(found),
        sizes_rows(found),
        ladder_rows(found),
        target_rows(found),
    ]
    parts = [aligned(rows) for rows in tables if len(rows) > 1]
    if worst_of_others(found) > QUIET:
        parts.append(
            f"Others used up to {worst_of_others(found):.0%} of this machine meanwhile: trust"
            " CPU per payment and ratios, and run it again when it is quiet."
        )
    return "\n\n".join(parts)


def aligned(rows: list[Row]) -> str:
    """For the terminal."""
    plain = [[cell.replace("**", "") for cell in row] for row in rows]
    columns = [
        [cell.rjust(width) if numeric else cell.ljust(width) for cell in column]
        for column, numeric, width in zip(
            zip(*plain, strict=True), _numeric(rows), _widths(plain), strict=True
        )
    ]
    return "\n".join("  ".join(row).rstrip() for row in zip(*columns, strict=True))


def markdown(rows: list[Row]) -> str:
    head, *body = rows
    if not body:
        return "*Not measured in this run.*"
    rule = ["--:" if numeric else "---" for numeric in _numeric(rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *body])


def _numeric(rows: list[Row]) -> list[bool]:
    """By column: does each of its cells, below the head, begin with a figure, if there is any?"""
    return [
        all(not cell or cell[0] in _FIGURES for cell in column)
        for column in zip(*rows[1:], strict=True)
    ]


def _widths(rows: Sequence[Row]) -> list[int]:
    return [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]


def _figures(found: Findings, contestant: str, measure: str) -> Row:
    rate = _require(found.per_second(contestant, measure))
    half = _require(found.latency_ms(contestant, measure, "50"))
    tail = _require(found.latency_ms(contestant, measure, "99"))
    cpu = _require(found.cpu_us(contestant, measure))
    return (rate.text(), rate.spread(), half.text(2), tail.text(1), cpu.text())


def _require(value: Figure | None) -> Figure:
    assert value is not None, "there were rounds of it"
    return value
