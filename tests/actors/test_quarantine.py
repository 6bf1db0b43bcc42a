"""A promise that is broken in one account stops that account, and nothing else.

No command can break one (the machine of tests/ledger looks for one that does), so these tests
reach into memory and spoil it.
"""

import sqlite3
from contextlib import closing

import msgspec
import pytest

from actors import residents
from actors.partition import Partition
from ledger.account import Account
from ledger.clock import DAY_MS, ManualClock
from ledger.commands import (
    Authorise,
    CaptureMode,
    Deliver,
    Envelope,
    Fund,
    OpenAccount,
    ReadAccount,
    ReadTransfer,
    RecordDelivered,
    SendTransfer,
)
from ledger.decline import DeclineReason
from ledger.errors import Fenced, Happened
from ledger.events import AccountKind, Origin
from ledger.ids import AccountId, Ref
from ledger.journal import Image
from ledger.money import Money
from ledger.replies import (
    AccountReply,
    Noted,
    PaymentReply,
    Refusal,
    RefusalKind,
    TransferReply,
)
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.books import (
    OneDesk,
    account_of,
    asked,
    evidence_of,
    open_partition,
    sale,
    tip_of,
)
from tests.simulation.old_images import outdated

AMIRA, BILAL = account_of("amira"), account_of("bilal")
REFUSED = Refusal(RefusalKind.QUARANTINED, Happened.NO)


@pytest.fixture
def world(desk: OneDesk) -> OneDesk:
    """Two wallets with 100.00 each."""
    for name, account in [("amira", AMIRA), ("bilal", BILAL)]:
        opening = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
        desk.ask(asked(opening, f"open {name}"))
        source = evidence_of(f"stmt of {name}")
        funding = Fund(account=source, target=account, amount=Money(10_000, "QAR"))
        desk.ask(asked(funding, f"fund {name}"))
    desk.deliver()
    return desk


def memory(partition: Partition, account_id: AccountId) -> Account:
    account = partition.residents.get(account_id)
    assert account is not None
    return account


def spoil(world: OneDesk) -> None:
    """Amira's memory holds less than it should: the next hold that ends would find too little."""
    memory(world.partition, AMIRA).pots["QAR"].held_minor = -1_000


def hold(account: AccountId, key: str, hold_ms: int = DAY_MS) -> Envelope:
    command = Authorise(
        account=account,
        amount=Money(500, "QAR"),
        sale=sale("lounge", key),
        capture=CaptureMode.MANUAL,
        hold_ms=hold_ms,
    )
    return asked(command, key)


def balance(world: OneDesk, account: AccountId) -> tuple[int, int]:
    reply = world.ask(Envelope(ReadAccount(account=account)))
    assert isinstance(reply, AccountReply)
    return reply.pots["QAR"].available_minor, reply.pots["QAR"].held_minor


def test_one_account_stops_and_the_others_of_the_same_batch_go_on(world: OneDesk) -> None:
    spoil(world)

    replies = world.ask_all([hold(BILAL, "A-1"), hold(AMIRA, "A-2"), hold(BILAL, "A-3")])

    assert replies[1] == REFUSED
    assert [type(reply) for reply in replies] == [PaymentReply, Refusal, PaymentReply]
    assert world.partition.quarantined == {AMIRA}
    assert balance(world, BILAL) == (9_000, 1_000)


def test_nothing_of_a_broken_promise_reaches_the_journal(
    world: OneDesk, store: SqliteStore
) -> None:
    before = tip_of(store)
    spoil(world)

    world.ask(hold(AMIRA, "A-1"))

    assert tip_of(store) == before


def test_a_memory_that_lost_a_payment_stops_its_account_alone(
    world: OneDesk, clock: ManualClock
) -> None:
    world.ask(hold(AMIRA, "A-1", hold_ms=1_000))
    memory(world.partition, AMIRA).payments.clear()
    clock.advance(1_000)

    assert world.ask(hold(AMIRA, "A-2")) == REFUSED
    assert isinstance(world.ask(hold(BILAL, "A-3")), PaymentReply)


def test_a_quarantined_account_answers_nothing_not_even_reads_and_retries(
    world: OneDesk,
) -> None:
    first = hold(AMIRA, "A-1")
    world.ask(first)
    spoil(world)
    world.ask(hold(AMIRA, "A-2"))

    assert world.ask(first) == REFUSED
    assert world.ask(Envelope(ReadAccount(account=AMIRA))) == REFUSED


def test_a_restart_heals(world: OneDesk, store: SqliteStore) -> None:
    first = hold(AMIRA, "A-1")
    answer = world.ask(first)
    spoil(world)
    world.ask(hold(AMIRA, "A-2"))

    world.restart()

    assert isinstance(answer, PaymentReply)
    assert world.ask(first) == msgspec.structs.replace(answer, replayed=True)
    assert balance(world, AMIRA) == (9_500, 500)
    assert not verify(store).findings


def test_images_are_saved_past_a_quarantined_account_and_it_still_heals(
    world: OneDesk, clock: ManualClock, store: SqliteStore
) -> None:
    """Its image is old, its hold is due, and the tail must go on being replayed for it."""
    world.ask(hold(AMIRA, "A-1", hold_ms=1_000))
    world.partition.tick()
    world.ask(hold(AMIRA, "A-2"))
    spoil(world)
    world.ask(hold(AMIRA, "A-3"))

    clock.advance(1_000)
    for number in range(3):
        world.ask(hold(BILAL, f"B-{number}"))
        world.partition.tick()
    world.restart()

    assert balance(world, AMIRA) == (9_500, 500)
    assert not verify(store).findings


