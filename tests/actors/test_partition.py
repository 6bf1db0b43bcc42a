"""Taking over, time, deadlines, what an append that fails leaves behind, statements."""

from contextlib import closing

import msgspec
import pytest

from actors.partition import Partition
from actors.reads import ENTRIES_MAX
from ledger.clock import ManualClock
from ledger.commands import (
    Authorise,
    CaptureMode,
    Envelope,
    OpenAccount,
    ReadAccount,
    ReadEntries,
    Reverse,
)
from ledger.entry import FORMAT_VERSION, unseal
from ledger.errors import AppendFailed, Fenced, JournalDamaged, StoreTooNew
from ledger.events import AccountKind, PartitionOpened
from ledger.journal import Mark
from ledger.keys import key_digest
from ledger.money import Money
from ledger.replies import (
    AccountReply,
    EntriesReply,
    PaymentReply,
    Refusal,
    RefusalKind,
    ReverseReply,
)
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import CALLER, OneDesk, account_of, asked, open_partition, sale, tip_of
from tests.ledger.forge import Forger, edited, set_mark

AMIRA, BILAL = account_of("amira"), account_of("bilal")


def opening(name: str = "amira") -> Envelope:
    account = account_of(name)
    command = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
    return asked(command, f"open {name}")


def pay(key: str, minor: int = 1) -> Envelope:
    command = Authorise(
        account=AMIRA,
        amount=Money(minor, "QAR"),
        sale=sale("lounge", key),
        capture=CaptureMode.AUTOMATIC,
        hold_ms=0,
    )
    return asked(command, key)


def test_the_first_act_of_an_incarnation_is_an_entry_with_its_number(
    desk: OneDesk, store: SqliteStore
) -> None:
    desk.restart()
    desk.restart()

    events = [entry.event for entry in Forger(store, 0).entries]
    assert [e.number for e in events if isinstance(e, PartitionOpened)] == [1, 2, 3]


