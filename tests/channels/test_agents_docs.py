"""The agents' handbook, run as it stands: every example, in the order of the page.

A block marked data-run="sh" is run by bash, in one shell for the whole page; one marked "python" is
a program of its own. The output that follows a block must be what it printed; … is anything.
"""

import asyncio
import os
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

from channels.web.demo import demo_key
from channels.web.pages import PAGES, STATIC
from ledger.money import format_minor
from services.demo_airline import OFFERS
from tests.channels.agency import open_agency
from tests.gateway.harness import House

PAGE = (STATIC / PAGES["/agents/docs"]).read_text(encoding="utf-8")
MARK = "--- the output of one block ends here ---"
TIME_LIMIT_S = 60


class Block(NamedTuple):
    language: str
    text: str
    output: str | None


class Blocks(HTMLParser):
    """The page's <pre> elements: what is run, and what each prints."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Block] = []
        self.bare = 0
        self._kind: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            given = dict(attrs)
            self._kind = given.get("data-run") or given.get("class") or ""
            self._text = ""

    def handle_data(self, data: str) -> None:
        self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag != "pre" or self._kind is None:
            return
        if self._kind == "output":
            last = self.found.pop()
            assert last.output is None, "an output follows its own block"
            self.found.append(last._replace(output=self._text))
        elif self._kind in {"sh", "python"}:
            self.found.append(Block(self._kind, self._text, None))
        else:
            self.bare += 1
        self._kind = None


def blocks() -> Blocks:
    parser = Blocks()
    parser.feed(PAGE)
    return parser


def script(found: list[Block], folder: Path) -> str:
    """One shell for all; a Python program is a file that it runs."""
    lines = []
    for number, block in enumerate(found):
        if block.language == "python":
            program = folder / f"example_{number}.py"
            program.write_text(block.text)
            lines.append(f"{sys.executable} {program}")
        else:
            lines.append(block.text)
        lines.append(f"echo; echo '{MARK}'")
    return "\n".join(lines)


def pattern(expected: str) -> str:
    return ".*?".join(re.escape(part) for part in expected.strip().split("…"))


async def test_every_example_of_the_handbook_prints_what_it_says(
    house: House, tmp_path: Path
) -> None:
    await open_agency(house, QAR=5_000_000)
    found = blocks().found
    environment = {**os.environ, "BASE": house.base, "AGENT": demo_key("agent")}

    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-c",
        script(found, tmp_path),
        cwd=tmp_path,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(TIME_LIMIT_S):
        printed, complaints = await shell.communicate()

    outputs = printed.decode().replace("\r", "").split(MARK)
    assert len(outputs) == len(found) + 1, complaints.decode()
    for block, output in zip(found, outputs, strict=False):
        if block.output is not None:
            said = f"{block.text}\n{output.strip()}\n{complaints.decode()}"
            assert re.fullmatch(pattern(block.output), output.strip(), re.DOTALL), said


def test_every_example_is_run_and_both_languages_are_there() -> None:
    parsed = blocks()

    assert parsed.bare == 0
    assert len(parsed.found) >= 12
    assert {block.language for block in parsed.found} == {"sh", "python"}


def test_the_offers_of_the_handbook_are_those_that_are_sold() -> None:
    for offer, price in OFFERS.items():
        assert f"<code>{offer}</code>" in PAGE
        assert f"<dt>{format_minor(price.amount_minor, price.commodity)}" in PAGE


def test_every_chapter_stands_in_the_index() -> None:
    chapters = re.findall(r'<section id="(\w+)">', PAGE)

    assert chapters == re.findall(r'class="chapter" href="#(\w+)"', PAGE)
