"""Images shorten a replay and change nothing: whatever was saved, the memory is the same."""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import residents
from actors.partition import Partition
from ledger.account import Account
from ledger.apply import apply
from ledger.clock import ManualClock
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Envelope,
    Fund,
    OpenAccount,
    ReadAccount,
    Refund,
    Void,
)
from ledger.entry import unseal
from ledger.events import AccountKind
from ledger.ids import ACCOUNT_BYTES, AccountId
from ledger.images import draw_whole
from ledger.journal import Image, Journal
from ledger.money import Money
from ledger.replies import AccountReply, Refusal, RefusalKind
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import (
    OneDesk,
    account_of,
    asked,
    evidence_of,
    memory_folder,
    open_partition,
    sale,
    tip_of,
)
from tests.ledger.forge import edited

NAMES = ("amira", "bilal", "chen", "dana", "emre")
HOLD_MS = 1_000


def opened(name: str, minor: int = 100_000) -> list[Envelope]:
    account = account_of(name)
    opening = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
    source = evidence_of(f"stmt of {name}")
    funding = Fund(account=source, target=account, amount=Money(minor, "QAR"))
    return [asked(opening, f"open {name}"), asked(funding, f"fund {name}")]


def held(name: str, key: str, hold_ms: int = HOLD_MS) -> Envelope:
    command = Authorise(
        account=account_of(name),
        amount=Money(100, "QAR"),
        sale=sale("lounge", key),
        capture=CaptureMode.MANUAL,
        hold_ms=hold_ms,
    )
    return asked(command, key)


@pytest.fixture
def world(desk: OneDesk) -> OneDesk:
    for name in NAMES:
        desk.ask_all(opened(name))
    desk.deliver()
    return desk


def replayed(journal: Journal) -> dict[AccountId, Image]:
    """The accounts as a replay from the first entry leaves them."""
    accounts: dict[AccountId, Account] = {}
    for sealed in journal.read(0, 100_000):
        entry = unseal(sealed.body)
        if entry.account:
            accounts[entry.account] = apply(accounts.get(entry.account), entry)
    return {
        image.account: image
        for account in accounts.values()
        for image in draw_whole(account)
    }


def remembered(partition: Partition, ids: Iterable[AccountId]) -> dict[AccountId, Image]:
    """ids: of images; a chapter's is its account's too."""
    found: dict[AccountId, Image] = {}
    for account_id in {AccountId(name[:ACCOUNT_BYTES]) for name in ids}:
        account = partition.residents.get(account_id)
        assert account is not None
        found |= {image.account: image for image in draw_whole(account)}
    return found


def ticked(partition: Partition) -> None:
    while partition.tick():
        pass


@contextmanager
def one_desk() -> Iterator[tuple[OneDesk, ManualClock]]:
    with memory_folder() as folder:
        clock = ManualClock()
        with closing(OneDesk(SqliteStore(Path(folder)), clock)) as desk:
            yield desk, clock


# A life: what somebody does, or what the partition does when nobody waits.
steps = st.lists(
    st.tuples(
        st.sampled_from(
            ["hold", "hold", "capture", "void", "refund", "wait", "tick", "crash"]
        ),
        st.sampled_from(NAMES),
        st.integers(1, 4),
    ),
    max_size=40,
)


@given(steps, st.sampled_from([1, 2, 5, 64]))
@settings(max_examples=60)
def test_a_tail_after_images_replays_to_the_same_bytes_as_everything_from_the_start(
    life: list[tuple[str, str, int]], chapter_items: int
) -> None:
    with pytest.MonkeyPatch.context() as patch, one_desk() as (desk, clock):
        patch.setattr("ledger.account.CHAPTER_ITEMS", chapter_items)
        for name in NAMES:
            desk.ask_all(opened(name))
        desk.deliver()
        for number, (what, name, ordinal) in enumerate(life):
            _live(desk, clock, what, (name, ordinal, f"key {number}"))
        whole = replayed(desk._journal)
        desk.restart()

        assert remembered(desk.partition, whole) == whole


