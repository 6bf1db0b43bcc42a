"""`make fuzz`: read what nobody meant, a million times.

    python -m tests.fuzz --payloads 1000000 --seed 7

Ends with 1 and the seed and number of the first one that did anything but be read or be refused
with a documented error.
"""

import argparse
import secrets
import sys
import time

from tests.fuzz.payloads import KINDS
from tests.fuzz.run import Surprise, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--payloads", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=None, help="draws one, and prints it")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    for draw, judge in KINDS.values():
        started = time.perf_counter()
        try:
            run(draw, judge, seed=seed, count=options.payloads // len(KINDS))
        except Surprise:
            return 1
        time.perf_counter() - started
        options.payloads // len(KINDS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
