"""The README's commands, run as they stand.

In a ```console block a line after "$ " is run by bash, in one shell for the whole page; the lines
below it must be what it printed, where … matches anything. Blocks marked `sh` are for people:
`make` is what runs this, so its targets need only exist; the commands that read the data folder
read that of the installation. There is no third kind of block, which nobody would try.
"""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from channels.web.demo import demo_key
from tests.house.tree import ROOT
from tests.installation import Installation

README = ROOT / "README.md"
MARK = "--- the output of one command ends here ---"
TIME_LIMIT_S = 60


def blocks(page: str, kind: str) -> list[str]:
    found = re.findall(r"^```(.*?)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [text for marked, text in found if marked == kind]


def steps(page: str) -> list[tuple[str, str]]:
    """Commands and what they should print."""
    found: list[tuple[str, str]] = []
    for block in blocks(page, "console"):
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


@pytest.mark.ray
def test_what_the_readme_leaves_to_people_can_be_done(
    installation: Installation, tmp_path: Path
) -> None:
    (tmp_path / "data").symlink_to(installation.folder)
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    lines = "".join(blocks(README.read_text(), "sh")).splitlines()
    assert lines
    for line in lines:
        match shlex.split(line, comments=True):
            case ["make", target]:
                assert target in targets
            case [".venv/bin/airside", *arguments]:
                done = subprocess.run(
                    [sys.executable, "-m", "gateway", *arguments],
                    cwd=tmp_path,
                    env=os.environ | {"PYTHONPATH": str(ROOT)},
                    timeout=TIME_LIMIT_S,
                    check=False,
                )
                assert done.returncode == 0, line
            case _:
                pytest.fail(f"nobody tries this: {line}")


def test_every_block_of_the_readme_is_of_a_kind_that_is_tried() -> None:
    fences = re.findall(r"^```(.*)$", README.read_text(), re.MULTILINE)

    assert set(fences[::2]) <= {"console", "sh"}
    assert set(fences[1::2]) == {""}
