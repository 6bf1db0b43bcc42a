import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.money import Money
from terminals.attempt import (
    Attempt,
    AttemptDamaged,
    AttemptFolder,
    FollowUp,
    Origin,
    Outcome,
    Result,
    Sale,
    StateInUse,
)

CODE = "hQVDUFYwMW-secret"
SALE = Sale(Money(24_000, "QAR"), "A-17", "DOH-L1", "till_b12", CODE)


def attempt(key: str, at_ms: int = 1, request: Sale | FollowUp = SALE) -> Attempt:
    origin = Origin("https://gateway.example", "prn_till")
    return Attempt(key=key, origin=origin, at_ms=at_ms, request=request)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "till"


@pytest.fixture
def folder(path: Path) -> Iterator[AttemptFolder]:
    folder = AttemptFolder(path)
    yield folder
    folder.close()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_owed_oldest_first(folder: AttemptFolder) -> None:
    refund = FollowUp("refund", "pay_a", Money(500, "QAR"))
    attempts = [attempt("b", 1), attempt("c", 1, refund), attempt("a", 2)]
    for each in reversed(attempts):
        folder.write(each)

    assert folder.owed() == attempts


def test_a_new_start_finds_what_is_owed(path: Path) -> None:
    for _ in range(2):
        folder = AttemptFolder(path)
        folder.write(attempt("a"))
        assert folder.owed() == [attempt("a")]
        folder.close()


def test_what_is_removed_is_owed_no_more(folder: AttemptFolder, path: Path) -> None:
    folder.write(attempt("a"))
    folder.remove("a")
    folder.remove("a")

    assert not folder.owed()
    assert [file.name for file in path.iterdir()] == ["lock"]


def test_what_is_for_a_person_is_kept_and_not_owed(
    folder: AttemptFolder, path: Path
) -> None:
    folder.write(attempt("a"))
    folder.give_to_a_person("a")

    assert not folder.owed()
    assert list(folder.for_a_person()) == [path / "a.for-a-person"]


def test_only_the_owner_can_read_a_code(folder: AttemptFolder, path: Path) -> None:
    before = os.umask(0)
    try:
        folder.write(attempt("a"))
    finally:
        os.umask(before)

    assert mode_of(path) == 0o700
    assert mode_of(path / "a.json") == 0o600


def test_the_end_of_an_attempt_erases_its_code(folder: AttemptFolder, path: Path) -> None:
    folder.write(attempt("a"))
    folder.write(attempt("a").ended(Result(Outcome.PAID, "Approved.")))

    assert CODE not in (path / "a.json").read_text()
    [ended] = folder.owed()
    assert ended.result == Result(Outcome.PAID, "Approved.")


def test_a_code_is_never_printed() -> None:
    assert CODE not in repr(attempt("a"))
    assert CODE not in f"{SALE}"


def test_a_file_that_was_never_finished_is_swept_away(path: Path) -> None:
    """It was never sent: a request goes out after its attempt has its name."""
    path.mkdir(parents=True)
    (path / "a.new").write_text(CODE)
    folder = AttemptFolder(path)

    assert not folder.owed()
    assert [file.name for file in path.iterdir()] == ["lock"]
    folder.close()


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"key":"a"}'])
def test_a_damaged_attempt_stops_the_till_and_names_the_file(
    content: bytes, folder: AttemptFolder, path: Path
) -> None:
    (path / "a.json").write_bytes(content)

    with pytest.raises(AttemptDamaged, match=r"a\.json is damaged"):
        folder.owed()


def test_one_till_per_folder(folder: AttemptFolder, path: Path) -> None:
    with pytest.raises(StateInUse, match="another till"):
        AttemptFolder(path)
    folder.close()
    AttemptFolder(path).close()