def test_a_quarantined_account_with_a_due_hold_leaves_the_partition_at_rest(
    world: OneDesk, clock: ManualClock
) -> None:
    world.ask(hold(AMIRA, "A-1", hold_ms=1_000))
    world.partition.tick()
    spoil(world)
    world.ask(hold(AMIRA, "A-2"))
    clock.advance(1_000)

    turns = [world.partition.tick() for _ in range(5)]

    assert turns[-1] is False


def test_an_expiry_that_breaks_a_promise_quarantines_too(
    world: OneDesk, clock: ManualClock
) -> None:
    world.ask(hold(AMIRA, "A-1", hold_ms=1_000))
    world.ask(hold(BILAL, "B-1", hold_ms=1_000))
    spoil(world)
    clock.advance(1_000)

    while world.partition.tick():
        pass

    assert world.partition.quarantined == {AMIRA}
    assert balance(world, BILAL) == (10_000, 0)


def test_the_count_of_open_holds_leaves_out_what_is_quarantined(world: OneDesk) -> None:
    world.ask(hold(AMIRA, "A-1"))
    world.ask(hold(BILAL, "B-1"))
    spoil(world)
    world.ask(hold(AMIRA, "A-2"))

    assert world.partition.residents.open_holds == 1


def test_a_transfer_to_a_quarantined_account_comes_back(
    world: OneDesk, store: SqliteStore
) -> None:
    spoil(world)
    world.ask(hold(AMIRA, "A-1"))
    sending = SendTransfer(account=BILAL, target=AMIRA, amount=Money(700, "QAR"))
    world.ask(asked(sending, "T-1"))

    world.deliver()

    assert balance(world, BILAL) == (10_000, 0)
    assert not verify(store).findings
    assert verify(store).at_rest


def test_a_delivery_that_was_refused_is_refused_once(
    world: OneDesk, store: SqliteStore
) -> None:
    spoil(world)
    world.ask(hold(AMIRA, "A-1"))
    delivery = Deliver(
        account=AMIRA,
        source=Ref(BILAL, 1),
        pot="QAR",
        amount_minor=1,
        origin=Origin(7, 3),
    )

    assert world.ask(Envelope(delivery)) == Noted()
    tip = tip_of(store)
    assert world.ask(Envelope(delivery)) == Noted()
    assert tip_of(store) == tip


def test_a_receipt_for_a_quarantined_account_holds_back_what_comes_after_it(
    world: OneDesk,
) -> None:
    """Taking a later one would raise the inbox past the receipt, and lose it."""
    sending = SendTransfer(account=AMIRA, target=BILAL, amount=Money(700, "QAR"))
    sent = world.ask(asked(sending, "T-1"))
    assert isinstance(sent, TransferReply)
    spoil(world)
    world.ask(hold(AMIRA, "A-1"))
    receipt = RecordDelivered(account=AMIRA, ordinal=sent.ref.ordinal, origin=Origin(7, 3))
    later = Deliver(
        account=BILAL,
        source=Ref(BILAL, 1),
        pot="QAR",
        amount_minor=1,
        origin=Origin(7, 4),
    )

    assert world.ask(Envelope(receipt)) == REFUSED
    assert world.ask(Envelope(later)) == REFUSED

    world.restart()
    world.ask(Envelope(receipt))
    world.ask(Envelope(later))
    read = world.ask(Envelope(ReadTransfer(account=AMIRA, ordinal=sent.ref.ordinal)))
    assert isinstance(read, TransferReply)
    assert read.status == "delivered"
    assert balance(world, BILAL) == (10_001, 0)


def test_the_reason_of_a_return_is_that_the_account_is_frozen(
    world: OneDesk, store: SqliteStore
) -> None:
    spoil(world)
    world.ask(hold(AMIRA, "A-1"))
    sending = SendTransfer(account=BILAL, target=AMIRA, amount=Money(700, "QAR"))
    world.ask(asked(sending, "T-1"))
    world.deliver()

    with closing(store.reader(0)) as reader:
        bodies = b"".join(sealed.body for sealed in reader.read(0, 100))

    assert DeclineReason.ACCOUNT_FROZEN.encode() in bodies


@pytest.fixture
def without_image(
    world: OneDesk, store: SqliteStore, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> OneDesk:
    """Amira has left memory with a hold that is due, and what is on the disk cannot be used."""
    world.ask(hold(AMIRA, "A-1"))
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", 0)
    world.partition.tick()
    with closing(sqlite3.connect(store.path(0))) as database, database:
        for row in database.execute("SELECT * FROM images").fetchall():
            image = outdated(Image(*row))
            values = image.body, image.hash, image.account
            database.execute("UPDATE images SET body=?, hash=? WHERE account=?", values)
    clock.advance(DAY_MS)
    return world


def test_a_due_hold_of_an_account_that_is_not_there_stops_that_account_alone(
    without_image: OneDesk,
) -> None:
    without_image.partition.tick()

    assert without_image.partition.quarantined == {AMIRA}


def test_a_stale_incarnation_that_finds_images_of_another_release_is_fenced(
    without_image: OneDesk, store: SqliteStore, clock: ManualClock
) -> None:
    with closing(open_partition(store.writer(0), clock)), pytest.raises(Fenced):
        without_image.partition.tick()
