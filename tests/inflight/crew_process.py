"""`airside crew` in a process that imports what a crew's till needs, and no gateway.

python -m tests.inflight.crew_process sell --state FOLDER
"""

import argparse
import asyncio
import os
import sys
from contextlib import suppress

from ledger.clock import SystemClock
from terminals.crew import run_crew
from terminals.crew_options import add_crew
from terminals.pos import Console


async def pause(seconds: float) -> None:
    """Between two rounds of hearing. Nobody waits for it."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_crew(parser)
    console = Console(
        keys=sys.stdin,
        out=sys.stdout,
        environ=os.environ,
        clock=SystemClock(),
        sleep=pause,
    )
    sys.exit(run_crew(parser.parse_args(), console))
