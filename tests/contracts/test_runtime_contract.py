"""What every runtime keeps: frames arrive in order, one partition answers for an account, and
what was acknowledged survives the death of its process.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from time import monotonic

import pytest

from actors.engine import Engine
from actors.frame import (
    COMMANDS_PER_FRAME,
    Commands,
    Heartbeat,
    decode_replies,
    decode_statistics,
    encode,
)
from actors.relay import Relay
from actors.runtime import PartitionUnavailable
from ledger.clock import DAY_MS
from ledger.commands import (
    AnyCommand,
    Authorise,
    Capture,
    CaptureMode,
    Envelope,
    Fund,
    OpenAccount,
    ReadAccount,
    Refund,
)
from ledger.decline import DeclineReason
from ledger.errors import Happened
from ledger.events import AccountKind
from ledger.ids import AccountId
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import (
    AccountReply,
    DeclinedReply,
    PaymentReply,
    Refusal,
    RefusalKind,
    Reply,
)
from ledger.verify import verify
from tests.books import asked, evidence_of, sale
from tests.contracts.ray_partitions import ROADS, RayPartitions
from tests.contracts.runtimes import PARTITIONS, RUNTIMES, Running
from tests.ledger.forge import AMIRA, BILAL
from tests.processes import PATIENCE_S

ON_RAY = [pytest.param(road, marks=[pytest.mark.ray, pytest.mark.slow]) for road in ROADS]


@pytest.fixture(params=[*RUNTIMES, *ON_RAY])
async def running(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Running]:
    begin: AbstractAsyncContextManager[Running]
    if request.param in ROADS:
        partitions: RayPartitions = request.getfixturevalue("on_ray")
        begin = partitions.anew(request.param)
    else:
        begin = RUNTIMES[request.param](tmp_path)
    async with begin as started:
        yield started


@pytest.fixture
def engine(running: Running) -> Engine:
    return Engine(running.directory, running.road)


async def ask(engine: Engine, command: AnyCommand, key: str) -> Reply:
    """Until there is an answer: the same key, so asking twice does nothing twice."""
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        try:
            return await engine.ask(asked(command, key))
        except PartitionUnavailable:
            continue
    raise AssertionError("the partition does not come back")


def hold(account: AccountId, minor: int, order: str) -> Authorise:
    return Authorise(
        account=account,
        amount=Money(minor, "QAR"),
        sale=sale("lounge", order),
        capture=CaptureMode.MANUAL,
        hold_ms=DAY_MS,
    )


@pytest.fixture
async def wallets(running: Running, engine: Engine) -> None:
    """Amira and Bilal, who live in different partitions, with 1,000.00 each."""
    for account in (AMIRA, BILAL):
        opening = OpenAccount(account=account, kind=AccountKind.WALLET, pots=("QAR",))
        await ask(engine, opening, f"open {account.hex()}")
        source = evidence_of(account.hex())
        funding = Fund(account=source, target=account, amount=Money(100_000, "QAR"))
        await ask(engine, funding, f"fund {account.hex()}")
    await carry(running)


async def carry(running: Running) -> None:
    with closing(Relay(running.directory, running.road, running.store, {})) as relay:
        while await relay.step():
            pass


async def balance(engine: Engine, account: AccountId) -> tuple[int, int]:
    reply = await ask(engine, ReadAccount(account=account), "read")
    assert isinstance(reply, AccountReply)
    return reply.pots["QAR"].available_minor, reply.pots["QAR"].held_minor


def outcomes(replies: list[Reply]) -> Counter[str]:
    """How many of each: a state, or the reason of a decline."""
    counted: Counter[str] = Counter()
    for reply in replies:
        if isinstance(reply, PaymentReply):
            counted[str(reply.decline or reply.state)] += 1
        elif isinstance(reply, DeclinedReply):
            counted[str(reply.reason)] += 1
        else:
            counted[type(reply).__name__] += 1
    return counted


@pytest.mark.usefixtures("wallets")
async def test_a_frame_is_answered_command_by_command(running: Running) -> None:
    partition = running.directory.partition_of(AMIRA)
    read = Envelope(ReadAccount(account=AMIRA))
    frame = Commands([read, asked(hold(AMIRA, 500, "A-1"), "A-1"), read])

    before, held, after = decode_replies(await running.road.send(partition, encode(frame)))

    assert isinstance(before, AccountReply)
    assert isinstance(held, PaymentReply)
    assert isinstance(after, AccountReply)
    assert before.pots["QAR"].held_minor == 0
    assert after.pots["QAR"].held_minor == 500


@pytest.mark.usefixtures("wallets")
async def test_a_full_frame_is_answered_in_order(running: Running) -> None:
    partition = running.directory.partition_of(AMIRA)
    keys = [f"A-{n}" for n in range(COMMANDS_PER_FRAME)]
    frame = Commands([asked(hold(AMIRA, 1, key), key) for key in keys])

    replies = decode_replies(await running.road.send(partition, encode(frame)))

    assert [
        reply.sale.order.decode() for reply in replies if isinstance(reply, PaymentReply)
    ] == keys


async def test_every_partition_answers_a_heartbeat_with_its_own_name(
    running: Running,
) -> None:
    for number in range(PARTITIONS):
        answer = await running.road.send(number, encode(Heartbeat()))
        statistics = decode_statistics(answer)
        assert statistics.partition == number
        assert statistics.pid > 0


async def test_a_partition_refuses_what_it_does_not_own(running: Running) -> None:
    wrong = 1 - running.directory.partition_of(AMIRA)
    frame = encode(Commands([Envelope(ReadAccount(account=AMIRA))]))

    assert decode_replies(await running.road.send(wrong, frame)) == [
        Refusal(RefusalKind.NOT_OWNED, Happened.NO)
    ]


@pytest.mark.usefixtures("wallets")
async def test_of_32_at_once_only_those_that_are_covered_are_approved(
    engine: Engine, running: Running
) -> None:
    tries = [ask(engine, hold(AMIRA, 10_000, f"A-{n}"), f"A-{n}") for n in range(32)]

    found = outcomes(await asyncio.gather(*tries))

    assert found == {
        PaymentState.AUTHORISED.value: 10,
        DeclineReason.INSUFFICIENT_FUNDS.value: 22,
    }
    assert await balance(engine, AMIRA) == (0, 100_000)
    assert not verify(running.store).findings


@pytest.mark.usefixtures("wallets")
async def test_64_retries_of_one_key_are_one_hold(engine: Engine) -> None:
    tries = [ask(engine, hold(AMIRA, 10_000, "A-1"), "A-1") for _ in range(64)]

    replies = await asyncio.gather(*tries)

    assert {reply.ref for reply in replies if isinstance(reply, PaymentReply)} == {
        getattr(replies[0], "ref")  # noqa: B009 — of a union
    }
    assert await balance(engine, AMIRA) == (90_000, 10_000)


@pytest.mark.usefixtures("wallets")
async def test_refunds_at_once_never_exceed_what_was_captured(engine: Engine) -> None:
    await ask(engine, hold(AMIRA, 10_000, "A-1"), "A-1")
    await ask(engine, Capture(account=AMIRA, ordinal=1), "capture")
    part = Refund(account=AMIRA, ordinal=1, amount=Money(2_000, "QAR"))

    found = outcomes(
        await asyncio.gather(*[ask(engine, part, f"refund {n}") for n in range(16)])
    )

    assert found == {
        PaymentState.CAPTURED.value: 5,
        DeclineReason.EXCEEDS_CAPTURED.value: 11,
    }


@pytest.mark.usefixtures("wallets")
async def test_what_was_acknowledged_survives_a_kill_and_a_retry_gets_the_same_answer(
    engine: Engine, running: Running
) -> None:
    partition = running.directory.partition_of(AMIRA)
    for number in range(5):
        key = f"A-{number}"
        first = await ask(engine, hold(AMIRA, 1_000, key), key)
        await running.kill(partition)
        again = await ask(engine, hold(AMIRA, 1_000, key), key)

        assert isinstance(first, PaymentReply)
        assert isinstance(again, PaymentReply)
        assert (again.ref, again.seq, again.state) == (first.ref, first.seq, first.state)
    assert await balance(engine, AMIRA) == (95_000, 5_000)
    assert not verify(running.store).findings


@pytest.mark.usefixtures("wallets")
async def test_a_kill_under_load_loses_and_doubles_nothing(
    engine: Engine, running: Running
) -> None:
    payers: list[asyncio.Task[Reply]] = []

    async def kill() -> None:
        for _ in range(3):
            for partition in range(PARTITIONS):
                await running.kill(partition)
                await balance(engine, AMIRA)

    async with asyncio.TaskGroup() as group:
        for account in (AMIRA, BILAL):
            for number in range(100):
                key = f"{account.hex()} {number}"
                payers.append(group.create_task(ask(engine, hold(account, 100, key), key)))
        group.create_task(kill())

    assert outcomes([payer.result() for payer in payers]) == {
        PaymentState.AUTHORISED.value: 200
    }
    assert await balance(engine, AMIRA) == (90_000, 10_000)
    assert await balance(engine, BILAL) == (90_000, 10_000)
    assert not verify(running.store).findings


@pytest.mark.usefixtures("wallets")
async def test_the_other_partition_goes_on_when_one_is_killed(
    engine: Engine, running: Running
) -> None:
    await running.kill(running.directory.partition_of(BILAL))

    reply = await engine.ask(asked(hold(AMIRA, 1_000, "A-1"), "A-1"))

    assert isinstance(reply, PaymentReply)


@pytest.mark.usefixtures("wallets")
async def test_a_drained_engine_has_answered_everybody(
    engine: Engine, running: Running
) -> None:
    answers = [engine.ask(asked(hold(AMIRA, 1, f"A-{n}"), f"A-{n}")) for n in range(300)]

    await engine.drain()

    assert all(answer.done() for answer in answers)
    assert engine.mailbox_depths() == [0] * PARTITIONS
    assert not verify(running.store).findings