def test_an_older_incarnation_is_fenced_and_can_deny_nothing(
    desk: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    with closing(store.writer(0)) as journal:
        open_partition(journal, clock)

        with pytest.raises(Fenced):
            desk.ask(Envelope(ReadAccount(account=AMIRA)))
        with pytest.raises(Fenced):
            desk.ask(opening())
        with pytest.raises(Fenced):
            desk.ask(pay("A-1"))


def test_an_incarnation_that_another_one_overtakes_while_it_opens_is_fenced(
    desk: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    with closing(store.writer(0)) as journal:
        late = Partition(0, owns=lambda _account: True, journal=journal, clock=clock)
        desk.ask(opening())

        with pytest.raises(Fenced):
            late.open(b"late")


def test_an_older_incarnation_that_writes_during_the_check_of_the_tail_is_no_damage(
    desk: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    with closing(store.writer(0)) as journal:
        late = Partition(0, owns=lambda _account: True, journal=journal, clock=clock)
        tip = journal.tip()
        desk.ask(opening())

        with pytest.raises(Fenced):
            late._check_tail(tip)


def test_a_damaged_tail_is_not_started_on(desk: OneDesk, store: SqliteStore) -> None:
    desk.ask(opening())
    with edited(store, 0) as db:
        db.execute("UPDATE entries SET body = CAST(body || x'00' AS BLOB) WHERE seq = 2")

    with pytest.raises(JournalDamaged, match="entry 2"):
        desk.restart()


def test_a_tail_with_a_gap_is_not_started_on(desk: OneDesk, store: SqliteStore) -> None:
    desk.ask(opening())
    desk.ask(pay("A-1"))
    with edited(store, 0) as db:
        db.execute("DELETE FROM entries WHERE seq = 2")

    with pytest.raises(JournalDamaged, match="entry 3"):
        desk.restart()


def test_a_mark_beyond_the_end_is_not_started_on(desk: OneDesk, store: SqliteStore) -> None:
    desk.ask(opening())
    desk.partition.tick()
    set_mark(store, 0, seq=99)

    with pytest.raises(JournalDamaged, match="the mark"):
        desk.restart()


def test_what_a_newer_release_wrote_is_not_started_on(
    desk: OneDesk, store: SqliteStore
) -> None:
    forger = Forger(store, 0)
    forger.tell(1, format_version=FORMAT_VERSION + 1)
    forger.write()

    with pytest.raises(StoreTooNew, match=f"format {FORMAT_VERSION + 1}"):
        desk.restart()


def test_time_never_runs_backwards_not_even_through_a_restart(
    desk: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    desk.ask(opening())
    clock.advance(-60_000)
    desk.ask(pay("A-1"))
    desk.restart()
    desk.ask(pay("A-2"))

    times = [entry.at_ms for entry in Forger(store, 0).entries]
    assert times == sorted(times)
    assert not verify(store).findings


def test_a_missed_deadline_is_not_started_and_not_remembered(
    desk: OneDesk, clock: ManualClock, store: SqliteStore
) -> None:
    late = asked(opening().command, "open", deadline_ms=clock.now_ms())
    tip = tip_of(store)
    clock.advance(1)

    assert desk.ask(late) == Refusal(RefusalKind.DEADLINE_PASSED)
    assert tip_of(store) == tip
    clock.advance(-1)
    assert isinstance(desk.ask(late), AccountReply)


def test_a_partition_refuses_what_it_does_not_own(
    store: SqliteStore, clock: ManualClock
) -> None:
    with closing(store.writer(3)) as journal:
        partition = Partition(3, owns=lambda a: a != BILAL, journal=journal, clock=clock)
        partition.open(b"token")

        mine, theirs = partition.handle([opening("amira"), opening("bilal")])

        assert isinstance(mine, AccountReply)
        assert theirs == Refusal(RefusalKind.NOT_OWNED)


def test_a_batch_is_one_commit(desk: OneDesk, store: SqliteStore) -> None:
    version = "PRAGMA data_version"
    with closing(store.reader(0)) as reader:
        before = reader._db.execute(version).fetchone()
        desk.ask_all([opening("amira"), opening("bilal"), pay("A-1"), pay("A-2")])
        after = reader._db.execute(version).fetchone()

        assert reader.tip().seq == 5
        assert after[0] == before[0] + 1


def test_the_same_key_twice_in_one_batch_is_one_answer(desk: OneDesk) -> None:
    desk.ask(opening())

    first, second = desk.ask_all([pay("A-1"), pay("A-1")])

    assert isinstance(first, PaymentReply)
    assert isinstance(second, PaymentReply)
    assert (first.seq, first.replayed) == (second.seq, False)
    assert second.replayed


def test_nothing_is_answered_when_the_append_fails(
    desk: OneDesk, store: SqliteStore
) -> None:
    desk.ask(opening())
    tip = tip_of(store)
    desk._journal._db.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]

    with pytest.raises(AppendFailed):
        desk.ask_all([pay("A-1"), Envelope(ReadAccount(account=AMIRA))])

    assert tip_of(store) == tip
    desk.restart()
    retry = desk.ask(pay("A-1"))
    assert isinstance(retry, PaymentReply)
    assert not retry.replayed


def statement(desk: OneDesk, before: int = 0, limit: int = 50) -> EntriesReply:
    command = ReadEntries(account=AMIRA, before=before, limit=limit)
    reply = desk.ask(Envelope(command))
    assert isinstance(reply, EntriesReply)
    return reply


def seqs(reply: EntriesReply) -> list[int]:
    return [unseal(body).seq for body in reply.bodies]


def test_a_statement_shows_an_account_newest_first_and_by_pages(desk: OneDesk) -> None:
    desk.ask(opening("amira"))
    for number in range(4):
        desk.ask(pay(f"A-{number}"))
        desk.ask(opening(f"stranger {number}"))

    first = statement(desk, limit=3)
    rest = statement(desk, before=first.next, limit=3)

    assert seqs(first) == [9, 7, 5]
    assert seqs(rest) == [3, 2]
    assert rest.next == 0


def test_a_statement_has_the_entries_of_its_own_batch(desk: OneDesk) -> None:
    """They are durable by the time that it is answered."""
    read = Envelope(ReadEntries(account=AMIRA, before=0, limit=50))

    *_, reply = desk.ask_all([opening("amira"), pay("A-1"), read])

    assert isinstance(reply, EntriesReply)
    assert seqs(reply) == [3, 2]


@pytest.mark.parametrize("before", [1, 3, 99])
def test_a_cursor_of_another_account_or_of_nobody_shows_nothing(
    desk: OneDesk, before: int
) -> None:
    desk.ask(opening("amira"))
    desk.ask(opening("bilal"))

    assert statement(desk, before=before) == EntriesReply((), 0)


def test_a_page_of_a_statement_is_bounded(desk: OneDesk) -> None:
    desk.ask_all([opening(), *[pay(f"A-{number}") for number in range(ENTRIES_MAX)]])

    assert len(statement(desk, limit=10_000).bodies) == ENTRIES_MAX


def test_a_mark_is_written_with_the_images_that_it_stands_for(desk: OneDesk) -> None:
    desk.ask(opening())
    assert desk._journal.mark() == Mark()

    desk.partition.tick()

    mark = desk._journal.mark()
    assert (mark.seq, mark.incarnation) == (desk._journal.tip().seq, 1)


def test_a_reversal_that_found_nothing_to_undo_says_the_same_again_later(
    desk: OneDesk,
) -> None:
    """To the byte: its payment has ended, and what the account has done since does not matter."""
    desk.ask(opening())
    desk.ask(pay("A-1"))  # declined: the wallet is empty
    reversal = asked(Reverse(account=AMIRA, original=key_digest(CALLER, "A-1")), "reverse")
    first = desk.ask(reversal)
    desk.ask(pay("A-2"))

    again = desk.ask(reversal)

    assert isinstance(first, ReverseReply)
    assert again == msgspec.structs.replace(first, replayed=True)
