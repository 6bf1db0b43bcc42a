"""Frames that never leave, answers that never come, partitions that are gone or full: a caller
gets the right answer, or an honest word about what is not known, and the same key gets the truth.
"""

import asyncio

import pytest

from gateway.world import account_of
from services.asking import ASK_MS
from tests.gateway.harness import AMIRA, JONAS, PROBLEM, House, Reply, money
from tests.gateway.road import Fate
from tests.gateway.stores import broken


def unavailable(reply: Reply, happened: str) -> None:
    assert (reply.status, reply.kind) == (503, PROBLEM)
    assert reply.headers["Retry-After"] == "1"
    assert reply.body["happened"] == happened
    assert "Try again with the same key" in reply.body["detail"]


@pytest.mark.parametrize("fate", [Fate.NEVER_LEAVES, Fate.LOSES_ITS_ANSWER])
async def test_a_frame_that_is_lost_is_sent_again(funded: House, fate: Fate) -> None:
    code = await funded.code()
    funded.road.meet(fate, times=3)

    paid = await funded.charge(24_000, payer=code)

    assert paid.status == 201
    assert await funded.available() == 76_000


async def test_what_never_left_did_not_happen(funded: House) -> None:
    code = await funded.code()
    funded.road.meet(Fate.NEVER_LEAVES, within_ms=ASK_MS)

    refused = await funded.charge(24_000, payer=code, key="till-1")

    unavailable(refused, "no")
    assert await funded.available() == 100_000
    paid = await funded.charge(24_000, payer=code, key="till-1")
    assert (paid.status, paid.replayed) == (201, False)


async def test_a_payment_whose_answer_is_lost_is_unknown(funded: House) -> None:
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)

    unknown = await funded.charge(24_000, payer=code, key="till-1")

    assert unknown.status == 202
    assert unknown.body == {
        "status": "unknown",
        "happened": "unknown",
        "key": "till-1",
        "status_url": "/v1/payments/lookup",
        "detail": unknown.body["detail"],
    }
    attempt = {"key": "till-1", "payer": {"code": code}}
    found = await funded.lounge.post(unknown.body["status_url"], attempt, key=None)
    again = await funded.charge(24_000, payer=code, key="till-1")
    assert (again.status, again.replayed) == (201, True)
    assert found.body == again.body
    assert await funded.available() == 76_000


async def test_an_unknown_payment_can_be_reversed(funded: House) -> None:
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)
    await funded.charge(24_000, payer=code, key="till-1")

    attempt = {"key": "till-1", "payer": {"code": code}}
    reversed_ = await funded.lounge.post("/v1/payments/reverse", attempt)

    assert reversed_.body["outcome"] == "reversed"
    assert await funded.available() == 100_000


async def test_a_decline_whose_answer_is_lost_stays_the_answer(funded: House) -> None:
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)

    unknown = await funded.charge(900_000, payer=code, key="till-1")
    await funded.top_up(AMIRA, 900_000, evidence="stmt-17")
    again = await funded.charge(900_000, payer=code, key="till-1")

    assert (unknown.status, again.status, again.replayed) == (202, 402, True)


@pytest.mark.parametrize("verb", ["capture", "void", "refund", "increase"])
async def test_what_follows_a_payment_is_unknown_when_its_answer_is_lost(
    funded: House, verb: str
) -> None:
    mode = "automatic" if verb == "refund" else "manual"
    hold = await funded.charge(24_000, capture=mode)
    path = f"/v1/payments/{hold.body['id']}/{verb}"
    body = {"amount": money(1)} if verb == "increase" else {}
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)

    lost = await funded.lounge.post(path, body, "till-1")
    money_then = (await funded.available(), await funded.held())
    again = await funded.lounge.post(path, body, "till-1")

    unavailable(lost, "unknown")
    assert (again.status, again.replayed) == (200, True)
    assert (await funded.available(), await funded.held()) == money_then


async def test_a_read_whose_answer_is_lost_changed_nothing(funded: House) -> None:
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=ASK_MS)

    unavailable(await funded.amira.get(f"/v1/accounts/{AMIRA}"), "no")


async def test_a_lost_answer_stays_unknown_when_later_attempts_do_not_leave(
    funded: House,
) -> None:
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER)
    funded.road.meet(Fate.NEVER_LEAVES, within_ms=ASK_MS)

    assert (await funded.charge(24_000, payer=code)).status == 202


