"""What is this runtime's own; what every runtime keeps is in tests/contracts."""

from collections.abc import AsyncIterator
from contextlib import closing

import pytest

from actors.frame import Commands, Heartbeat, decode_replies, encode
from actors.partition import Partition
from actors.runtime import PartitionUnavailable
from ledger.clock import ManualClock
from ledger.commands import OpenAccount
from ledger.errors import Happened
from ledger.events import AccountKind
from ledger.replies import AccountReply
from ledger.sqlite_store import SqliteStore
from tests.books import asked, open_partition
from tests.ledger.forge import AMIRA, World, edited

OPENING = encode(
    Commands(
        [asked(OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",)), "open")]
    )
)


@pytest.fixture
async def world(store: SqliteStore) -> AsyncIterator[World]:
    made = World(store)
    yield made
    await made.close()


def partition_of(world: World) -> Partition:
    return world.runtime._desk(0)._partition


async def refused(world: World) -> Happened:
    with pytest.raises(PartitionUnavailable) as caught:
        await world.runtime.send(0, OPENING)
    assert caught.value.partition == 0
    return caught.value.happened


async def test_a_partition_that_cannot_start_has_done_nothing(
    world: World, store: SqliteStore
) -> None:
    await world.runtime.send(0, encode(Heartbeat()))
    world.runtime.kill(0)
    with edited(store, 0) as db:
        db.execute("UPDATE entries SET hash = zeroblob(32)")

    assert await refused(world) is Happened.NO


async def test_a_failed_append_says_what_is_known_and_the_next_frame_finds_a_new_start(
    world: World,
) -> None:
    partition = partition_of(world)
    partition._journal._db.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]

    assert await refused(world) is Happened.NO

    [reply] = decode_replies(await world.runtime.send(0, OPENING))
    assert isinstance(reply, AccountReply)
    assert not reply.replayed
    assert partition_of(world) is not partition


async def test_of_a_partition_that_was_overtaken_the_outcome_is_unknown(
    world: World, store: SqliteStore, clock: ManualClock
) -> None:
    partition_of(world)
    with closing(store.writer(0)) as journal:
        open_partition(journal, clock)

    assert await refused(world) is Happened.UNKNOWN
    [reply] = decode_replies(await world.runtime.send(0, OPENING))
    assert isinstance(reply, AccountReply)