def _live(desk: OneDesk, clock: ManualClock, what: str, whom: tuple[str, int, str]) -> None:
    name, ordinal, key = whom
    account = account_of(name)
    match what:
        case "hold":
            desk.ask(held(name, key))
        case "capture":
            part = Capture(
                account=account, ordinal=ordinal, amount=Money(30, "QAR"), final=False
            )
            desk.ask(asked(part, key))
        case "void":
            desk.ask(asked(Void(account=account, ordinal=ordinal), key))
        case "refund":
            desk.ask(asked(Refund(account=account, ordinal=ordinal), key))
        case "wait":
            clock.advance(HOLD_MS // 3)
        case "tick":
            desk.partition.tick()
        case _:
            desk.restart()


def test_a_start_after_images_reads_only_what_came_after_the_mark(world: OneDesk) -> None:
    ticked(world.partition)
    tip = world._journal.tip()
    assert world._journal.mark().seq == tip.seq
    world.ask(held("amira", "A-1"))

    assert [sealed.seq for sealed in world._journal.read(tip.seq, 10)] == [tip.seq + 1]
    world.restart()
    assert world.partition.residents.open_holds == 1


def test_under_load_images_are_saved_so_that_the_tail_stays_short(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody ticks: each commit saves the oldest accounts once they are far enough behind."""
    monkeypatch.setattr(residents, "TAIL_MAX", 20)
    for number in range(60):
        world.ask(held(NAMES[number % 5], f"A-{number}"))

    behind = world._journal.tip().seq - world._journal.mark().seq
    assert behind <= 20 + 2 * len(NAMES)


def test_images_keep_up_with_batches_of_ever_new_accounts(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is dirty can neither leave memory nor be left out by a replay."""
    monkeypatch.setattr(residents, "TAIL_MAX", 20)
    monkeypatch.setattr(residents, "IMAGES_PER_COMMIT", 2)
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 10)
    for number in range(0, 300, 10):
        some = range(number, number + 10)
        world.ask_all([opened(f"traveller {each}")[0] for each in some])

    behind = world._journal.tip().seq - world._journal.mark().seq
    assert behind <= 20 + 2 * 10
    assert len(world.partition.residents) <= 10 + 20 + 2 * 10


def test_images_are_saved_a_few_at_a_time(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a tick says that there are more: whoever ticks does not wait for the next moment."""
    monkeypatch.setattr(residents, "IMAGES_PER_COMMIT", 2)

    assert world.partition.tick()
    assert len(world._journal.images(100, b"")) == 2
    assert world.partition.tick()
    assert len(world._journal.images(100, b"")) == 4
    while world.partition.tick():
        pass
    assert not world.partition.residents.next_images(idle=True, entries=0)[0]


def test_the_mark_never_passes_an_account_without_its_image(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch, store: SqliteStore
) -> None:
    monkeypatch.setattr(residents, "IMAGES_PER_COMMIT", 1)
    for number in range(20):
        world.ask(held(NAMES[number % 5], f"A-{number}"))
        world.partition.tick()
        assert not verify(store).findings


def test_idle_accounts_leave_and_come_back_as_they_were(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 2)
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    ticked(world.partition)
    world.ask(held("amira", "A-2"))

    assert len(world.partition.residents) <= 3
    for name in NAMES:
        reply = world.ask(Envelope(ReadAccount(account=account_of(name))))
        assert isinstance(reply, AccountReply)
        assert reply.pots["QAR"].held_minor == (200 if name == "amira" else 100)


def test_long_histories_leave_as_many_accounts_do(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded by what is in it, not by whose it is."""
    for number in range(40):
        world.ask(held(NAMES[number % 5], f"A-{number}"))
    ticked(world.partition)
    items = world.partition.residents.items
    assert items > 80
    assert items == sum(each.items for each in world.partition.residents._accounts.values())
    monkeypatch.setattr(residents, "RECENT_MIN", 1)
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", items // 3)

    for _ in range(2):
        for name in NAMES:
            world.ask(Envelope(ReadAccount(account=account_of(name))))
            assert world.partition.residents.items <= items // 3

    whole = replayed(world._journal)
    assert remembered(world.partition, whole) == whole


def test_what_is_dirty_is_saved_at_once_when_it_fills_the_memory(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", 20)

    for number in range(100):  # nobody ticks, and the tail may be long
        world.ask(held(NAMES[number % 5], f"A-{number}"))

    assert world.partition.residents.items <= 3 * 20


def test_the_accounts_of_the_latest_batches_stay_however_old_they_are(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        world.ask(held("amira", f"A-{number}"))
    ticked(world.partition)
    monkeypatch.setattr(residents, "RECENT_MIN", 2)
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", 1)

    for name in ("amira", "bilal"):
        world.ask(Envelope(ReadAccount(account=account_of(name))))

    assert list(world.partition.residents._accounts) == [
        account_of("amira"),
        account_of("bilal"),
    ]


def test_a_few_accounts_with_long_histories_draw_no_image_for_each_payment(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """None of them can leave, so there is no room to be made."""
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", 1)

    for number in range(20):
        world.ask(held(NAMES[number % 5], f"A-{number}"))

    assert world._journal.images(100, b"") == []


def test_a_few_accounts_stay_whatever_stands_in_them(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a partition with a few old accounts would load them for each batch anew."""
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", 0)
    before = len(world.partition.residents)

    ticked(world.partition)
    world.ask(held("amira", "A-1"))

    assert len(world.partition.residents) == before


def test_the_latest_stay_also_where_the_others_cannot_leave(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Amira's account has no image yet; Bilal's is clean, and was read just now."""
    ticked(world.partition)
    monkeypatch.setattr(residents, "RESIDENT_ITEMS_MAX", 1)
    monkeypatch.setattr(residents, "RECENT_MIN", 1)
    monkeypatch.setattr(residents, "CROWDED_PERCENT", 10_000)
    world.ask(held("amira", "A-1"))

    world.ask(Envelope(ReadAccount(account=account_of("bilal"))))

    stay = [account_of("amira"), account_of("bilal")]
    assert list(world.partition.residents._accounts) == stay


def test_an_account_without_an_image_does_not_leave(
    world: OneDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 4)
    monkeypatch.setattr(residents, "CROWDED_PERCENT", 1_000)
    before = len(world.partition.residents)

    world.ask(held("amira", "A-1"))

    assert len(world.partition.residents) == before


def test_a_replay_of_everything_keeps_no_more_accounts_than_a_partition_may(
    world: OneDesk, store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an upgrade or a restore no image can be used, and there may be millions of accounts."""
    for number in range(30):
        world.ask_all(opened(f"traveller {number}"))
        world.ask(held(NAMES[number % 5], f"hold {number}"))
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 8)
    monkeypatch.setattr(residents, "REPLAY_PAGE", 10)

    world.restart()

    assert len(world.partition.residents) <= 8
    with closing(store.writer(0)) as journal:
        whole = replayed(journal)
        assert remembered(world.partition, whole) == whole
        assert journal.mark().seq > 0
    assert not verify(store).findings


def test_holds_of_accounts_that_have_left_expire_all_the_same(
    world: OneDesk,
    clock: ManualClock,
    store: SqliteStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 0)
    ticked(world.partition)
    assert len(world.partition.residents) == 0
    clock.advance(HOLD_MS)
    before = tip_of(store)

    ticked(world.partition)

    assert tip_of(store).seq == before.seq + len(NAMES)


def test_holds_that_a_start_finds_only_in_images_expire_all_the_same(
    world: OneDesk, clock: ManualClock, store: SqliteStore
) -> None:
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    ticked(world.partition)
    world.restart()
    assert len(world.partition.residents) == 0
    clock.advance(HOLD_MS)
    before = tip_of(store)

    ticked(world.partition)

    assert tip_of(store).seq == before.seq + len(NAMES)


def test_holds_of_accounts_that_come_and_go_take_no_more_and_more_memory(
    world: OneDesk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 1)
    monkeypatch.setattr(residents, "STALE_DUE_MAX", 5)
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    ticked(world.partition)

    for _ in range(20):
        for name in NAMES:
            world.ask(Envelope(ReadAccount(account=account_of(name))))

    assert len(world.partition.residents._due) <= 5 + 2 * 2
    clock.advance(HOLD_MS)
    ticked(world.partition)
    for name in NAMES:
        reply = world.ask(Envelope(ReadAccount(account=account_of(name))))
        assert isinstance(reply, AccountReply)
        assert reply.pots["QAR"].held_minor == 0


def test_open_holds_are_counted_of_the_accounts_in_memory(
    world: OneDesk, clock: ManualClock
) -> None:
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    world.ask(asked(Void(account=account_of("amira"), ordinal=1), "void"))
    assert world.partition.residents.open_holds == 4
    world.restart()
    assert world.partition.residents.open_holds == 4

    ticked(world.partition)
    world.restart()
    assert world.partition.residents.open_holds == 0  # none is in memory yet
    assert world.partition.residents.items == 0
    world.ask(Envelope(ReadAccount(account=account_of("bilal"))))
    assert world.partition.residents.open_holds == 1
    [bilal] = world.partition.residents._accounts.values()
    assert world.partition.residents.items == bilal.items > 0

    clock.advance(HOLD_MS)
    ticked(world.partition)
    assert world.partition.residents.open_holds == 0


def test_many_expiries_are_written_a_bounded_number_at_a_time(
    world: OneDesk, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.partition.EXPIRIES_PER_TICK", 2)
    for name in NAMES:
        world.ask(held(name, f"A of {name}"))
    clock.advance(HOLD_MS)

    left = []
    while world.partition.residents.open_holds:
        assert world.partition.tick()
        left.append(world.partition.residents.open_holds)

    assert left == [3, 1, 0]


def test_a_damaged_image_stops_the_partition(world: OneDesk, store: SqliteStore) -> None:
    ticked(world.partition)
    with edited(store, 0) as db:
        db.execute("UPDATE images SET body = CAST(body || x'00' AS BLOB)")
    world.restart()

    assert world.ask(held("amira", "A-1")) == Refusal(RefusalKind.STOPPED)
    assert "the image of acc_" in world.partition.damage


def test_a_partition_that_starts_twice_on_images_is_still_sound(
    world: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    for number in range(3):
        world.ask(held("amira", f"A-{number}"))
        ticked(world.partition)
        world.restart()
    with closing(store.writer(0)) as journal:
        open_partition(journal, clock)

    assert not verify(store).findings
