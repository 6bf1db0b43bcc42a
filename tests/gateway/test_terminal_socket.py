"""One connection for many requests: the same answers as over HTTP, and none is lost."""

import aiohttp
import msgspec
import pytest

from gateway.terminal_socket import UNDER_WAY_MAX
from services.principal_cache import HIT_TTL_MS
from services.principals import find_by_key, revoke_key
from tests.gateway.harness import AMIRA, LOUNGE, House, Json, money
from tests.gateway.terminal import Terminal


def payment(number: int, minor: int, payer: Json, key: str | None = None) -> Json:
    body = {"amount": money(minor), "payer": payer, "order": f"A-{number}"}
    return {
        "id": number,
        "path": "/v1/payments",
        "key": key or f"b12-{number}",
        "body": body,
    }


async def test_a_payment_answers_as_it_does_over_http(funded: House) -> None:
    code = {"code": await funded.code()}
    async with Terminal(funded, funded.lounge) as till:
        [paid] = await till.ask(payment(7, 24_000, code))
    line = payment(7, 24_000, code)
    again = await funded.lounge.post(line["path"], line["body"], line["key"])

    assert (paid["id"], paid["status"], paid["replayed"]) == (7, 201, False)
    assert paid["body"]["status"] == "captured"
    assert (again.status, again.replayed, again.body) == (201, True, paid["body"])
    assert await funded.available() == 100_000 - 24_000


async def test_many_payments_of_one_message_are_each_answered_once(funded: House) -> None:
    lines = [payment(number, 10_000, {"account": AMIRA}) for number in range(16)]
    for line in lines:
        line["body"]["merchant"] = LOUNGE
    async with Terminal(funded, funded.operator) as till:
        answers = await till.ask(*lines)
        repeated = await till.ask(*lines)

    assert [answer["id"] for answer in answers] == list(range(16))
    assert sorted(answer["status"] for answer in answers) == [201] * 10 + [402] * 6
    assert [answer["body"] for answer in repeated] == [answer["body"] for answer in answers]
    assert {answer["replayed"] for answer in repeated} == {True}
    assert await funded.available() == 0


async def test_paths_with_an_id_are_found_too(funded: House) -> None:
    async with Terminal(funded, funded.lounge) as till:
        held = payment(1, 5_000, {"code": await funded.code()})
        held["body"]["capture"] = "manual"
        [authorised] = await till.ask(held)
        path = f"/v1/payments/{authorised['body']['id']}"
        [captured] = await till.ask({"id": 2, "path": f"{path}/capture", "key": "c-1"})
        [read] = await till.ask({"id": 3, "method": "GET", "path": path})

    assert authorised["body"]["status"] == "authorised"
    assert (captured["status"], captured["body"]["status"]) == (200, "captured")
    assert read["body"] == captured["body"]


@pytest.mark.parametrize(
    ("line", "number", "status", "field"),
    [
        (b"not json", None, 400, "$"),
        (b'{"path": "/v1/payments"}', None, 400, "$.id"),
        (b'{"id": 1, "path": "/v1/me", "methods": "GET"}', None, 400, "$.methods"),
        (b'{"id": 5, "path": "/v1/nothing"}', 5, 404, "$.path"),
        (b'{"id": 5, "method": "GET", "path": "/v1/orders"}', 5, 404, "$.path"),
        (b'{"id": 5, "path": "/v1/payments", "body": {}}', 5, 400, "$.amount"),
        (b'{"id": 5, "path": "/v1/payments", "body": 7, "key": "k"}', 5, 400, "$"),
        (b'{"id": 5, "path": "/v1/accounts", "key": "k"}', 5, 403, "Authorization"),
        (b'{"id": 5, "path": "' + b"x" * 20_000 + b'"}', None, 413, "$"),
    ],
)
async def test_a_line_that_cannot_be_used_is_a_problem_and_no_end(
    funded: House, line: bytes, number: int | None, status: int, field: str
) -> None:
    async with Terminal(funded, funded.lounge) as till:
        refused, me = await till.ask(line, {"id": 9, "method": "GET", "path": "/v1/me"})

    assert (refused["id"], refused["status"]) == (number, status)
    assert (refused["body"]["field"], refused["body"]["happened"]) == (field, "no")
    assert me["status"] == 200


