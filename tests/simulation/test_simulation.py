"""Fresh seeds in every run, and proof that the simulation sees what it is there to see."""

import time
from secrets import randbelow

import pytest

from actors.draft import Draft
from actors.relay import Relay
from actors.residents import Residents
from ledger.commands import Capture, Envelope
from ledger.errors import AppendFailed
from ledger.ids import derive_account
from ledger.journal import Image, Mark
from ledger.money import Money
from tests.simulation.shorten import numbers_of, shorten, spans
from tests.simulation.simulation import simulate
from tests.simulation.tally import SEEDS_OF_ALL, Tally
from tests.simulation.words import words

# `make simulate` runs as many as you like; here as many as fit.
SECONDS = 20
SEEDS_MAX = 200


@pytest.mark.slow
def test_fresh_seeds_break_nothing() -> None:
    first = randbelow(2**31)
    tally = Tally()
    until_s = time.monotonic() + SECONDS
    for count in range(SEEDS_MAX):
        outcome = simulate(first + count)
        assert not outcome.failure, (
            f"python -m tests.simulation --seeds 1 --from {first + count}\n{outcome.failure}"
        )
        tally.add(outcome.tally)
        if time.monotonic() > until_s:
            break
    assert count + 1 < SEEDS_OF_ALL or not tally.never()


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
        return images, mark and Mark(self.last_seq, mark.inbox, mark.incarnation)

    monkeypatch.setattr(Residents, "next_images", rash)

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
