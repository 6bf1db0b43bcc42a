"""Fresh seeds in every run, and proof that the simulation sees what it is there to see."""

import ast
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import get_args

import msgspec
import pytest

from actors.draft import Draft
from actors.relay import Relay
from actors.residents import Residents
from ledger.commands import AnyCommand, Capture, Envelope
from ledger.decline import DeclineReason
from ledger.entry import Entry
from ledger.errors import AppendFailed
from ledger.events import TransferRefused
from ledger.ids import derive_account
from ledger.journal import Image, Mark
from ledger.money import Money
from ledger.sqlite_store import SqliteJournal
from tests.house.tree import ROOT
from tests.simulation import plan
from tests.simulation.fault import Fault
from tests.simulation.plan import SQLITE_EVERY
from tests.simulation.shorten import numbers_of, shorten, spans
from tests.simulation.simulation import simulate
from tests.simulation.tally import REFUSALS, SEEDS_OF_ALL, Tally
from tests.simulation.words import words

SEEDS = 200


@pytest.mark.slow
def test_fresh_seeds_break_nothing_and_meet_everything() -> None:
    """Some twenty seconds on two cores. What is printed names the seed, and how to see it again."""
    command = [sys.executable, "-m", "tests.simulation", "--seeds", str(SEEDS)]

    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, check=False, encoding="utf-8"
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{SEEDS} seeds" in done.stdout
    assert SEEDS > SEEDS_OF_ALL


def test_what_never_occurred_is_named() -> None:
    tally = Tally(faults=Counter(Fault), declines=Counter(DeclineReason))
    tally.faults[Fault.TORN_WAL] = 0
    tally.refusals += Counter(REFUSALS)
    tally.commands += Counter(command.__name__ for command in get_args(AnyCommand))
    del tally.commands["Deliver"]

    assert tally.never() == [f"fault: {Fault.TORN_WAL}", "command: Deliver"]


def test_a_seed_in_which_little_happens_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "DEEDS", 100)

    assert simulate(1).failure == "too little happened"


def test_the_auditor_shares_words_with_what_it_judges_and_no_reasoning() -> None:
    """What decides, what applies, and what keeps state: none of it may tell it what is right."""
    theirs = {"tests/simulation/auditor.py", "tests/simulation/partition_book.py"}
    theirs |= {"tests/ledger/model.py", "tests/ledger/model_wallet.py"}
    theirs |= {f"tests/ledger/model_{part}.py" for part in ("credit", "settlement")}
    reasoning = {"answer", "apply", "credit", "decide", "guards", "images", "inspection"}
    reasoning |= {"invariants", "journal", "legs", "postings", "sqlite_store", "sweeps"}
    reasoning |= {"apply_settlement", "verify"}
    reasoning |= {f"decide_{part}" for part in ("payment", "settlement", "transfer")}
    forbidden = {"ledger", *(f"ledger.{name}" for name in reasoning)}
    words_of_actors = {"actors.directory", "actors.frame"}

    for path in theirs:
        nodes = ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
        of_actors = {name for name in imported if name.startswith("actors")}
        assert not imported & forbidden, path
        assert of_actors <= words_of_actors, path


@pytest.mark.slow
def test_a_seed_lives_the_same_life_each_time() -> None:
    lives: list[list[str]] = [[], []]
    for life in lives:
        simulate(8, frozenset(range(300)), life.append)

    assert lives[0] == lives[1]
    assert len(lives[0]) > 200


def _broken_by(seeds: range) -> str:
    """What the first of these seeds to fail says."""
    return next(filter(None, (simulate(seed).failure for seed in seeds)), "")


@pytest.mark.slow
def test_an_answer_to_what_was_not_written_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    commit = Draft.commit

    def careless(self: Draft, *, idle: bool) -> bool:
        try:
            return commit(self, idle=idle)
        except AppendFailed:
            return False

    monkeypatch.setattr(Draft, "commit", careless)

    assert _broken_by(range(1, 20))


@pytest.mark.slow
def test_a_transfer_that_the_relay_loses_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    deliver = Relay._deliver

    async def hasty(self: Relay, target: int, envelopes: list[Envelope]) -> bool:
        await deliver(self, target, envelopes)
        return True

    monkeypatch.setattr(Relay, "_deliver", hasty)

    assert "do not arrive" in _broken_by(range(1, 20))


@pytest.mark.slow
def test_a_mark_that_passes_what_no_image_has_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    next_images = Residents.next_images

    def rash(self: Residents, *, idle: bool) -> tuple[list[Image], Mark | None]:
        images, mark = next_images(self, idle=idle)
        return images, mark and msgspec.structs.replace(mark, seq=self.last_seq)

    monkeypatch.setattr(Residents, "next_images", rash)

    assert _broken_by(range(1, 20))


@pytest.mark.slow
def test_commits_that_nobody_syncs_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    prepare = SqliteJournal._prepare

    def hasty(self: SqliteJournal, path: Path) -> None:
        prepare(self, path)
        self._db.execute("PRAGMA synchronous=NORMAL")

    monkeypatch.setattr(SqliteJournal, "_prepare", hasty)

    assert _broken_by(range(SQLITE_EVERY, 4 * SQLITE_EVERY, SQLITE_EVERY))


@pytest.mark.slow
def test_a_replay_that_leaves_something_out_is_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    note = Residents._note

    def forgetful(self: Residents, entry: Entry) -> None:
        if not isinstance(entry.event, TransferRefused):
            note(self, entry)

    monkeypatch.setattr(Residents, "_note", forgetful)

    assert _broken_by(range(1, 20))


def test_a_history_is_shortened_to_the_steps_that_matter() -> None:
    def fails(steps: frozenset[int]) -> bool:
        return {17, 42, 43, 900} <= steps

    assert shorten(range(1_000), fails) == [17, 42, 43, 900]


def test_a_history_that_needs_every_step_keeps_them() -> None:
    assert shorten(range(5), lambda steps: len(steps) == 5) == [0, 1, 2, 3, 4]


def test_a_history_names_accounts_and_leaves_out_what_says_nothing() -> None:
    account = derive_account("prn", "1")
    command = Capture(account=account, ordinal=3, amount=Money(500, "QAR"))

    said = words(command, {account: "wallet 0"})

    assert said == "Capture(account: wallet 0, ordinal: 3, amount: 500 QAR)"


def test_steps_are_written_as_they_are_read() -> None:
    assert spans([3, 4, 5, 9, 11, 12]) == "3-5,9,11-12"
    assert numbers_of("3-5,9,11-12") == {3, 4, 5, 9, 11, 12}
