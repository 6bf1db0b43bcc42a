"""python -m tests.simulation --seeds 1000: so many seeds, each a whole life of the engine.

Fresh ones, unless --from names the first. Exits with 1 when a seed fails, or when in 50 seeds or
more something never occurred. A failure is told with the command that replays it and with the
shortest history that was found.
"""

import argparse
import gc
import logging
import os
import sys
import time
from collections.abc import Iterator
from multiprocessing import Pool
from secrets import randbelow

from tests.simulation.plan import draw_plan
from tests.simulation.shorten import numbers_of, shorten, spans
from tests.simulation.simulation import Outcome, simulate
from tests.simulation.tally import SEEDS_OF_ALL, Tally

PROGRESS_EVERY = 100
COLLECT_EVERY = 8
# Seeds that are told in full when many fail: most have the same cause.
TOLD_MAX = 3


def main() -> int:
    asked = _arguments()
    logging.disable(logging.CRITICAL)  # what the system logs under faults is no news here
    if asked.steps:
        return _replay(asked.first, numbers_of(asked.steps))
    seeds = range(asked.first, asked.first + asked.seeds)
    _say(f"{asked.seeds:,} seeds from {asked.first}")
    tally, failed = _live_through(seeds, asked.jobs)
    _say(
        f"{tally.asked:,} commands asked, {tally.faults.total():,} faults met,"
        f" {tally.declines.total():,} declines; rarest: {tally.rarest()}"
    )
    for outcome in failed[:TOLD_MAX]:
        _tell(outcome)
    never = tally.never() if len(seeds) >= SEEDS_OF_ALL else []
    for what in never:
        _say(f"never occurred: {what}")
    return 1 if failed or never else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument(
        "--from", dest="first", type=int, default=randbelow(2**31), metavar="SEED"
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--steps", help="of one seed, only these: 3-7,9")
    return parser.parse_args()


def _live_through(seeds: range, jobs: int) -> tuple[Tally, list[Outcome]]:
    started_s = time.monotonic()
    tally, failed = Tally(), list[Outcome]()
    for count, outcome in enumerate(_outcomes(seeds, jobs), 1):
        tally.add(outcome.tally)
        if outcome.failure:
            failed.append(outcome)
            _say(f"seed {outcome.seed} fails: {outcome.failure}")
        if count % PROGRESS_EVERY == 0 or count == len(seeds):
            rate = count / (time.monotonic() - started_s)
            _say(f"{count:,} seeds, {rate:.1f} seeds/s, {len(failed)} failed")
    return tally, failed


def _outcomes(seeds: range, jobs: int) -> Iterator[Outcome]:
    if jobs == 1 or len(seeds) == 1:
        yield from map(simulate, seeds)
        return
    with Pool(jobs, gc.disable) as pool:
        yield from pool.imap_unordered(_simulate, seeds, chunksize=4)


def _simulate(seed: int) -> Outcome:
    """Garbage is collected between seeds, and seldom: within one it costs a tenth of the time."""
    if seed % COLLECT_EVERY == 0:
        gc.collect()
    return simulate(seed)


def _tell(outcome: Outcome) -> None:
    """How to see it again, whole and short."""
    kind = outcome.failure.split(":", maxsplit=1)[0]

    def fails(numbers: frozenset[int]) -> bool:
        return simulate(outcome.seed, numbers).failure.startswith(kind)

    _say(f"\nmake simulate SEEDS=1 FROM={outcome.seed}")
    _say("and the shortest history that fails so:")
    steps = shorten([step.number for step in draw_plan(outcome.seed).steps], fails)
    _say(f"make simulate FROM={outcome.seed} STEPS={spans(steps)}")
    _replay(outcome.seed, frozenset(steps))


def _replay(seed: int, steps: frozenset[int]) -> int:
    outcome = simulate(seed, steps, _say)
    _say(outcome.failure or "nothing is broken")
    return 1 if outcome.failure else 0


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
