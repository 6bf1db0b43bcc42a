"""`python -m benchmarks`: Airside beside what one would build or pick instead, in one run.

About five minutes; with --quick one, with --full as long as it takes. Ends with status 1 when an
answer was wrong or a journal does not agree with what callers were told. Writes all figures as
JSON; `python -m benchmarks.document` makes tables and pictures of them for docs/.
"""

import argparse
import asyncio
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from benchmarks import report
from benchmarks.database import DatabaseFailed
from benchmarks.findings import Findings
from benchmarks.machine import look
from benchmarks.plan import PLANS
from benchmarks.processes import ChildFailed
from benchmarks.rounds import WrongAnswers
from benchmarks.run import Run
from benchmarks.truth import Untrue
from gateway import logs

RESULTS = Path(__file__).parent / "results"
LATEST = RESULTS / "latest.json"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_const", dest="plan", const="quick")
    size.add_argument("--full", action="store_const", dest="plan", const="full")
    parser.add_argument("--json", type=Path, default=LATEST, help="where the figures go")
    parser.set_defaults(plan="normal")
    return parser.parse_args()


async def _until_stopped(run: Run) -> Findings:
    """Ctrl-C and SIGTERM cancel the run, which stops what it started on its way out."""
    task = asyncio.current_task()
    assert task is not None, "called on the loop"
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await run.run()


class Progress:
    """Says what is being done, and since when."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def say(self, text: str) -> None:
        minutes, seconds = divmod(int(time.monotonic() - self._started), 60)
        print(f"{minutes}:{seconds:02}  {text}", flush=True)


def main() -> None:
    options = _options()
    logs.configure("warning")
    RESULTS.mkdir(exist_ok=True)
    machine = look(RESULTS)
    if machine.volatile:
        sys.exit(f"{RESULTS} is in memory: durable commits would cost nothing there")
    progress = Progress()
    if machine.busy:
        progress.say(f"this machine is busy (load {machine.load}): expect worse figures")
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="run-"))
    try:
        run = Run(PLANS[options.plan], machine, folder, progress.say)
        found = asyncio.run(_until_stopped(run))
    except asyncio.CancelledError:
        sys.exit("stopped")
    except (ChildFailed, DatabaseFailed, Untrue, WrongAnswers) as error:
        sys.exit(f"benchmarks: {error}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    options.json.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    progress.say("done\n\n" + report.text(found))
    print(f"\nall answers checked, journals sound; figures: {options.json}")


if __name__ == "__main__":
    main()
