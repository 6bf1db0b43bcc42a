"""Any one bit of a journal's files is flipped: it is found and named, or it means nothing.

Here one byte in so many, by a fixed seed; `make flips` does every byte.
"""

import os
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ledger.errors import JournalDamaged
from ledger.sqlite_log import LogDamage, damage_of_log, in_use, log_of
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import memory_folder
from tests.ledger.flips import PAGE_BYTES, Flip, Specimen, Verdict

EVERY = 509
HEADER_BYTES, FRAME_BYTES = 32, 24 + PAGE_BYTES


@pytest.fixture(scope="module", params=[True, False], ids=["folded", "in the log"])
def specimen(request: pytest.FixtureRequest) -> Iterator[Specimen]:
    with memory_folder() as folder:
        yield Specimen(Path(folder), fold=request.param)


@pytest.fixture
def store(specimen: Specimen) -> Iterator[SqliteStore]:
    with specimen.copy() as store:
        yield store


@pytest.mark.slow
def test_every_flipped_bit_is_found_or_means_nothing(specimen: Specimen) -> None:
    verdicts = {flip: specimen.judge(flip) for flip in specimen.drawn(6962, EVERY)}

    assert [flip for flip, v in verdicts.items() if v is Verdict.MISSED] == []
    counts = Counter((flip.file[-4:], verdict) for flip, verdict in verdicts.items())
    assert counts["-wal", Verdict.MEANINGLESS] == 0
    assert counts["-wal", Verdict.FILE] > 30


def test_a_bit_of_an_entry_names_the_entry(specimen: Specimen) -> None:
    """Of the file, for in the log a flipped bit hides the entry itself."""
    with specimen.copy() as store:
        content = store.path(0).read_bytes()
        with closing(store.reader(0)) as reader:
            bodies = {sealed.seq: sealed.body for sealed in reader.read(0, 1_000)}
    found = {content.find(body): seq for seq, body in bodies.items() if body in content}
    for place, seq in found.items():
        with specimen.copy() as store:
            Flip(store.path(0).name, place + 20, 3).of(store.path(0).parent)

            assert seq in {finding.seq for finding in verify(store).findings}


def frames_of(store: SqliteStore) -> int:
    return (log_of(store.path(0)).stat().st_size - HEADER_BYTES) // FRAME_BYTES


def spoil(store: SqliteStore, place: int, content: bytes) -> None:
    with log_of(store.path(0)).open("r+b") as file:
        file.seek(place)
        file.write(content)


def frame_at(number: int) -> int:
    return HEADER_BYTES + (number - 1) * FRAME_BYTES


def test_a_whole_log_is_whole(store: SqliteStore) -> None:
    assert frames_of(store) > 10
    assert damage_of_log(store.path(0)) is None


def test_a_commit_cut_short_by_a_crash_is_no_certain_damage(store: SqliteStore) -> None:
    """Half of the last page did not reach the disk. The check says so; a start goes on."""
    last = frames_of(store)
    spoil(store, frame_at(last) + FRAME_BYTES // 2, bytes(FRAME_BYTES // 2))

    assert damage_of_log(store.path(0)) == LogDamage(last, certain=False)
    assert "in a commit that is not whole" in verify(store).findings[0].sentence
    store.writer(0).close()
    assert verify(store).sound


def test_a_log_that_was_cut_short_ends_where_it_ends(store: SqliteStore) -> None:
    log = log_of(store.path(0))
    os.truncate(log, log.stat().st_size - 10)

    assert damage_of_log(store.path(0)) is None


def test_damage_with_commits_behind_it_is_certain(store: SqliteStore) -> None:
    spoil(store, frame_at(2) + 100, b"\xa5" * 200)

    assert damage_of_log(store.path(0)) == LogDamage(2, certain=True)


def test_frames_of_an_earlier_generation_mean_nothing(store: SqliteStore) -> None:
    """As after a checkpoint that left the log as long as it was: other salts, both of them."""
    last = frames_of(store)
    spoil(store, frame_at(last) + 8, struct.pack(">2I", 1, 2))

    assert damage_of_log(store.path(0)) is None


@pytest.mark.parametrize("place", [0, 5, 9, 13, 17, 21, 25, 31])
def test_a_bit_of_the_logs_header_is_certain_damage(store: SqliteStore, place: int) -> None:
    """SQLite would take the whole log for one that was never written."""
    Flip(log_of(store.path(0)).name, place, 2).of(store.path(0).parent)

    assert damage_of_log(store.path(0)) == LogDamage(0, certain=True)


def test_a_header_that_was_never_finished_hides_nothing(store: SqliteStore) -> None:
    """Nothing of its generation follows, so nothing of it was ever committed."""
    spoil(store, 0, bytes(HEADER_BYTES))

    assert damage_of_log(store.path(0)) is None


def last_commit(store: SqliteStore) -> int:
    """Where its first frame begins."""
    raw = log_of(store.path(0)).read_bytes()
    ends = [
        number
        for number in range(1, frames_of(store))
        if any(raw[frame_at(number) + 4 : frame_at(number) + 8])
    ]
    return frame_at(ends[-1] + 1)


def test_a_start_is_refused_on_a_log_with_one_flipped_bit_before_its_last_commit(
    specimen: Specimen,
) -> None:
    with specimen.copy() as store:
        end = last_commit(store)
    for place in [*range(0, end, end // 20), end - FRAME_BYTES + 3, end - 1]:
        with specimen.copy() as store:
            Flip(log_of(store.path(0)).name, place, 5).of(store.path(0).parent)

            with pytest.raises(JournalDamaged, match="restore a backup"):
                store.writer(0)


def test_a_flipped_bit_in_the_last_commit_is_said_but_may_be_a_power_cut(
    specimen: Specimen,
) -> None:
    """A sector that never came to the disk may differ by one bit from what stood there before:
    in a simulated power cut it did, and a start that refuses there would refuse for nothing.
    """
    with specimen.copy() as store:
        begin, size = last_commit(store), log_of(store.path(0)).stat().st_size
    for place in [begin + 20, begin + 24 + 7, size - 1]:
        with specimen.copy() as store:
            Flip(log_of(store.path(0)).name, place, 5).of(store.path(0).parent)

            damage = damage_of_log(store.path(0))
            assert damage is not None
            assert not damage.certain
            assert "not whole" in store.damage(0)[0]
            store.writer(0).close()


def test_a_journal_without_a_log_has_none_to_check(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path)

    assert damage_of_log(store.path(0)) is None
    assert not in_use(store.path(0))


def test_another_process_that_has_it_open_is_seen(store: SqliteStore) -> None:
    with closing(store.writer(0)):
        command = (
            "import sys; from pathlib import Path; from ledger.sqlite_log import in_use;"
            "sys.exit(in_use(Path(sys.argv[1])))"
        )
        asked = [sys.executable, "-c", command, str(store.path(0))]
        assert subprocess.run(asked, check=False, timeout=60).returncode == 1
    assert subprocess.run(asked, check=False, timeout=60).returncode == 0
