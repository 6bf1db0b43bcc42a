import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from ledger.money import Money
from terminals.attempt import Attempt, FollowUp, Origin, Outcome, Result, Sale
from terminals.till_journal import FILE_NAME, JournalDamaged, StateInUse, TillJournal

CODE = "hQVDUFYwMW-secret"
SALE = Sale(Money(24_000, "QAR"), "A-17", "DOH-L1", "till_b12", CODE)
ORIGIN = Origin("https://gateway.example", "prn_till")
PAID = Result(Outcome.PAID, "Approved.")
UNKNOWN = Result(Outcome.UNKNOWN, "Call the operator.")


def opened(path: Path) -> TillJournal:
    return TillJournal(path, Random(1).randbytes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "till"


@pytest.fixture
def journal(path: Path) -> Iterator[TillJournal]:
    journal = opened(path)
    yield journal
    journal.close()


def begin(journal: TillJournal, request: Sale | FollowUp = SALE) -> Attempt:
    return journal.begin(ORIGIN, 1, request)


def test_attempts_are_numbered_from_one_and_owed_in_that_order(
    journal: TillJournal,
) -> None:
    refund = FollowUp("refund", "pay_a", Money(500, "QAR"))
    attempts = [begin(journal), begin(journal, refund), begin(journal)]

    assert [attempt.seq for attempt in attempts] == [1, 2, 3]
    assert [attempt.key for attempt in attempts] == [journal.key(n) for n in (1, 2, 3)]
    assert journal.owed() == attempts
    assert list(journal.since(2)) == attempts[1:]


def test_a_new_start_goes_on_where_the_old_one_ended(path: Path) -> None:
    for number in (1, 2):
        with closing(opened(path)) as journal:
            assert begin(journal).seq == number
            assert len(journal.owed()) == number


def test_two_journals_never_use_the_same_key(tmp_path: Path) -> None:
    names = set()
    for seed in (1, 2):
        journal = TillJournal(tmp_path / str(seed), Random(seed).randbytes)
        names.add(begin(journal).key)
        journal.close()

    assert len(names) == 2


def test_what_was_shown_is_owed_no_more_and_kept(journal: TillJournal) -> None:
    ended = begin(journal).ended(PAID)
    journal.write(ended)
    assert journal.owed() == [ended]

    journal.shown(ended)

    assert not journal.owed()
    assert journal.get(1) == ended
    assert begin(journal).seq == 2


def test_what_is_for_a_person_is_kept_and_not_owed(journal: TillJournal) -> None:
    attempt = begin(journal).ended(UNKNOWN)
    journal.give_to_a_person(attempt)

    assert not journal.owed()
    assert journal.for_a_person() == [attempt]


def test_only_the_owner_can_read_a_code(path: Path) -> None:
    before = os.umask(0)
    try:
        with closing(opened(path)) as journal:
            begin(journal)
    finally:
        os.umask(before)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert {mode for name, mode in modes.items() if name != "lock"} == {0o600}


def test_the_end_of_an_attempt_erases_its_code_from_every_file(
    journal: TillJournal, path: Path
) -> None:
    attempt = begin(journal)
    assert CODE.encode() in (path / FILE_NAME).read_bytes()

    journal.write(attempt.ended(PAID))

    for file in path.iterdir():
        assert CODE.encode() not in file.read_bytes(), file.name


def test_a_code_is_never_printed(journal: TillJournal) -> None:
    assert CODE not in repr(begin(journal))
    assert CODE not in f"{SALE}"


def test_facts_are_kept(path: Path) -> None:
    with closing(opened(path)) as journal:
        assert journal.fact("settings") is None
        journal.keep_fact("settings", "1")
        journal.keep_fact("settings", "2")
    with closing(opened(path)) as journal:
        assert journal.fact("settings") == "2"


@pytest.mark.parametrize("content", [b"not a database, but long enough for one" * 100])
def test_a_file_that_is_no_journal_stops_the_till(content: bytes, path: Path) -> None:
    path.mkdir(parents=True)
    (path / FILE_NAME).write_bytes(content)

    with pytest.raises(JournalDamaged, match=r"journal\.sqlite is damaged"):
        opened(path)
    # And the folder is free again, for who mends it.
    (path / FILE_NAME).unlink()
    opened(path).close()


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM attempts WHERE seq = 1",
        "PRAGMA user_version = 9",
    ],
)
def test_a_journal_with_a_gap_or_of_another_release_is_refused(
    damage: str, path: Path
) -> None:
    with closing(opened(path)) as journal:
        begin(journal)
        begin(journal)
    with closing(sqlite3.connect(path / FILE_NAME)) as database:
        database.execute(damage)
        database.commit()

    with pytest.raises(JournalDamaged):
        opened(path)


def test_an_attempt_that_cannot_be_read_is_named_and_not_shown(path: Path) -> None:
    with closing(opened(path)) as journal:
        begin(journal)
    with closing(sqlite3.connect(path / FILE_NAME)) as database:
        database.execute("UPDATE attempts SET body = ?", (f"{CODE}{{".encode(),))
        database.commit()

    with closing(opened(path)) as journal, pytest.raises(JournalDamaged) as caught:
        journal.owed()
    assert CODE not in str(caught.value)


def test_one_till_per_folder(journal: TillJournal, path: Path) -> None:
    with pytest.raises(StateInUse, match="another till"):
        opened(path)
    journal.close()
    opened(path).close()


def test_a_disk_that_takes_nothing_is_an_error_of_the_disk(path: Path) -> None:
    with closing(opened(path)) as journal:
        journal._database.execute("PRAGMA query_only=ON")
        with pytest.raises(OSError, match="readonly"):
            begin(journal)
        journal._database.execute("PRAGMA query_only=OFF")

        assert not journal.owed()
        assert begin(journal).seq == 1
