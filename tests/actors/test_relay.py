"""What is sent arrives once, or comes back once, in whatever order things fail."""

from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from actors.relay import Relay, load_cursors, save_cursors
from ledger.commands import FreezeAccount, ReadAccount, ReadTransfer
from ledger.events import TransferReceived
from ledger.ids import AccountId, Ref
from ledger.replies import AccountReply, TransferReply
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify
from tests.actors.roads import BreakingRoad
from tests.books import account_of, tip_of
from tests.ledger.forge import AMIRA, BILAL, DIRECTORY, Forger, World, live_through, send


@pytest.fixture
async def world(store: SqliteStore) -> AsyncIterator[World]:
    made = World(store)
    await live_through(made)
    yield made
    await made.close()


@pytest.fixture
def road(world: World) -> BreakingRoad:
    return BreakingRoad(world.runtime)


@pytest.fixture
def relay(store: SqliteStore, road: BreakingRoad) -> Relay:
    """A second relay, which begins from the first entry: everything is offered again."""
    return Relay(DIRECTORY, road, store, {})


async def carry(relay: Relay) -> None:
    while await relay.step():
        pass


async def available(world: World, account: AccountId) -> int:
    reply = await world.ask(ReadAccount(account=account))
    assert isinstance(reply, AccountReply)
    return reply.pots["QAR"].available_minor


async def status(world: World, ref: Ref) -> str:
    reply = await world.ask(ReadTransfer(account=ref.account, ordinal=ref.ordinal))
    assert isinstance(reply, TransferReply)
    return reply.status


async def test_what_was_delivered_is_delivered_once(
    world: World, relay: Relay, store: SqliteStore
) -> None:
    tips = [tip_of(store, n) for n in (0, 1)]

    await carry(relay)

    assert [tip_of(store, n) for n in (0, 1)] == tips


async def test_money_arrives_in_another_partition(
    world: World, relay: Relay, store: SqliteStore
) -> None:
    before = await available(world, BILAL)
    ref = await send(world, AMIRA, BILAL, 1_200)
    assert await status(world, ref) == "sent"

    await carry(relay)

    assert await available(world, BILAL) == before + 1_200
    assert await status(world, ref) == "delivered"
    assert verify(store).at_rest


async def test_money_that_cannot_arrive_comes_back(
    world: World, relay: Relay, store: SqliteStore
) -> None:
    before = await available(world, AMIRA)
    ref = await send(world, AMIRA, account_of("nobody"), 1_200)

    await carry(relay)

    assert await available(world, AMIRA) == before
    assert await status(world, ref) == "returned"
    assert verify(store).at_rest


async def test_an_answer_that_was_lost_is_asked_for_again(
    world: World, relay: Relay, road: BreakingRoad, store: SqliteStore
) -> None:
    """The delivery was taken, and the relay does not know: it offers it again."""
    before = await available(world, BILAL)
    await send(world, AMIRA, BILAL, 1_200)
    road.deaf = {0, 1}
    for _ in range(3):
        await relay.step()
    road.deaf = set()

    await carry(relay)

    assert await available(world, BILAL) == before + 1_200
    assert verify(store).at_rest


async def test_a_partition_that_is_away_holds_back_nothing_for_the_others(
    world: World, relay: Relay, road: BreakingRoad
) -> None:
    before = await available(world, AMIRA)
    await carry(relay)
    road.shut = {1}
    stuck = await send(world, AMIRA, BILAL, 1_200)
    await send(world, AMIRA, account_of("nobody"), 34)
    for _ in range(3):
        await relay.step()
    assert await status(world, stuck) == "sent"
    road.shut = set()

    await carry(relay)

    assert await status(world, stuck) == "delivered"
    assert await available(world, AMIRA) == before - 1_200


async def test_what_fails_holds_back_what_comes_after_it(
    world: World, relay: Relay, road: BreakingRoad, store: SqliteStore
) -> None:
    """Else the inbox of the target would pass the first one by, and lose it."""
    await carry(relay)
    road.shut = {1}
    first = await send(world, AMIRA, BILAL, 1)
    await relay.step()
    second = await send(world, AMIRA, BILAL, 2)
    road.shut = set()

    await carry(relay)

    assert [await status(world, ref) for ref in (first, second)] == ["delivered"] * 2
    amounts = [
        entry.event.amount_minor
        for entry in Forger(store, 1).entries
        if isinstance(entry.event, TransferReceived)
    ]
    assert amounts[-2:] == [1, 2]


async def test_two_relays_at_once_are_slow_and_not_wrong(
    world: World, relay: Relay, store: SqliteStore
) -> None:
    before = await available(world, BILAL)
    for _ in range(5):
        await send(world, AMIRA, BILAL, 100)
        await relay.step()
        await world.deliver()
    await carry(relay)

    assert await available(world, BILAL) == before + 500
    assert verify(store).at_rest


async def test_a_frozen_account_still_receives(world: World, relay: Relay) -> None:
    before = await available(world, BILAL)
    await world.ask(FreezeAccount(account=BILAL))
    await send(world, AMIRA, BILAL, 100)

    await carry(relay)

    assert await available(world, BILAL) == before + 100


async def test_a_killed_partition_takes_nothing_twice(
    world: World, relay: Relay, store: SqliteStore
) -> None:
    before = await available(world, BILAL)
    for _ in range(4):
        await send(world, AMIRA, BILAL, 100)
        await relay.step()
        world.runtime.kill(1)
        await relay.step()
        world.runtime.kill(0)
    await carry(relay)

    assert await available(world, BILAL) == before + 400
    assert verify(store).at_rest


async def test_cursors_stand_where_the_relay_stopped(
    world: World, relay: Relay, road: BreakingRoad, store: SqliteStore, tmp_path: Path
) -> None:
    path = tmp_path / "cursors.json"
    await carry(relay)
    save_cursors(path, relay.cursors)
    road.sent.clear()

    with closing(Relay(DIRECTORY, road, store, load_cursors(path))) as later:
        assert later.cursors == relay.cursors
        assert not await later.step()
    assert road.sent == []


@pytest.mark.parametrize("content", [None, b"", b"{", b'["a"]'])
def test_cursors_that_are_lost_cost_time_and_no_money(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "cursors.json"
    if content is not None:
        path.write_bytes(content)

    assert load_cursors(path) == {}


async def test_a_journal_that_is_not_there_yet_is_no_error(tmp_path: Path) -> None:
    with closing(Relay(DIRECTORY, BreakingRoad(None), SqliteStore(tmp_path), {})) as relay:  # type: ignore[arg-type]
        assert not await relay.step()
