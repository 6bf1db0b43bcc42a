from pathlib import Path

import pytest

from services.new_file import new_file


def test_the_file_appears_when_the_block_ends_and_for_its_owner_only(
    tmp_path: Path,
) -> None:
    path = tmp_path / "gate-b12"

    with new_file(path) as aside:
        aside.write_text("boarding")
        assert not path.exists()

    assert path.read_text() == "boarding"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_came_first_stays(tmp_path: Path) -> None:
    path = tmp_path / "gate-b12"

    with new_file(path) as aside:
        aside.write_text("second")
        path.write_text("first")

    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def write_half() -> None:
        with new_file(tmp_path / "gate-b12") as aside:
            aside.write_text("half of it")
            raise InterruptedError

    with pytest.raises(InterruptedError):
        write_half()

    assert list(tmp_path.iterdir()) == []