async def test_a_key_that_is_missing_is_named(funded: House) -> None:
    line = payment(1, 100, {"code": await funded.code()})
    del line["key"]
    async with Terminal(funded, funded.lounge) as till:
        [refused] = await till.ask(line)

    assert (refused["status"], refused["body"]["field"]) == (400, "Idempotency-Key")


async def test_nobody_gets_a_connection_without_a_key(house: House) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        async with Terminal(house, house.nobody):
            pass

    assert refused.value.status == 401


async def test_a_revoked_key_ends_the_connection(funded: House) -> None:
    asked = {"id": 1, "method": "GET", "path": "/v1/me"}
    key = funded.lounge.api_key
    assert key is not None
    async with Terminal(funded, funded.lounge) as till:
        [me] = await till.ask(asked)
        revoke_key(funded.store, key, now_ms=funded.clock.now_ms())
        assert find_by_key(funded.store, key, now_ms=funded.clock.now_ms()) is None
        funded.clock.advance(HIT_TTL_MS)
        [refused] = await till.ask(asked)
        ended = await till.next()

    assert me["status"] == 200
    assert (refused["id"], refused["status"]) == (None, 401)
    assert ended == aiohttp.WSCloseCode.GOING_AWAY


async def test_one_connection_cannot_fill_a_mailbox(funded: House) -> None:
    path = f"/v1/accounts/{AMIRA}"
    lines = [
        {"id": number, "method": "GET", "path": path} for number in range(2 * UNDER_WAY_MAX)
    ]
    funded.road.hold()
    async with Terminal(funded, funded.operator) as till:
        await till.send(*lines)
        depths = funded.gateway.engine.mailbox_depths
        await funded.until(lambda: sum(depths()) == UNDER_WAY_MAX)
        await funded.nobody.get("/healthz")
        assert sum(depths()) == UNDER_WAY_MAX
        funded.road.release()
        answers = [await till.next() for _ in lines]

    assert {answer["id"] for answer in answers} == set(range(2 * UNDER_WAY_MAX))
    assert {answer["status"] for answer in answers} == {200}


async def test_what_was_asked_before_the_stop_is_answered(funded: House) -> None:
    code = {"code": await funded.code()}
    funded.road.hold()
    async with Terminal(funded, funded.lounge) as till:
        await till.send(payment(1, 24_000, code))
        await funded.road.stopped.wait()
        funded.told_to_stop.set()
        while await funded.listens():
            pass
        funded.road.release()
        paid, ended = await till.next(), await till.next()
        await funded.served

    assert paid["status"] == 201
    assert ended == aiohttp.WSCloseCode.GOING_AWAY


async def test_a_terminal_that_has_gone_has_paid_all_the_same(funded: House) -> None:
    code = {"code": await funded.code()}
    line = payment(1, 24_000, code)
    funded.road.hold()
    async with Terminal(funded, funded.lounge) as till:
        await till.send(line)
        await funded.road.stopped.wait()
    funded.road.release()

    again = await funded.lounge.post(line["path"], line["body"], line["key"])

    assert (again.status, again.replayed) == (201, True)
    assert await funded.available() == 100_000 - 24_000


async def test_text_is_as_good_as_bytes(funded: House) -> None:
    line = msgspec.json.encode({"id": 1, "method": "GET", "path": "/v1/me"}).decode()
    async with Terminal(funded, funded.lounge) as till:
        await till.socket.send_str(line)

        assert (await till.next())["body"]["kind"] == "terminal"
