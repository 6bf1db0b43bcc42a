"""`python -m benchmarks.old_age`: what becomes of a ledger with a million accounts and a history.

    generate FOLDER --accounts 1000000 --entries 5000000    make it, or go on making it
    measure FOLDER [FOLDER …] [--write]                      what it costs; biggest folder last

Each is a step of its own, and measuring can be repeated. With --write the tables go into
docs/old-age.md.
"""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec

from benchmarks.old_generate import generate
from benchmarks.old_measure import OldAge, measure
from benchmarks.report import Row, aligned

DOCUMENT = Path(__file__).parent.parent / "docs" / "old-age.md"
FIGURES = DOCUMENT.parent / "performance" / "old-age.json"
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->\n"
PARTITIONS = 2


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.old_age", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="step")
    making = steps.add_parser("generate")
    making.add_argument("folder", type=Path)
    making.add_argument("--accounts", type=int, default=1_000_000)
    making.add_argument("--entries", type=int, default=5_000_000)
    making.set_defaults(run=_generate)
    measuring = steps.add_parser("measure")
    measuring.add_argument("folders", type=Path, nargs="+")
    measuring.add_argument("--write", action="store_true")
    measuring.set_defaults(run=_measure)
    options = parser.parse_args(arguments)
    options.run(options)


def _generate(options: argparse.Namespace) -> None:
    folder, accounts, entries = options.folder, options.accounts, options.entries
    asyncio.run(generate(folder, accounts, entries, PARTITIONS))


def _measure(options: argparse.Namespace) -> None:
    found = []
    for folder in options.folders:
        print(f"measuring {folder}", flush=True)
        found.append(asyncio.run(measure(folder)))
        print(aligned(_start_rows(found[-1:])), aligned(_cost_rows(found[-1:])), sep="\n\n")
    if options.write:
        FIGURES.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        write(DOCUMENT, found)


def write(document: Path, found: Sequence[OldAge]) -> None:
    """The tables, between the two marks of the document."""
    before, _, rest = document.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    machine = found[-1].machine
    by = (
        f"{machine.processor}, {machine.cores} cores, {machine.file_system}; load of the last"
        f" minute when it began: {machine.load}"
        f"{' (others used the machine: not quiet)' if machine.busy else ''}."
    )
    tables = [_start_rows(found), _cost_rows(found), _memory_rows(found)]
    text = "\n\n".join([by, *(markdown(rows) for rows in tables)])
    document.write_text(f"{before}{BEGIN}\n{text}\n\n{END}{after}")


def markdown(rows: Sequence[Row]) -> str:
    head, *body = rows
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, rule, *body])


def _start_rows(found: Sequence[OldAge]) -> list[Row]:
    rows: list[Row] = [
        ("accounts", "entries", "journals", "first approval", "after kill -9", "to replay")
    ]
    for one in found:
        first, second = one.starts
        often = (
            f" ({min(first.all_s):.1f} to {max(first.all_s):.1f})" if first.all_s else ""
        )
        size = f"{one.journal_bytes / 1e6:,.0f} MB"
        rows.append((
            f"{one.accounts:,}", f"{one.entries:,}", size, f"{first.seconds:.1f} s{often}",
            f"{second.seconds:.1f} s", f"{second.tail:,} entries"))  # fmt: skip
    return rows


def _cost_rows(found: Sequence[OldAge]) -> list[Row]:
    rows: list[Row] = [
        (
            "one payment",
            "accounts",
            "CPU µs",
            "entry",
            "written",
            "p50 ms",
            "p99 ms",
            "first ms",
        )
    ]
    for name in dict.fromkeys(cost.name for one in found for cost in one.costs):
        for one in found:
            rows += [
                (
                    name, f"{one.accounts:,}", f"{cost.cpu_us}", f"{cost.entry_bytes} B",
                    f"{cost.written_bytes / 1_000:.1f} kB", f"{cost.p50_ms:.1f}",
                    f"{cost.p99_ms:.1f}", f"{cost.first_ms:.0f}")
                for cost in one.costs if cost.name == name
            ]  # fmt: skip
    return rows


def _memory_rows(found: Sequence[OldAge]) -> list[Row]:
    parts = sorted({part for one in found for part in one.memory_mb})
    rows: list[Row] = [("MB at most, of one process", *parts)]
    rows += [
        (
            f"{one.accounts:,} accounts",
            *(str(one.memory_mb.get(part, "")) for part in parts),
        )
        for one in found
    ]
    return rows


if __name__ == "__main__":
    main()
