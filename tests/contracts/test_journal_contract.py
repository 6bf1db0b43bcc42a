"""What every journal keeps, whatever it is made of (ledger/journal.py)."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from ledger.entry import GENESIS_HASH, NOBODY, Place, Sealed, build, seal
from ledger.errors import AppendFailed, Fenced, Happened, StoreUnreadable
from ledger.events import AccountOpened
from ledger.ids import AccountId
from ledger.journal import Image, Journal, Mark, Tip
from tests.books import account_of
from tests.contracts.stores import BENCHES, Bench

AMIRA, BILAL, CHEN = sorted(account_of(name) for name in ("amira", "bilal", "chen"))


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    return BENCHES[request.param](tmp_path)


@pytest.fixture
def journal(bench: Bench) -> Iterator[Journal]:
    with closing(bench.store.writer(0)) as opened:
        yield opened


def chained(count: int, tip: Tip | None = None, *, padding: int = 0) -> list[Sealed]:
    """So many entries after this tip."""
    tip = tip or Tip(0, GENESIS_HASH)
    entries: list[Sealed] = []
    for seq in range(tip.seq + 1, tip.seq + 1 + count):
        event = AccountOpened("wallet", ("x" * padding,))  # type: ignore[arg-type]
        entry = build(AMIRA, event, Place(seq, 0), NOBODY)
        entries.append(seal(entry, entries[-1].hash if entries else tip.hash))
    return entries


def image(account: AccountId, seq: int, due_ms: int = 0) -> Image:
    return Image(account, seq, due_ms, b"body %d" % seq, bytes(32))


def tip_of(entries: list[Sealed]) -> Tip:
    return Tip(entries[-1].seq, entries[-1].hash)


def test_a_new_journal_is_empty(journal: Journal) -> None:
    assert journal.tip() == Tip(0, GENESIS_HASH)
    assert journal.read(0, 10) == []
    assert journal.images(10, b"") == []
    assert journal.mark() == Mark()
    assert journal.entry(1) is None
    assert journal.image(AMIRA) is None


def test_what_is_appended_is_read_back_in_order_and_by_pages(journal: Journal) -> None:
    entries = chained(5)
    journal.append(entries[:2])
    journal.append(entries[2:])

    assert journal.tip() == tip_of(entries)
    assert journal.read(0, 100) == entries
    assert journal.read(1, 2) == entries[1:3]
    assert journal.read(5, 100) == []
    assert journal.entry(3) == entries[2]


def test_another_writer_finds_what_the_last_one_wrote(
    bench: Bench, journal: Journal
) -> None:
    entries = chained(3)
    journal.append(entries, [image(AMIRA, 3)], Mark(3, {7: 9}, 2))
    journal.close()

    with closing(bench.store.writer(0)) as again:
        assert again.read(0, 100) == entries
        assert again.image(AMIRA) == image(AMIRA, 3)
        assert again.mark() == Mark(3, {7: 9}, 2)
        again.append(chained(1, tip_of(entries)))


def test_a_gap_is_refused_and_the_journal_goes_on(journal: Journal) -> None:
    entries = chained(3)

    with pytest.raises(AssertionError, match="gap"):
        journal.append(entries[1:])
    with pytest.raises(AssertionError, match="gap"):
        journal.append([entries[0], entries[2]])

    assert journal.tip().seq == 0
    journal.append(entries)


def test_of_two_writers_the_one_that_is_behind_is_fenced(bench: Bench) -> None:
    with closing(bench.store.writer(0)) as older, closing(bench.store.writer(0)) as newer:
        entries = chained(2)
        newer.append(entries[:1])

        with pytest.raises(Fenced):
            older.append(entries[:1], [image(AMIRA, 1)], Mark(1))
        with pytest.raises(Fenced):
            older.append(entries[1:])

        assert newer.read(0, 10) == entries[:1]
        assert newer.image(AMIRA) is None
        newer.append(entries[1:])


def test_of_two_writers_at_once_exactly_one_survives(bench: Bench) -> None:
    for partition in range(10):
        with (
            closing(bench.store.writer(partition)) as one,
            closing(bench.store.writer(partition)) as other,
            ThreadPoolExecutor(2) as pool,
        ):
            outcomes = list(pool.map(_appends, [one, other]))

            assert sorted(outcomes) == [False, True]
            assert one.read(0, 10) == chained(1)


def _appends(journal: Journal) -> bool:
    try:
        journal.append(chained(1))
    except Fenced:
        return False
    return True


def test_a_stale_writer_is_told_so_before_it_denies_anything(bench: Bench) -> None:
    with closing(bench.store.writer(0)) as older:
        older.append(chained(1))
        older.require_sole_writer()
        with closing(bench.store.writer(0)) as newer:
            older.require_sole_writer()
            newer.append(chained(1, older.tip()))

            with pytest.raises(Fenced):
                older.require_sole_writer()
            newer.require_sole_writer()


def test_a_full_disk_is_said_and_nothing_happened(bench: Bench, journal: Journal) -> None:
    """All or nothing: the first entries of the batch would have found room."""
    entries = chained(2)
    journal.append(entries)
    bench.fill_disk(journal)
    wave = chained(500, tip_of(entries), padding=1_000)

    with pytest.raises(AppendFailed) as caught:
        journal.append(wave, [image(AMIRA, 3)], Mark(3))

    assert caught.value.happened is Happened.NO
    with closing(bench.store.reader(0)) as reader:
        assert reader.tip() == tip_of(entries)
        assert reader.images(10, b"") == []
        assert reader.mark() == Mark()


def test_a_disk_that_may_not_be_written_is_said_and_nothing_happened(
    bench: Bench, journal: Journal
) -> None:
    bench.forbid_writing(journal)

    with pytest.raises(AppendFailed) as caught:
        journal.append(chained(1))

    assert caught.value.happened is Happened.NO
    with closing(bench.store.reader(0)) as reader:
        assert reader.tip().seq == 0


def test_after_a_failed_append_a_new_writer_goes_on(bench: Bench, journal: Journal) -> None:
    bench.fill_disk(journal)
    with pytest.raises(AppendFailed):
        journal.append(chained(500, padding=1_000))
    journal.close()

    with closing(bench.store.writer(0)) as again:
        again.append(chained(500, padding=1_000))
        assert again.tip().seq == 500


def test_the_latest_image_of_an_account_replaces_the_older(journal: Journal) -> None:
    journal.append(chained(1), [image(AMIRA, 1), image(BILAL, 1)])
    journal.append([], [image(AMIRA, 2, 300)])

    assert journal.image(AMIRA) == image(AMIRA, 2, 300)
    assert journal.due(300, 10) == [AMIRA]
    assert journal.image(BILAL) == image(BILAL, 1)


def test_images_are_listed_by_account_and_by_pages(journal: Journal) -> None:
    saved = [image(account, 1) for account in (CHEN, AMIRA, BILAL)]
    journal.append(chained(1), saved)

    first = journal.images(2, b"")
    rest = journal.images(2, first[-1].account)

    assert [found.account for found in first + rest] == [AMIRA, BILAL, CHEN]
    assert journal.images(2, CHEN) == []


def test_images_with_a_due_hold_are_found_soonest_first(journal: Journal) -> None:
    saved = [image(AMIRA, 1, 300), image(BILAL, 1, 200), image(CHEN, 1, 0)]
    journal.append(chained(1), saved)

    assert journal.due(199, 10) == []
    assert journal.due(300, 10) == [BILAL, AMIRA]
    assert journal.due(300, 1) == [BILAL]


def test_a_reader_sees_each_commit_and_nothing_before_it(
    bench: Bench, journal: Journal
) -> None:
    entries = chained(2)
    with closing(bench.store.reader(0)) as reader:
        assert reader.tip().seq == 0
        journal.append(entries[:1])
        assert reader.read(0, 10) == entries[:1]
        journal.append(entries[1:])
        assert reader.tip() == tip_of(entries)


def test_a_reader_never_holds_up_the_writer(bench: Bench, journal: Journal) -> None:
    entries = chained(3)
    with closing(bench.store.reader(0)) as reader:
        for number, entry in enumerate(entries):
            journal.append([entry])
            assert reader.tip().seq == number + 1


def test_the_store_knows_its_partitions(bench: Bench) -> None:
    assert bench.store.partitions() == []
    for number in (11, 0, 2):
        bench.store.writer(number).close()

    assert bench.store.partitions() == [0, 2, 11]


def test_what_was_never_opened_cannot_be_read(bench: Bench) -> None:
    with pytest.raises(StoreUnreadable):
        bench.store.reader(3)
