"""`airside crew` in a process that imports what a crew's till needs, and no gateway.

python -m tests.inflight.crew_process sell --state FOLDER
"""

import argparse
import asyncio
import os
import sys

from ledger.clock import SystemClock
from terminals.crew import run_crew
from terminals.crew_options import add_crew
from terminals.pos import Console

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_crew(parser)
    console = Console(
        keys=sys.stdin,
        out=sys.stdout,
        environ=os.environ,
        clock=SystemClock(),
        sleep=asyncio.sleep,
    )
    sys.exit(run_crew(parser.parse_args(), console))
