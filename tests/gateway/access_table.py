"""docs/access.md holds the table of tests/gateway/test_access.py: who is let in where.

`python -m tests.gateway.access_table` writes it anew; tests/house fails until somebody does.
"""

import re
from pathlib import Path

from tests.gateway.test_access import CONVERSATIONS, EVERYBODY, MAY
from tests.house.tree import ROOT

PAGE = ROOT / "docs" / "access.md"
TABLE = re.compile(r"(?<=<!-- table -->\n).*(?=<!-- end of table -->)", re.DOTALL)


def table() -> str:
    kinds = EVERYBODY.split()
    lines = ["| | " + " | ".join(kinds) + " |", "| --- |" + " :-: |" * len(kinds)]
    for name, let_in in sorted((MAY | CONVERSATIONS).items(), key=_by_path):
        marks = ["●" if kind in let_in.split() else "" for kind in kinds]
        lines.append(f"| `{name}` | " + " | ".join(marks) + " |")
    return "\n".join(lines) + "\n"


def _by_path(row: tuple[str, str]) -> tuple[str, str]:
    method, path = row[0].split()
    return path, method


def write(page: Path) -> None:
    page.write_text(TABLE.sub(lambda _: table(), page.read_text()))


if __name__ == "__main__":
    write(PAGE)
