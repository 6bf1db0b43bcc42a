"""Small promises that nothing else looks at: each was once broken by a mutant that survived."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from actors import residents
from actors.batcher import Batcher
from actors.relay import Relay
from actors.runtime import PartitionUnavailable
from ledger.account import TransferStatus
from ledger.clock import DAY_MS
from ledger.commands import (
    Authorise,
    CaptureMode,
    Deliver,
    Envelope,
    Fund,
    OpenAccount,
    ReadPayment,
    RecordDelivered,
    SendTransfer,
)
from ledger.entry import unseal
from ledger.errors import Happened
from ledger.events import AccountKind, Origin, TransferRefused
from ledger.ids import AccountId, Ref
from ledger.money import Money
from ledger.replies import Noted, Refusal, RefusalKind
from ledger.sqlite_store import SqliteStore
from tests.actors.roads import HeldRoad
from tests.actors.test_batcher import Watch, settle
from tests.books import CALLER, OneDesk, account_of, asked, evidence_of, sale
from tests.ledger.forge import DIRECTORY, World, live_through

AMIRA, BILAL = account_of("amira"), account_of("bilal")
REFUSED = Refusal(RefusalKind.QUARANTINED)


class NoRoad:
    async def send(self, partition: int, frame: bytes) -> bytes:
        raise PartitionUnavailable(partition, Happened.NO)

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def wallets(desk: OneDesk) -> OneDesk:
    for name, account in [("amira", AMIRA), ("bilal", BILAL)]:
        command = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
        desk.ask(asked(command, f"open {name}"))
    return desk


@pytest.fixture
async def world(store: SqliteStore) -> AsyncIterator[World]:
    made = World(store)
    await live_through(made)
    yield made
    await made.close()


def delivery(origin: Origin) -> Envelope:
    command = Deliver(
        account=AMIRA, source=Ref(BILAL, 1), pot="QAR", amount_minor=500, origin=origin
    )
    return Envelope(command, "relay")


def funding(name: str, account: AccountId) -> Envelope:
    source = evidence_of(f"stmt of {name}")
    command = Fund(account=source, target=account, amount=Money(10_000, "QAR"))
    return asked(command, f"fund {name}")


def hold(account: AccountId, order: str = "A-17") -> Envelope:
    command = Authorise(
        account=account,
        amount=Money(500, "QAR"),
        sale=sale("lounge", order),
        capture=CaptureMode.MANUAL,
        hold_ms=DAY_MS,
    )
    return asked(command, order)


def test_an_entry_says_who_asked(wallets: OneDesk, store: SqliteStore) -> None:
    with closing(store.reader(0)) as reader:
        entries = [unseal(sealed.body) for sealed in reader.read(0, 10)]

    assert [entry.caller for entry in entries] == ["", CALLER, CALLER]


async def test_an_idle_mailbox_has_no_depth() -> None:
    road = HeldRoad()
    batcher = Batcher(0, road)
    depths = [batcher.depth]

    answer = batcher.ask(Envelope(ReadPayment(account=AMIRA, ordinal=1)))
    depths.append(batcher.depth)
    await settle()
    depths.append(batcher.depth)
    road.release()
    await answer
    await settle()

    assert [*depths, batcher.depth] == [0, 1, 1, 0]


async def test_after_a_slow_frame_the_next_one_is_open_to_all() -> None:
    road, watch = HeldRoad(), Watch()
    batcher = Batcher(0, road, watch)
    batcher.ask(Envelope(ReadPayment(account=AMIRA, ordinal=1)))
    await settle()
    watch.now_s += 60
    road.release()
    await settle()

    answer = batcher.ask(Envelope(ReadPayment(account=AMIRA, ordinal=2)))

    await settle()
    road.release()
    assert await answer == Noted()


async def test_a_relay_that_reaches_nobody_has_carried_nothing(
    world: World, store: SqliteStore
) -> None:
    """Else it would look again and again without a rest."""
    relay = Relay(DIRECTORY, NoRoad(), store, {})

    with closing(relay):
        assert not await relay.step()


def test_a_delivery_that_finds_a_broken_memory_goes_back(
    wallets: OneDesk, store: SqliteStore
) -> None:
    account = wallets.partition.residents.get(AMIRA)
    assert account is not None
    account.pots["QAR"].available_minor = -1_000

    reply = wallets.ask(delivery(Origin(7, 3)))

    with closing(store.reader(0)) as reader:
        last = unseal(reader.read(0, 10)[-1].body)
    assert reply == Noted()
    assert isinstance(last.event, TransferRefused)
    assert last.event.origin == Origin(7, 3)


def test_what_comes_behind_a_receipt_that_broke_a_promise_is_refused_too(
    wallets: OneDesk,
) -> None:
    """Taking it would raise the inbox past the receipt, which would be lost."""
    wallets.ask(delivery(Origin(7, 3)))
    sending = SendTransfer(account=AMIRA, target=BILAL, amount=Money(500, "QAR"))
    wallets.ask(asked(sending, "send"))
    account = wallets.partition.residents.get(AMIRA)
    assert account is not None
    account.transfers[1].status = TransferStatus.DELIVERED  # a transfer ends once
    receipt = RecordDelivered(account=AMIRA, ordinal=1, origin=Origin(8, 5))

    assert wallets.ask(Envelope(receipt, "relay")) == REFUSED
    assert wallets.ask(delivery(Origin(8, 6))) == REFUSED
    assert wallets.ask(delivery(Origin(7, 4))) == Noted()


def test_the_count_of_open_holds_is_of_all_accounts_that_come_back(
    wallets: OneDesk,
) -> None:
    for name, account in [("amira", AMIRA), ("bilal", BILAL)]:
        wallets.ask(funding(name, account))
    wallets.deliver()
    for account in (AMIRA, BILAL):
        wallets.ask(hold(account))
    while wallets.partition.tick():
        pass
    wallets.restart()

    for account in (AMIRA, BILAL):
        assert wallets.partition.residents.get(account) is not None
    assert wallets.partition.residents.open_holds == 2


@pytest.mark.parametrize(("residents_max", "left"), [(100, 2), (0, 0)])
def test_the_count_of_open_holds_is_of_the_accounts_in_memory(
    wallets: OneDesk, monkeypatch: pytest.MonkeyPatch, residents_max: int, left: int
) -> None:
    for name, account in [("amira", AMIRA), ("bilal", BILAL)]:
        wallets.ask(funding(name, account))
    wallets.deliver()
    for account in (AMIRA, BILAL):
        wallets.ask(hold(account))
    monkeypatch.setattr(residents, "RECENT_MIN", 0)
    monkeypatch.setattr(residents, "RESIDENTS_MAX", residents_max)

    while wallets.partition.tick():
        pass

    assert wallets.partition.residents.open_holds == left


def test_the_count_of_open_holds_loses_those_of_a_quarantined_account_only(
    wallets: OneDesk,
) -> None:
    for name, account in [("amira", AMIRA), ("bilal", BILAL)]:
        wallets.ask(funding(name, account))
    wallets.deliver()
    for account, order in [(AMIRA, "A-1"), (AMIRA, "A-2"), (BILAL, "B-1")]:
        wallets.ask(hold(account, order))
    spoilt = wallets.partition.residents.get(BILAL)
    assert spoilt is not None
    spoilt.pots["QAR"].held_minor = -1_000

    assert wallets.ask(hold(BILAL, "B-2")) == REFUSED
    assert wallets.partition.residents.open_holds == 2
