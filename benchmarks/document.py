"""`python -m benchmarks.document`: docs/performance.md and docs/scaling.md, from a run's figures.

The texts stand in benchmarks/texts; where a figure or a table belongs they have {{its name}}. So
no figure is written down by hand, and none outlives the run that it came from. The run is kept
beside the documents; `--json` takes another one.
"""

import argparse
import re
from collections.abc import Callable
from pathlib import Path

import msgspec

from actors.directory import PARTITIONS_MAX
from actors.frame import COMMANDS_PER_FRAME
from benchmarks import overload, profile, report, scaling, zipf
from benchmarks.charts import pictures
from benchmarks.engine import LOOK_S
from benchmarks.findings import (
    BARE,
    DASH,
    FLOOR,
    HOT,
    LONE,
    NAIVE,
    OURS,
    PAIRS,
    QUIET,
    ROWS,
    SPREAD,
    TERMINAL,
    Figure,
    Findings,
)
from benchmarks.plan import UNDER_WAY
from benchmarks.scaling import (
    PARTITION,
    Costs,
    append_rows,
    carries,
    costs_of,
    part_rows,
    step_rows,
)
from benchmarks.shortfall import shortfall_rows
from benchmarks.targets import over_parts_of, targets
from ledger.ids import SLOT_COUNT

TEXTS = Path(__file__).parent / "texts"
DOCS = Path(__file__).parent.parent / "docs"
FIGURES = Path("performance") / "results.json"

_NAME = re.compile(r"\{\{([a-z0-9_]+)\}\}")


class NoSuchFigure(LookupError):
    """A text names a figure that nothing computes: the text is wrong."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{text} names {name}, which is not known")


def files(found: Findings) -> dict[Path, str]:
    """All that is made of these figures, by its place below docs/."""
    values = figures(found)
    made = {
        Path(f"{name}.md"): fill((TEXTS / f"{name}.md").read_text(), values, name)
        for name in ("performance", "scaling")
    }
    return made | {
        FIGURES.parent / name: picture for name, picture in pictures(found).items()
    }


def fill(text: str, values: dict[str, str], name: str) -> str:
    """Raises NoSuchFigure."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise NoSuchFigure(match[1], name)
        return values[match[1]]

    return _NAME.sub(value, text)


def figures(found: Findings) -> dict[str, str]:
    """Every figure and every table that a text may name."""
    tables: dict[str, Callable[[Findings], list[report.Row]]] = {
        "machine": report.machine_rows,
        "targets": report.target_rows,
        "many": report.many_rows,
        "lone": report.lone_rows,
        "cpu": report.cpu_rows,
        "sizes": report.sizes_rows,
        "idle": report.idle_rows,
        "ladder": report.ladder_rows,
        "profile": report.profile_rows,
        "looks": report.looks_rows,
        "budgets": shortfall_rows,
        "appends": append_rows,
    }
    values = {
        f"table_{name}": report.markdown(rows(found)) for name, rows in tables.items()
    }
    values["table_zipf"] = report.markdown(zipf.rows())
    values |= _throughputs(found) | _bounds(found) | _costs(costs_of(found))
    return values | _chosen(found)


def _chosen(found: Findings) -> dict[str, str]:
    """What was decided, not measured; it changes with the code."""
    return {
        "zipf_accounts": f"{zipf.ACCOUNTS:,}",
        "connections": str(found.settings["connections"]),
        "under_way": str(UNDER_WAY),
        "tills": f"{overload.TILLS:,}",
        "normal_share": f"{overload.NORMAL_SHARE:.0%}",
        "times_normal": str(overload.PEAK),
        "frame": str(COMMANDS_PER_FRAME),
        "looks": f"{1 / LOOK_S:,.0f}",
        "used": f"{scaling.USED:.0%}",
        "node_cores": str(scaling.CORES_PER_NODE),
        "replica_ms": f"{scaling.REPLICA_MS:g}",
        "log_rate": f"{scaling.WAL_BYTES_PER_S / 1e6:.0f}",
        "core_hour": f"{scaling.CORE_HOUR_USD:.2f}",
        "gigabyte_month": f"{scaling.GIGABYTE_MONTH_USD:.2f}",
        "slots": f"{SLOT_COUNT:,}",
        "map_partitions": str(PARTITIONS_MAX),
    }


