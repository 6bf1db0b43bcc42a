"""`make fuzz`: read what nobody meant, a million times.

    python -m tests.fuzz --payloads 1000000 --frames 100000 --seed 7

Ends with 1 and the seed and number of the first one that did anything but be read or be refused
with a documented error.
"""

import argparse
import secrets
import sys
import time

from tests.fuzz.kinds import FRAMES, KINDS, OURS, PAYLOADS
from tests.fuzz.run import Surprise, run


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--payloads", type=int, default=1_000_000)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=None, help="draws one, and prints it")
    options = parser.parse_args()
    seed = secrets.randbelow(2**32) if options.seed is None else options.seed
    sys.stdout.write(f"seed {seed}\n")
    counts = dict.fromkeys(PAYLOADS, options.payloads // len(PAYLOADS))
    counts |= dict.fromkeys(FRAMES | OURS, options.frames)
    for name, (draw, judge) in KINDS.items():
        started = time.perf_counter()
        try:
            read = run(draw, judge, seed=seed, count=counts[name])
        except Surprise as surprise:
            sys.stdout.write(f"{name}: {surprise}\n")
            return 1
        spent_s = time.perf_counter() - started
        sys.stdout.write(f"{name}: {counts[name]}, {read} read; {spent_s:.0f} s\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
