"""What is wrong outside a body: keys, sizes, paths, codes, and what is not HTTP at all."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator

import aiohttp
import pytest

from gateway.config import Config
from tests.gateway.harness import AMIRA, JONAS, PROBLEM, Caller, House, Json, Reply, money

LIMIT = Config().body_bytes_max
NOBODY = "acc_" + "a" * 24


def says(reply: Reply, status: int, field: str, words: str) -> None:
    assert (reply.status, reply.kind) == (status, PROBLEM), reply.raw
    assert (reply.body["field"], reply.body["happened"]) == (field, "no")
    assert words in reply.body["detail"]
    assert reply.body["status"] == status
    assert reply.headers["Cache-Control"] == "no-store"


async def test_a_payment_needs_an_idempotency_key(funded: House) -> None:
    body = {"amount": money(1), "payer": {"code": await funded.code()}, "order": "A"}

    refused = await funded.lounge.post("/v1/payments", body, key=None)

    says(refused, 400, "Idempotency-Key", "The header Idempotency-Key is missing.")


@pytest.mark.parametrize("key", ["", "a b", "k" * 65, "schlüssel", "a/b", '"quoted"'])
async def test_an_idempotency_key_has_a_form(funded: House, key: str) -> None:
    refused = await funded.charge(1, key=key)

    says(refused, 400, "Idempotency-Key", "1 to 64 letters, digits or . _ : -")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ak_" + "a" * 32,
        "Bearer ak_" + "é" * 32,
        "Basic YW1pcmE6",
        "Bearer " + "a" * 8_000,
    ],
)
async def test_without_a_good_key_nobody_gets_in(house: House, header: str) -> None:
    reply = await house.nobody.get("/v1/me", Authorization=header)

    says(reply, 401, "Authorization", "Send a valid API key")
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert "aaa" not in reply.body["detail"]


async def test_a_customer_authorises_nothing(funded: House) -> None:
    refused = await funded.charge(1, by=funded.amira)

    says(
        refused, 403, "Authorization", "needs the scope payments, and this customer has own"
    )


@pytest.mark.parametrize("size", [LIMIT + 1, 4 * LIMIT])
async def test_a_body_that_announces_too_much_is_refused(house: House, size: int) -> None:
    refused = await house.lounge.post("/v1/payments", b" " * size)

    says(refused, 413, "$", f"{LIMIT} bytes at most")


async def _in_pieces(raw: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(raw), 1_000):
        yield raw[start : start + 1_000]


async def test_a_body_that_does_not_say_how_long_it_is_may_not_be_longer(
    house: House,
) -> None:
    headers = house.lounge.headers | {"Idempotency-Key": "key-1"}
    url = house.base + "/v1/payments"

    async with house.session.post(
        url, data=_in_pieces(b" " * (LIMIT + 1)), headers=headers
    ) as answer:
        refused = Reply(answer.status, answer.headers, await answer.read())
    async with house.session.post(
        url, data=_in_pieces(b" " * LIMIT), headers=headers
    ) as answer:
        read = Reply(answer.status, answer.headers, await answer.read())

    says(refused, 413, "$", f"{LIMIT} bytes at most")
    says(read, 400, "$", "not JSON")


async def test_a_body_is_sent_as_it_is(house: House) -> None:
    packed = gzip.compress(b" " * 10_000_000)

    for raw in (packed, b"{}"):
        refused = await house.lounge.post("/v1/payments", raw, Content_Encoding="gzip")
        says(refused, 400, "Content-Encoding", "without encoding")


async def test_a_largest_body_is_read(funded: House) -> None:
    body = {"amount": money(1), "payer": {"code": await funded.code()}, "order": "A"}
    raw = json.dumps(body).encode()

    paid = await funded.lounge.post("/v1/payments", raw + b" " * (LIMIT - len(raw)))

    assert paid.status == 201


async def test_an_unknown_account_is_named(house: House) -> None:
    unknown = await house.operator.get(f"/v1/accounts/{NOBODY}")
    malformed = await house.operator.get("/v1/accounts/acc_none")
    body = {
        "amount": money(1),
        "payer": {"account": NOBODY},
        "order": "A",
        "merchant": (await house.lounge.get("/v1/me")).body["merchant"],
    }
    charged = await house.operator.post("/v1/payments", body)

    says(unknown, 404, "id", "There is no such account.")
    says(malformed, 400, "id", "'acc_none' is not an id that begins with acc_")
    says(charged, 404, "$.payer", "There is no such account.")
    assert charged.body["reason"] == "account_not_found"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/payments/pay_none",
        "/v1/payments/lookup",
        "/v1/transfers/trf_none",
        "/v1/accounts/" + "a" * 2_000,
        "/v1/accounts/acc_%00",
        "/v1/payments/%ff%fe",
    ],
)
async def test_a_malformed_id_is_refused(house: House, path: str) -> None:
    refused = await house.operator.get(path)

    says(refused, 400, "id", "is not an id that begins with")
    assert len(refused.raw) < 1_000


async def test_what_is_not_there_is_a_problem_too(house: House) -> None:
    missing = await house.amira.get("/v1/nothing")
    wrong = await house.amira.post("/v1/me")

    assert (missing.status, missing.kind) == (404, PROBLEM)
    assert missing.body["happened"] == "no"
    assert "GET /v1/nothing" in missing.body["detail"]
    assert (wrong.status, wrong.kind) == (405, PROBLEM)
    assert wrong.body["happened"] == "no"
    assert wrong.headers["Allow"] == "GET"


def declined(reply: Reply) -> tuple[int, str, str]:
    return reply.status, reply.body["status"], reply.body["decline"]["reason"]


async def test_an_expired_code_is_declined(funded: House) -> None:
    code = await funded.code()
    funded.clock.advance(60_000)

    late = await funded.charge(1, payer=code)

    assert declined(late) == (402, "declined", "code_expired")
    assert await funded.available() == 100_000


async def test_a_code_pays_within_its_last_moment(funded: House) -> None:
    code = await funded.code()
    funded.clock.advance(59_999)

    assert (await funded.charge(1, payer=code)).status == 201


async def test_a_code_used_for_another_order_is_declined(funded: House) -> None:
    code = await funded.code()
    await funded.charge(1, payer=code, order="A-17")

    other = await funded.charge(1, payer=code, order="A-18")

    assert declined(other) == (402, "declined", "code_used")
    assert await funded.available() == 99_999


async def test_a_currency_that_the_wallet_has_not_is_declined(funded: House) -> None:
    wrong = await funded.charge(1, amount=money(1, "EUR"))

    assert declined(wrong) == (402, "declined", "wrong_currency")


async def test_a_transfer_from_anothers_account_is_not_found(funded: House) -> None:
    body = {"from": JONAS, "to": AMIRA, "amount": money(1)}

    refused = await funded.amira.post("/v1/transfers", body)

    says(refused, 404, "$.from", JONAS)


async def _raw(house: House, request: bytes) -> tuple[int, Json, bytes]:
    """One request as bytes, and its answer: status, problem, head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", house.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body), head


