"""python -m tests.mutants: is every bug caught that could be put in?

First the list made by hand (hand_made.py), each bug before the judge that it names. Then every
mutant of the core files that mutmut's operators make, before all judges until one of them catches
it. Fails with a mutant that survives and is not in survivors.txt with a reason, and with one in
there that is no mutant any more.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence

import hypothesis
import msgspec
import pytest

from tests.house.tree import ROOT
from tests.mutants import generated
from tests.mutants.forks import EVERYBODY, Change, verdicts
from tests.mutants.hand_made import MUTATIONS
from tests.mutants.survivors import LIST, accepted

PROGRESS_EVERY = 100
# Imported once, for all children.
WARM = (hypothesis, msgspec, pytest)


def main() -> int:
    asked = _arguments()
    sys.dont_write_bytecode = False
    with tempfile.TemporaryDirectory() as folder:
        sys.pycache_prefix = folder  # children compile what they import once, not each
        sound = _by_hand(asked.jobs)
        if not asked.by_hand:
            sound = _generated(asked.paths, asked.jobs, asked.sample) and sound
    return 0 if sound else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--by-hand", action="store_true", help="nothing but that list")
    parser.add_argument(
        "--sample", type=int, help="of the mutants only so many, drawn anew"
    )
    parser.add_argument("paths", nargs="*", default=generated.CORE)
    return parser.parse_args()


def _by_hand(jobs: int) -> bool:
    judges = dict.fromkeys(mutation.judge for mutation in MUTATIONS)
    cases = [(_unchanged(f"unchanged: {name}"), name) for name in judges]
    cases += [(mutation.change, mutation.judge) for mutation in MUTATIONS]
    sound = True
    for change, caught, told in verdicts(cases, jobs=jobs):
        right = caught != change.name.startswith("unchanged")
        sound = sound and right
        _say(f"{'caught' if caught else 'passes'}: {change.name}")
        if not right:
            _say(f"    and should not. {told}")
    return sound


def _unchanged(name: str) -> Change:
    path = generated.CORE[0]
    return Change(name, path, (ROOT / path).read_text(encoding="utf-8"))


def _generated(paths: Sequence[str], jobs: int, sample: int | None) -> bool:
    mutants = list(generated.mutants(paths))
    known = {mutant.name for mutant in mutants}
    if sample:
        mutants = random.sample(mutants, min(sample, len(mutants)))
    _say(f"\n{len(mutants):,} mutants of {len(paths)} files")
    [peace] = verdicts([(_unchanged("unchanged"), EVERYBODY)], jobs=1)
    if peace.caught:
        _say(f"unchanged code is caught: {peace.told}")
        return False
    reasons = accepted(LIST.read_text(encoding="utf-8"))
    listed = {name for name in reasons if _of(name, paths)}
    survived = _survivors(mutants, listed, jobs)
    for name in sorted(survived & listed):
        _say(f"\nsurvives: {reasons[name]}\n{name}")
    for name in sorted(listed - known):
        _say(f"\nlisted, and no mutant any more:\n{name}")
    for name in sorted((listed & {mutant.name for mutant in mutants}) - survived):
        _say(f"\nlisted, and caught: take it out:\n{name}")
    _say(f"{len(survived):,} survive, {len(survived - listed):,} of them without a reason")
    return listed <= known and survived <= listed


def _of(name: str, paths: Sequence[str]) -> bool:
    return name.split(maxsplit=1)[0] in paths


def _survivors(mutants: Sequence[Change], listed: set[str], jobs: int) -> set[str]:
    """Their names. Those without a reason are told at once, for the run is long."""
    started_s = time.monotonic()
    survived: set[str] = set()
    cases = ((mutant, EVERYBODY + mutant.path) for mutant in mutants)
    for count, (mutant, caught, _) in enumerate(verdicts(cases, jobs=jobs), 1):
        if not caught:
            survived.add(mutant.name)
        if not caught and mutant.name not in listed:
            _say(f"\nsurvives, and no reason is given:\n{mutant.name}\n")
        if count % PROGRESS_EVERY == 0 or count == len(mutants):
            spent_s = time.monotonic() - started_s
            _say(f"{count:,} of them judged, {len(survived)} survive, {spent_s:.0f} s")
    return survived


def _say(words: str) -> None:
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
