"""Damage that no start and no payment meets is met by the walk, and stops the partition."""

from pathlib import Path

import pytest

from actors.desk import Desk
from actors.frame import Commands, Heartbeat, decode_replies, decode_statistics
from actors.scrub import ATTEMPTS_MAX, ENTRIES_PER_STEP, IMAGES_PER_STEP, Scrub
from ledger.clock import ManualClock
from ledger.commands import ReadAccount
from ledger.entry import Sealed
from ledger.errors import JournalDamaged, StoreUnreachable, StoreUnreadable
from ledger.journal import Image
from ledger.replies import Refusal, RefusalKind
from ledger.sqlite_store import SqliteStore
from tests.actors.test_partition import opening, pay
from tests.books import OneDesk, account_of, asked, tip_of
from tests.ledger.forge import edited

AMIRA = account_of("amira")
STOPPED = [Refusal(RefusalKind.STOPPED)]


@pytest.fixture
def store(tmp_path: Path) -> SqliteStore:
    return SqliteStore(tmp_path)


def old_books(store: SqliteStore, clock: ManualClock) -> OneDesk:
    """All of it is in images, so a start reads none of its entries."""
    desk = OneDesk(store, clock)
    desk.ask_all([opening(), *(pay(f"pay {number}") for number in range(200))])
    while desk.partition.tick():
        pass
    return desk


def spoil(store: SqliteStore, statement: str) -> None:
    with edited(store, 0) as db:
        assert db.execute(statement).rowcount == 1


def tick_until_stopped(desk: OneDesk) -> None:
    for _ in range(100):
        more = desk.partition.tick()
        assert not (more and desk.partition.damage)


def test_a_sound_journal_is_walked_round_and_round(store: SqliteStore) -> None:
    desk = old_books(store, ManualClock())
    walk = Scrub(0, desk.partition._journal)
    steps = -(-tip_of(store).seq // ENTRIES_PER_STEP) + 1 + 1  # entries, one image, the end

    for _ in range(3 * steps):
        walk.step()

    assert walk.rounds == 3
    tick_until_stopped(desk)
    assert desk.partition.damage == ""


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE entries SET body = x'c1' WHERE seq = 70", "entry 70 is damaged"),
        ("UPDATE entries SET hash = x'00' WHERE seq = 3", "entry 3 is damaged"),
        ("DELETE FROM entries WHERE seq = 130", "entry 130 is damaged"),
        (
            "UPDATE images SET body = x'02c1' WHERE length(account) = 15",
            "the image of acc_",
        ),
    ],
)
def test_what_is_damaged_elsewhere_stops_the_partition_and_says_what_to_do(
    store: SqliteStore, statement: str, what: str
) -> None:
    """Elsewhere: the partition started on it, and pays."""
    clock = ManualClock()
    old_books(store, clock).close()
    spoil(store, statement)
    desk = OneDesk(store, clock)
    assert not desk.partition.damage

    tick_until_stopped(desk)

    assert desk.partition.damage.startswith(f"partition 0: {what}")
    assert "restore a backup by `airside ledger restore`" in desk.partition.damage


def test_a_partition_that_stopped_answers_nobody_and_writes_nothing(
    store: SqliteStore,
) -> None:
    clock = ManualClock()
    old_books(store, clock).close()
    spoil(store, "UPDATE entries SET body = x'c1' WHERE seq = 70")
    desk = OneDesk(store, clock)
    tick_until_stopped(desk)
    tip = tip_of(store)

    assert desk.ask_all([pay("one more")]) == STOPPED
    assert desk.ask_all([asked(ReadAccount(account=AMIRA), "")]) == STOPPED
    assert not desk.partition.tick()
    assert tip_of(store) == tip


def test_its_heartbeat_says_why(store: SqliteStore) -> None:
    clock = ManualClock()
    old_books(store, clock).close()
    spoil(store, "UPDATE entries SET body = x'c1' WHERE seq = 70")
    counter = Desk(OneDesk(store, clock).partition)
    for _ in range(100):
        counter.tick()

    beat, answer = counter.serve([Heartbeat(), Commands([pay("one more")])])

    statistics = decode_statistics(beat)
    assert "entry 70 is damaged" in statistics.damage
    assert statistics.stopped == 1
    assert decode_replies(answer) == STOPPED


def test_a_payment_that_meets_a_damaged_image_stops_it_and_leaves_nothing_behind(
    store: SqliteStore,
) -> None:
    clock = ManualClock()
    old_books(store, clock).close()
    spoil(store, "UPDATE images SET body = x'02c1' WHERE length(account) = 15")
    desk = OneDesk(store, clock)
    tip = tip_of(store)

    assert desk.ask_all([opening("bilal"), pay("one more")]) == STOPPED * 2
    assert "the image of acc_" in desk.partition.damage
    assert tip_of(store) == tip


def test_a_walk_is_bounded(store: SqliteStore) -> None:
    class Counted:
        def read(self, _after: int, limit: int) -> list[Sealed]:
            assert limit == ENTRIES_PER_STEP
            return []

        def images(self, limit: int, _after: bytes) -> list[Image]:
            assert limit == IMAGES_PER_STEP
            return []

    walk = Scrub(0, Counted())  # type: ignore[arg-type]
    walk.step()

    assert walk.rounds == 1


def test_a_disk_that_fails_once_stops_nothing_and_one_that_goes_on_failing_does() -> None:
    class Failing:
        error: Exception = StoreUnreadable("partition-0000.sqlite", "disk I/O error")

        def read(self, _after: int, _limit: int) -> list[Sealed]:
            raise self.error

    journal = Failing()
    walk = Scrub(0, journal)  # type: ignore[arg-type]
    for _ in range(ATTEMPTS_MAX - 1):
        walk.step()

    with pytest.raises(JournalDamaged, match=r"cannot be read after entry 0 .*I/O error"):
        walk.step()

    journal.error = StoreUnreachable("db.example", "it restarts")
    walk = Scrub(0, journal)  # type: ignore[arg-type]
    for _ in range(10 * ATTEMPTS_MAX):
        walk.step()