@pytest.mark.parametrize(
    ("request_", "status", "words"),
    [
        (b"GET /v1/me HTTP/1.1\r\nHost: x\r\nX-Big: " + b"a" * 10_000, 431, "too long"),
        (b"GET /" + b"a" * 10_000 + b" HTTP/1.1\r\nHost: x", 431, "too long"),
        (b"GET /v1/me HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ak_\x00", 400, "HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "not well-formed HTTP"),
        (b"GET /v1/me HTTP/1.1\r\nHost: x\r\nContent-Length: -1", 400, "HTTP"),
    ],
)
async def test_what_is_not_http_gets_a_problem_that_repeats_nothing(
    house: House, request_: bytes, status: int, words: str
) -> None:
    answered, problem, head = await _raw(house, request_ + b"\r\n\r\n")

    assert (answered, problem["status"]) == (status, status)
    assert words in problem["detail"]
    assert (problem["field"], problem["happened"]) == ("header", "no")
    assert b"application/problem+json" in head
    assert "ak_" not in str(problem)


async def test_a_connection_serves_on_after_a_refusal(house: House) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1)) as session:
        house.session, outer = session, house.session
        caller = Caller(house, house.amira.api_key)
        statuses = [
            (await caller.post("/v1/transfers", b"no json")).status,
            (await caller.post("/v1/transfers", b" " * (LIMIT + 1))).status,
            (await caller.get("/v1/me")).status,
        ]
        house.session = outer

    assert statuses == [400, 413, 200]
