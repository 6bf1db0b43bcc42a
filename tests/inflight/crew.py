"""`airside crew` as a crew uses it: words on the ground, and a process of its own while it sells.

What is said on the ground needs no process: it opens the folder, asks the gateway and ends. Selling
is a real one, which can be killed, with nothing but its folder.
"""

import argparse
import io
import subprocess
import sys
from pathlib import Path

from channels.web.demo import demo_key
from ledger.clock import SystemClock
from terminals.crew import run_crew
from terminals.crew_options import add_crew
from terminals.pos import Console
from tests.house.tree import ROOT
from tests.inflight.crew_process import pause

SELL = [sys.executable, "-m", "tests.inflight.crew_process", "sell"]
WITHIN_S = 60


class Crew:
    """One till: its folder, and its process while it sells."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder = folder
        self.base = base
        self.process: subprocess.Popen[str] | None = None

    def ground(self, *words: str) -> str:
        """What it says. Not in a thread that has an event loop."""
        code, said = self.run(*words)
        assert code == 0, said
        return said

    def run(self, *words: str, typed: str = "") -> tuple[int, str]:
        address = ("--url", self.base) if words[0] == "join" else ()
        return self.run_here(*words, *address, "--state", str(self.folder), typed=typed)

    def run_here(self, *words: str, typed: str = "") -> tuple[int, str]:
        """In the folder that it takes by itself."""
        parser = argparse.ArgumentParser()
        add_crew(parser)
        options = parser.parse_args(words)
        out = io.StringIO()
        console = Console(
            keys=io.StringIO(typed),
            out=out,
            environ={"TILL_API_KEY": demo_key("lounge")},
            clock=SystemClock(),
            sleep=pause,
        )
        return run_crew(options, console), out.getvalue()

    def open(self, *words: str) -> None:
        """Begins; it is ready when it has said that it is offline."""
        self.process = subprocess.Popen(
            [*SELL, "--state", str(self.folder), *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=ROOT,
            encoding="utf-8",
        )

    def until(self, *marks: str) -> str:
        """What it says up to a line with one of these."""
        assert self.process is not None
        assert self.process.stdout is not None
        said = ""
        for line in self.process.stdout:
            said += line
            if any(mark in line for mark in marks):
                return said
        raise AssertionError(f"it ended, and said {said!r}")

    def type(self, *lines: str) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.write("".join(f"{line}\n" for line in lines))
        self.process.stdin.flush()

    def sell(self, *lines: str) -> str:
        """A basket, and the code unless the camera sees it."""
        self.type(*lines)
        return self.until("SOLD", "Left at this till")

    def close(self) -> None:
        self.type("close")
        self.until("Closed")
        self.end()

    def end(self, *, kill: bool = False) -> None:
        if self.process is None:
            return
        if kill:
            self.process.kill()
        self.process.communicate(timeout=WITHIN_S)
        self.process = None
