"""Who judges a mutant. Imported only in a child that has the mutant's text (forks.py)."""

import logging
import random
import resource
import signal
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

import pytest

from tests.books import memory_folder
from tests.house.tree import ROOT
from tests.ledger import (
    test_account_stories,
    test_card_stories,
    test_channel_stories,
    test_credit_stories,
    test_payment_stories,
    test_settlement_stories,
)
from tests.mutants.forks import EVERYBODY
from tests.simulation.plan import SQLITE_EVERY
from tests.simulation.simulation import simulate
from tests.stories import TOLD, tell

# Modules whose stories are told: importing them is enough.
STORIES = (
    test_account_stories,
    test_card_stories,
    test_channel_stories,
    test_credit_stories,
    test_payment_stories,
    test_settlement_stories,
)
# Enough to meet what each bug needs; the first one or two do, mostly.
SEEDS = range(1, 17)
SQLITE_SEEDS = range(SQLITE_EVERY, 9 * SQLITE_EVERY, SQLITE_EVERY)
# For what survives the stories: few seeds, then the directed tests, then more seeds.
FEW_SEEDS, MORE_SEEDS = SEEDS[:3], SEEDS[3:]
# Seconds of the processor for each, some ten times what unchanged code needs: a mutant that loops
# for ever is caught then.
STORY_SECONDS, SEED_SECONDS, TEST_SECONDS = 4, 3, 60
# And so long one test may wait for what a mutant never does. The slowest takes half a second.
PATIENCE_S = 20
# Tests that run in a moment, without a cluster, a database server or another process.
DIRECTED = (
    "tests/actors/test_batcher.py",
    "tests/actors/test_chapters.py",
    "tests/actors/test_desk.py",
    "tests/actors/test_fine_print.py",
    "tests/actors/test_frame.py",
    "tests/actors/test_local_runtime.py",
    "tests/actors/test_mailbox.py",
    "tests/actors/test_partition.py",
    "tests/actors/test_quarantine.py",
    "tests/actors/test_relay.py",
    "tests/actors/test_residents.py",
    "tests/actors/test_scrub.py",
    "tests/ledger/test_account_stories.py",
    "tests/ledger/test_apply.py",
    "tests/ledger/test_balances.py",
    "tests/ledger/test_decide_settlement.py",
    "tests/ledger/test_decline.py",
    "tests/ledger/test_first_release.py",
    "tests/ledger/test_legs.py",
    "tests/ledger/test_money.py",
    "tests/ledger/test_card_stories.py",
    "tests/ledger/test_channel_stories.py",
    "tests/ledger/test_credit_stories.py",
    "tests/ledger/test_payment_stories.py",
    "tests/ledger/test_postings.py",
    "tests/ledger/test_refused_moves.py",
    "tests/ledger/test_settlement_stories.py",
    "tests/ledger/test_sqlite_store.py",
    "tests/ledger/test_sweeps.py",
    "tests/ledger/test_transitions.py",
    "tests/ledger/test_verify.py",
)
ON_NO_SERVER = ("-k", "not postgres")


class Patience:
    """A plugin of pytest."""

    def pytest_runtest_logstart(self) -> None:
        signal.alarm(PATIENCE_S)


def judge(name: str) -> str:
    """What this judge has against the code; it may raise it too. Nothing, if nothing.

    EVERYBODY has the path of the changed file behind it. Any other name is that of a test's file,
    with pytest's options behind it.
    """
    _allow(STORY_SECONDS)
    match name:
        case "stories":
            return _stories()
        case "seeds":
            return _seeds(SEEDS)
        case "seeds on SQLite":
            return _seeds(SQLITE_SEEDS)
        case _ if name.startswith(EVERYBODY):
            return _everybody(name.removeprefix(EVERYBODY))
        case _:
            return _tests(name.split())


def _everybody(path: str) -> str:
    """The tests that are named like the file come first: they know most about it."""
    directed = sorted(DIRECTED, key=lambda test: PurePath(path).stem not in test)
    return (
        _stories()
        or _seeds(FEW_SEEDS)
        or _tests((*directed, *ON_NO_SERVER))
        or _seeds(MORE_SEEDS)
    )


def _allow(seconds: int) -> None:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until_s = int(usage.ru_utime + usage.ru_stime) + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until_s, hard))


def _stories() -> str:
    assert all(module.__name__ for module in STORIES)
    for text in TOLD:
        with memory_folder() as folder:
            tell(text, Path(folder))
    return ""


def _seeds(numbers: Sequence[int]) -> str:
    _allow(SEED_SECONDS * len(numbers))
    logging.disable(logging.CRITICAL)
    try:
        return next(filter(None, (simulate(number).failure for number in numbers)), "")
    finally:
        logging.disable(logging.NOTSET)


def _tests(asked: Iterable[str]) -> str:
    """The same examples each time, so that a mutant does not survive by chance."""
    _allow(TEST_SECONDS)
    random.seed(0)
    options = ["-x", "-q", "-p", "no:cacheprovider", "--hypothesis-seed=0"]
    options += ["-W", "ignore::pytest.PytestAssertRewriteWarning", f"--rootdir={ROOT}"]
    # Where judges share a folder, one tidies it while another looks into it.
    with memory_folder() as folder:
        options += [f"--basetemp={folder}/tests"]
        code = pytest.main([*options, *asked], plugins=[Patience()])
    signal.alarm(0)
    return f"pytest ends with {code}" if code else ""