async def test_a_partition_that_dies_comes_back_with_all_that_it_answered(
    funded: House,
) -> None:
    code = await funded.code()
    paid = await funded.charge(24_000, payer=code, key="till-1")

    for partition in (0, 1):
        funded.runtime.kill(partition)
    again = await funded.charge(24_000, payer=code, key="till-1")

    assert (again.status, again.raw, again.replayed) == (201, paid.raw, True)


async def test_a_command_that_waited_too_long_is_not_begun(funded: House) -> None:
    code = await funded.code()
    funded.road.hold()
    charged = asyncio.create_task(funded.charge(24_000, payer=code))
    await funded.road.stopped.wait()

    funded.clock.advance(ASK_MS + 1)
    funded.road.release()

    unavailable(await charged, "no")
    assert await funded.available() == 100_000


async def test_a_full_mailbox_refuses_at_once(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mailbox.MAILBOX_MAX", 4)
    path = f"/v1/accounts/{AMIRA}"
    funded.road.hold()
    on_its_way = asyncio.create_task(funded.amira.get(path))
    await funded.road.stopped.wait()
    batcher = funded.gateway.engine._batchers[
        funded.gateway.engine.partition_of(account_of("amira"))
    ]
    waiting = [asyncio.create_task(funded.amira.get(path)) for _ in range(4)]
    await funded.until(lambda: batcher.depth == 1 + 4)

    refused = await funded.amira.get(path)
    funded.road.release()

    unavailable(refused, "no")
    assert {reply.status for reply in await asyncio.gather(on_its_way, *waiting)} == {200}


async def test_a_reader_who_asks_too_much_makes_room_for_another(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mailbox.MAILBOX_MAX", 4)
    path = f"/v1/accounts/{AMIRA}"
    funded.road.hold()
    on_its_way = asyncio.create_task(funded.amira.get(path))
    await funded.road.stopped.wait()
    engine = funded.gateway.engine
    waiting = [asyncio.create_task(funded.amira.get(path)) for _ in range(4)]
    await funded.until(lambda: sum(engine.mailbox_depths()) == 1 + 4)

    another = asyncio.create_task(funded.operator.get(path))
    done, still = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    assert not another.done()
    funded.road.release()

    [pushed_out] = done
    unavailable(await pushed_out, "no")
    answers = await asyncio.gather(on_its_way, another, *still)
    assert [reply.status for reply in answers] == [200] * 5


async def test_a_quarantined_account_is_held_for_inspection(funded: House) -> None:
    amira = account_of("amira")
    partition = funded.gateway.engine.partition_of(amira)
    funded.runtime._desk(partition)._partition.quarantined.add(amira)

    refused = await funded.operator.get(f"/v1/accounts/{AMIRA}")

    unavailable(refused, "no")
    assert "held for inspection" in refused.body["detail"]
    funded.runtime.kill(partition)


async def test_money_that_was_sent_is_on_its_way_even_if_nobody_can_look(
    funded: House,
) -> None:
    body = {"from": AMIRA, "to": JONAS, "amount": money(1)}
    funded.road.meet(Fate.ARRIVES)
    funded.road.meet(Fate.NEVER_LEAVES, within_ms=ASK_MS)

    sent = await funded.amira.post("/v1/transfers", body, "key-1")

    assert (sent.status, sent.body["status"]) == (202, "sent")
    again = await funded.amira.post("/v1/transfers", body, "key-1")
    assert (again.status, again.body["status"]) == (201, "delivered")


async def test_without_the_store_nobody_new_gets_in_and_nothing_happens(
    house: House,
) -> None:
    with broken(house.store):
        refused = await house.amira.get("/v1/me")
        streamed = await house.amira.get("/v1/events")

    unavailable(refused, "no")
    unavailable(streamed, "no")


async def test_a_payment_that_cannot_be_shown_may_have_happened(funded: House) -> None:
    code = await funded.code("amira")
    await funded.lounge.get("/v1/me")  # its key is remembered, its merchant not
    funded.gateway.shared.names._merchants.clear()

    with broken(funded.store):
        unshown = await funded.charge(24_000, payer=code, key="till-1")
    paid = await funded.charge(24_000, payer=code, key="till-1")

    unavailable(unshown, "unknown")
    assert (paid.status, paid.replayed) == (201, True)
    assert await funded.available() == 76_000
