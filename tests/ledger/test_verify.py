"""Whatever is done to a data folder, the check says what, and where."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.events import (
    PaymentDeclined,
    Purchased,
)
from ledger.finding import LISTED_MAX, NO_ENTRY, Finding, Invariant, Report
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import memory_folder
from tests.ledger import spoils_credit, spoils_settlement
from tests.ledger.forge import (
    AMIRA,
    BILAL,
    Forger,
    World,
    make_world,
    send,
)
from tests.ledger.spoils import SPOILS, Spoil, a_byte_is_flipped, an_entry_is_dropped


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    with memory_folder() as folder:
        make_world(SqliteStore(Path(folder)))
        yield Path(folder)


@pytest.fixture
def store(sound: Path) -> Iterator[SqliteStore]:
    """A copy of the small world, to be spoilt."""
    with memory_folder() as folder:
        shutil.copytree(sound, folder, dirs_exist_ok=True)
        yield SqliteStore(Path(folder))


ROWS = [(invariant, spoil) for invariant, spoils in SPOILS.items() for spoil in spoils]


def test_what_was_not_touched_is_sound(store: SqliteStore) -> None:
    report = verify(store)

    assert report.findings == ()
    assert report.sound
    assert report.at_rest
    assert report.transit == {}
    assert report.partitions == 2
    assert report.entries == sum(len(Forger(store, n).entries) for n in (0, 1))


@pytest.mark.parametrize(
    ("invariant", "spoil"), ROWS, ids=[spoil.__name__ for _, spoil in ROWS]
)
def test_what_was_broken_is_found_where_it_is(
    store: SqliteStore, invariant: Invariant, spoil: Spoil
) -> None:
    where = spoil(store)

    findings = verify(store).findings

    places = {(f.partition, f.seq) for f in findings if f.invariant is invariant}
    assert where in places, findings


def test_every_promise_can_be_broken() -> None:
    assert spoils_credit.__name__
    assert spoils_settlement.__name__  # imported, so its ways are among them
    assert set(SPOILS) == set(Invariant)


def test_one_flipped_byte_is_no_finding_for_every_entry_behind_it(
    store: SqliteStore,
) -> None:
    partition, seq = a_byte_is_flipped(store)

    findings = verify(store).findings

    assert [f.invariant for f in findings] == [Invariant.CHAIN, Invariant.IMAGE]
    assert (findings[0].partition, findings[0].seq) == (partition, seq)


def test_the_first_broken_entry_comes_first_and_all_partitions_are_checked(
    store: SqliteStore,
) -> None:
    for partition in (1, 0):
        forger = Forger(store, partition)
        for seq in (20, 12):
            forger.change(seq, at_ms=0)
        forger.write()

    places = [(f.partition, f.seq) for f in verify(store).findings]

    assert places == sorted(places)
    assert {partition for partition, _ in places} == {0, 1}
    assert places[0] == (0, 12)


def test_an_account_that_broke_is_set_aside_and_the_others_are_replayed(
    store: SqliteStore,
) -> None:
    """Two accounts of one partition: what breaks in one says nothing of the other."""
    forger = Forger(store, 1)
    forger.tell(forger.of(Purchased, BILAL), legs={"QAR": 100_001})
    late = forger.of(PaymentDeclined, BILAL)
    forger.tell(late, ordinal=99)
    forger.write()

    replay = [f for f in verify(store).findings if f.invariant is Invariant.REPLAY]

    assert [f.seq for f in replay] == [forger.of(Purchased, BILAL)]


def test_findings_are_bounded_and_the_rest_is_counted(store: SqliteStore) -> None:
    forger = Forger(store, 0)
    for _ in range(LISTED_MAX + 40):
        forger.change(forger.add(AMIRA, forger.entry(2).event), previous=0, at_ms=0)
    forger.write()

    report = verify(store)

    assert len([f for f in report.findings if f.partition == 0]) == LISTED_MAX
    assert report.unlisted > 40


def test_a_tail_that_is_cut_off_clean_is_not_seen(store: SqliteStore) -> None:
    """Nothing in a journal says how long it should be: that takes a checkpoint kept elsewhere."""
    forger = Forger(store, 0)
    del forger.entries[-2:]
    forger.write()

    assert verify(store).sound


def test_what_is_under_way_is_counted_and_is_no_finding(store: SqliteStore) -> None:
    async def send_only() -> None:
        world = World(store)
        await send(world, AMIRA, BILAL, 1_200)
        await send(world, AMIRA, BILAL, 34)
        await world.close()

    asyncio.run(send_only())

    report = verify(store)

    assert report.sound
    assert not report.at_rest
    assert report.transit == {"QAR": 1_234}
    assert (report.undelivered, report.promised) == (2, 2)


def test_a_folder_in_use_is_sound_although_it_moves_on_between_two_partitions(
    store: SqliteStore,
) -> None:
    """Partition 1 takes what partition 0 wrote after it was checked."""

    async def go_on() -> None:
        world = World(store)
        await send(world, AMIRA, BILAL, 1_200)
        await world.deliver()
        await world.close()

    calls: list[int] = []

    def progress(entries: int) -> None:
        calls.append(entries)
        if len(calls) == 1:
            asyncio.run(go_on())

    report = verify(store, progress=progress)

    assert report.findings == ()
    assert calls == sorted(calls)
    assert calls[-1] == report.entries


def test_the_check_writes_nothing(store: SqliteStore) -> None:
    before = store.path(0).read_bytes()

    verify(store)

    assert store.path(0).read_bytes() == before


def test_an_empty_folder_is_sound_and_says_that_it_is_empty(tmp_path: Path) -> None:
    report = verify(SqliteStore(tmp_path))

    assert report.sound
    assert (report.partitions, report.entries, report.accounts) == (0, 0, 0)


def test_the_verdict_is_the_first_line(store: SqliteStore) -> None:
    sound, *rest = verify_text(verify(store)).splitlines()

    assert sound.startswith("Sound: ")
    assert sound.endswith("2 partitions.")
    assert rest == ["At rest: nothing is on its way, and transit is zero."]


def test_a_broken_folder_is_told_by_partition_and_entry(store: SqliteStore) -> None:
    an_entry_is_dropped(store)

    lines = verify_text(verify(store)).splitlines()

    assert lines[0].startswith("Broken: ")
    assert lines[1] == "partition 0, entry 10: 1 entries are missing before it [sequence]"


def test_every_kind_of_finding_has_its_line() -> None:
    found = (
        Finding(-1, NO_ENTRY, Invariant.TRANSIT, "it is off"),
        Finding(2, NO_ENTRY, Invariant.READABLE, "it is gone"),
        Finding(2, 7, Invariant.CHAIN, "it is cut"),
    )
    report = Report(
        partitions=1,
        entries=1,
        accounts=1,
        findings=found,
        unlisted=1_200,
        transit={"QAR": 1_234, "AVIOS": 5},
        undelivered=2,
        promised=1,
    )

    assert verify_text(report).splitlines() == [
        "Broken: 1,203 findings in 1 entry of 1 account in 1 partition.",
        "all partitions: it is off [transit]",
        "partition 2: it is gone [readable]",
        "partition 2, entry 7: it is cut [chain]",
        "… and 1,200 more.",
        "Under way: 2 transfers (12.34 QAR, 5 AVIOS), 1 message to be taken.",
    ]
