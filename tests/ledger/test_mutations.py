"""Bugs, put in by hand, one line each: the stories catch every one of them.

Each runs in a copy of its own, in a process of its own. A line that is not there exactly once
fails its test, so that this list cannot rot; a copy without a bug passes, so that a bug is the only
reason to fail. (The machine of test_machine.py catches them too, but takes a minute to say so.)
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.house.tree import ROOT

COPIED = ("ledger", "actors", "tests/ledger")
FILES = ("tests/books.py", "tests/stories.py")

# Without pytest: starting it would be most of the time.
TELL = """
from tests.books import memory_folder
from tests.ledger import test_account_stories, test_payment_stories
from tests.stories import TOLD, tell
from pathlib import Path

for text in TOLD:
    with memory_folder() as folder:
        tell(text, Path(folder))
print(len(TOLD), "stories told")
"""


class Mutation(NamedTuple):
    does: str
    path: str
    line: str
    becomes: str


MUTATIONS = [
    Mutation(
        "refuses the last coin",
        "ledger/account.py",
        "self.pots[pot].available_minor >= minor",
        "self.pots[pot].available_minor > minor",
    ),
    Mutation(
        "spends what is held",
        "ledger/account.py",
        "self.pots[pot].available_minor >= minor",
        "self.pots[pot].available_minor + self.pots[pot].held_minor >= minor",
    ),
    Mutation(
        "honours a hold in the millisecond of its end",
        "ledger/account.py",
        "if when <= at_ms",
        "if when < at_ms",
    ),
    Mutation(
        "takes a code in the millisecond of its end",
        "ledger/decide.py",
        "command.code.issued_at_ms + CODE_LIFE_MS <= at_ms",
        "command.code.issued_at_ms + CODE_LIFE_MS < at_ms",
    ),
    Mutation(
        "takes a code for a second order",
        "ledger/decide.py",
        "if command.code.code_id in account.codes:",
        "if command.code.code_id in account.keys:",
    ),
    Mutation(
        "gives back more than was captured",
        "ledger/decide.py",
        "    left = payment.refundable\n",
        "    left = payment.authorised\n",
    ),
    Mutation(
        "keeps the rest of a hold for ever",
        "ledger/decide.py",
        "released = rest if move is Move.CAPTURE_LAST else {}",
        "released = {}",
    ),
    Mutation(
        "shows a payment to another merchant",
        "ledger/decide.py",
        'if payment and command.merchant not in {"", payment.sale.merchant}:',
        'if payment and command.merchant == "mer_nobody":',
    ),
    Mutation(
        "lets a frozen account increase a hold",
        "ledger/decide.py",
        "refusal(payment.state, Move.INCREASE) or _unusable(account)",
        "refusal(payment.state, Move.INCREASE)",
    ),
    Mutation(
        "lets a pot grow by one too many",
        "ledger/decide.py",
        "        > AMOUNT_MINOR_MAX\n",
        "        > AMOUNT_MINOR_MAX + 1\n",
    ),
    Mutation(
        "pays money back into a closed account",
        "ledger/decide.py",
        "return Book.UNCLAIMED if closed else Book.AVAILABLE",
        "return Book.AVAILABLE",
    ),
    Mutation(
        "takes the same evidence twice",
        "ledger/decide.py",
        "if account is not None and account.transfers:",
        "if account is not None and account.payments:",
    ),
    Mutation(
        "counts a hold as open after its end",
        "ledger/apply.py",
        "        account.open_holds.pop(ordinal, None)\n",
        "        account.open_holds.get(ordinal, None)\n",
    ),
    Mutation(
        "forgets that a reversal came first",
        "ledger/apply.py",
        "account.keys[event.original] = KeyUse(entry.seq, BARRED, attempt=True)",
        "account.keys[event.original[:8]] = KeyUse(entry.seq, BARRED, attempt=True)",
    ),
    Mutation(
        "stops an account whose used code comes again while it is frozen",
        "ledger/apply.py",
        "return event.reason in _NEVER_BOUND or event.code_id in account.codes",
        "return event.reason in _NEVER_BOUND",
    ),
    Mutation(
        "answers another request with the answer to its key",
        "actors/recall.py",
        "if entry.request != envelope.request:",
        "if not entry.request:",
    ),
    Mutation(
        "runs a key again once its code has expired",
        "actors/recall.py",
        "    use = account.keys.get(envelope.key)\n    if use is None:\n",
        "    use = account.keys.get(envelope.key)\n"
        "    if use is None or at_ms - account.opened_at_ms > DAY_MS:\n",
    ),
    Mutation(
        "decides before it writes what has expired",
        "actors/partition.py",
        "                return remembered\n            self._expire_due(account, at_ms)\n",
        "                return remembered\n",
    ),
]


def copy(folder: Path) -> Path:
    unneeded = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=unneeded)
    for name in FILES:
        shutil.copy(ROOT / name, folder / name)
    return folder


def run(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder)},
        capture_output=True,
        check=False,
        encoding="utf-8",
    )


def run_mutated(folder: Path, mutation: Mutation) -> subprocess.CompletedProcess[str]:
    path = copy(folder) / mutation.path
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutation.line, mutation.becomes), encoding="utf-8")
    return run(folder)


Runs = dict[str, Future[subprocess.CompletedProcess[str]]]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runs]:
    """Two at a time, for there are two cores; the tests wait for theirs."""
    with ThreadPoolExecutor(2) as pool:
        folder = copy(tmp_path_factory.mktemp("unchanged"))
        started: Runs = {"nothing": pool.submit(run, folder)}
        for mutation in MUTATIONS:
            folder = tmp_path_factory.mktemp("mutated")
            started[mutation.does] = pool.submit(run_mutated, folder, mutation)
        yield started
        pool.shutdown(cancel_futures=True)


every_mutation = pytest.mark.parametrize(
    "mutation", MUTATIONS, ids=[mutation.does for mutation in MUTATIONS]
)


@every_mutation
def test_the_line_is_there_exactly_once(mutation: Mutation) -> None:
    text = (ROOT / mutation.path).read_text(encoding="utf-8")

    assert text.count(mutation.line) == 1
    assert mutation.becomes not in text or mutation.becomes in mutation.line


@pytest.mark.slow
def test_a_copy_that_was_not_changed_tells_every_story(runs: Runs) -> None:
    done = runs["nothing"].result()

    assert done.returncode == 0, done.stderr
    assert "stories told" in done.stdout


@pytest.mark.slow
@every_mutation
def test_a_bug_is_caught(runs: Runs, mutation: Mutation) -> None:
    done = runs[mutation.does].result()

    assert done.returncode == 1, f"it {mutation.does}, and no story says so"
    assert "AssertionError" in done.stderr, done.stderr
