"""Prints the table of docs/scanning.md: what still decodes.

python -m tests.scanning --samples 40
"""

import argparse
import sys

from tests.scanning.measure import Cell, measure_all


def table(rows: list[list[Cell]]) -> str:
    """In Markdown: a distortion a line, strengths from common to hopeless."""
    lines = [
        "| distortion | read, in % of the codes, at each strength | at the slowest |",
        "|---|---|---|",
    ]
    for row in rows:
        cells = " · ".join(
            f"{cell.strength:g}: **{100 * cell.read // cell.of}**" for cell in row
        )
        slowest_ms = max(cell.median_ms for cell in row)
        lines.append(f"| {row[0].name} ({row[0].unit}) | {cells} | {slowest_ms:.1f} ms |")
    wrong = sum(cell.wrong for row in rows for cell in row)
    frames = sum(cell.of for row in rows for cell in row)
    lines.append(f"\n{frames} frames; read as another code than was shown: {wrong}.")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.scanning", description=__doc__)
    parser.add_argument("--samples", type=int, default=40)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    sys.stdout.write(table(measure_all(samples=options.samples, seed=options.seed)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
