"""The README's commands, run as they stand.

In a ```console block a line after "$ " is run by bash, in one shell for the whole page; the lines
below it must be what it printed, where … matches anything. Blocks marked `sh` are for people.
"""

import os
import re
import subprocess
from pathlib import Path

import pytest

from channels.web.demo import demo_key
from tests.installation import Installation

README = Path(__file__).parents[2] / "README.md"
MARK = "--- the output of one command ends here ---"
TIME_LIMIT_S = 60


def steps(page: str) -> list[tuple[str, str]]:
    """Commands and what they should print."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], ""))
            else:
                command, expected = found[-1]
                found[-1] = (command, f"{expected}{line}\n")
    return found


def pattern(expected: str) -> str:
    return ".*?".join(re.escape(part) for part in expected.strip().split("…"))


@pytest.mark.ray
def test_every_command_of_the_readme_prints_what_it_says(
    installation: Installation,
) -> None:
    told = steps(README.read_text())
    script = "\n".join(f"{command}\necho; echo '{MARK}'" for command, _ in told)
    keys = {who.upper(): demo_key(who) for who in ("operator", "lounge", "amira")}

    done = subprocess.run(
        ["bash", "-c", script],
        env={**os.environ, **keys, "BASE": installation.base},
        capture_output=True,
        text=True,
        timeout=TIME_LIMIT_S,
        check=False,
    )

    printed = done.stdout.split(MARK)
    assert len(printed) == len(told) + 1, done.stderr
    for (command, expected), output in zip(told, printed, strict=False):
        assert re.fullmatch(pattern(expected), output.strip(), re.DOTALL), (
            f"$ {command}\n{output.strip()}"
        )


def test_the_readme_has_commands_to_run() -> None:
    assert len(steps(README.read_text())) >= 8