def _throughputs(found: Findings) -> dict[str, str]:
    def rate(contestant: str, measure: str = SPREAD) -> str:
        return _text(found.per_second(contestant, measure))

    def times(ours: tuple[str, str], theirs: tuple[str, str]) -> str:
        return _text(found.throughput_ratio(ours, theirs), 2)

    engine = found.engine
    return {
        "ours": rate(OURS),
        "ours_p50": _text(found.latency_ms(OURS, SPREAD, "50"), 1),
        "ours_p99": _text(found.latency_ms(OURS, SPREAD, "99"), 1),
        "ours_cpu": _text(found.cpu_us(OURS)),
        "lone_p50": _text(found.latency_ms(OURS, LONE, "50"), 2),
        "bare_over_parts": _text(over_parts_of(found, BARE), 2),
        "over_parts": _text(over_parts_of(found, OURS), 2),
        "over_floor": times((OURS, SPREAD), (FLOOR, SPREAD)),
        "over_naive": times((OURS, SPREAD), (NAIVE, SPREAD)),
        "over_rows": times((OURS, SPREAD), (ROWS, SPREAD)),
        "hot": times((OURS, HOT), (OURS, SPREAD)),
        "rows_hot": times((ROWS, HOT), (ROWS, SPREAD)),
        "pairs": rate(OURS, PAIRS),
        "terminal": rate(OURS, TERMINAL),
        "terminal_cpu": _text(found.cpu_us(OURS, TERMINAL)),
        "floor_cpu": _text(found.cpu_us(FLOOR)),
        "floor_lone_cpu": _text(found.cpu_us(FLOOR, LONE)),
        "floor_lone_times": _text(found.cpu_ratio((FLOOR, LONE), (FLOOR, SPREAD)), 1),
        "foreign": _foreign(found),
        "row_bytes": str(engine.row_bytes) if engine else DASH,
    }


def _foreign(found: Findings) -> str:
    """The gateway's time in code that is not ours."""
    shares = found.looks.get("gateway")
    return f"{1 - shares[profile.OURS]:.0%}" if shares else DASH


def _bounds(found: Findings) -> dict[str, str]:
    peak, journal = found.overload, found.journal
    met = [one.met for one in targets(found) if one.met is not None]
    missed = DASH
    return {
        "targets_met": str(sum(met)),
        "targets_measured": str(len(met)),
        "normal": f"{peak.normal:,.0f}" if peak else missed,
        "peak": f"{peak.peak:,.0f}" if peak else missed,
        "peak_s": f"{peak.peak_s:.0f}" if peak else missed,
        "admitted": f"{peak.admitted:,}" if peak else missed,
        "refused": f"{peak.refused:,}" if peak else missed,
        "unknown": f"{peak.unknown:,}" if peak else missed,
        "peak_mean": f"{peak.mean_ms:,.0f}" if peak else missed,
        "peak_worst": f"{peak.worst_ms:,.0f}" if peak else missed,
        "back_after": f"{peak.back_after_ms:,}" if peak else missed,
        "journal_bytes": f"{journal.bytes_per_entry:.0f}" if journal else missed,
        "file_bytes": f"{journal.file_bytes / journal.entries:.0f}" if journal else missed,
        "body_bytes": f"{journal.body_bytes / journal.entries:.0f}" if journal else missed,
        "checked": f"{sum(found.checked.values()):,}",
        "load_share": f"{report.busiest_load(found):.0%}",
        "repetitions": str(found.settings["repetitions"]),
        "seconds": f"{found.settings['seconds']}",
        "at": found.at,
        "caution": _caution(found),
    }


def _caution(found: Findings) -> str:
    others = report.worst_of_others(found)
    if others <= QUIET:
        return "Nothing else ran on the machine meanwhile."
    return (
        f"**Others used up to {others:.0%} of the machine meanwhile:** throughput and latency"
        " below are worse than it can do; CPU per payment and ratios hold."
    )


def _costs(costs: Costs | None) -> dict[str, str]:
    missed = DASH
    if costs is None:
        names = ("table_parts", "table_steps", "wallet_most", "gateway_us", "terminal_us")
        return dict.fromkeys(names, missed)
    return {
        "table_parts": report.markdown(part_rows(costs)),
        "table_steps": report.markdown(step_rows(costs)),
        "wallet_most": f"{carries(costs)[PARTITION]:,.0f}",
        "gateway_us": f"{costs.gateway_us:.0f}",
        "terminal_us": f"{costs.terminal_us:.0f}",
    }


def _text(value: Figure | None, places: int = 0) -> str:
    return value.text(places) if value else DASH


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--json", type=Path, default=DOCS / FIGURES, help="figures of a run"
    )
    found = msgspec.json.decode(parser.parse_args().json.read_bytes(), type=Findings)
    (DOCS / FIGURES).parent.mkdir(parents=True, exist_ok=True)
    (DOCS / FIGURES).write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    for path, text in files(found).items():
        (DOCS / path).write_text(text)
        print(DOCS / path)


if __name__ == "__main__":
    main()
