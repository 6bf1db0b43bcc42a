"""The rows that we compare with keep the same promises to a caller, on a real PostgreSQL."""

from collections.abc import AsyncIterator

import asyncpg  # type: ignore[import-untyped]
import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from benchmarks.rows import Rows, open_accounts
from benchmarks.workload import DECLINED, FUNDS_MINOR, TOO_MUCH_MINOR, World
from tests.postgres_server import the_server

Client = TestClient[web.Request, web.Application]

WALLET = "acc_" + "a" * 24
WORLD = World(api_key="ak_test", wallets=[WALLET], merchants=["mer_" + "a" * 24])


@pytest.fixture
async def pool() -> AsyncIterator[asyncpg.Pool]:
    address = {"host": str(the_server().folder), "user": "airside", "database": "postgres"}
    pool = await asyncpg.create_pool(**address, min_size=4, max_size=4)
    async with pool.acquire() as connection:
        await open_accounts(connection, WORLD)
    yield pool
    async with pool.acquire() as connection:
        await connection.execute("DROP TABLE payments, accounts")
    await pool.close()


@pytest.fixture
async def client(pool: asyncpg.Pool) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_post("/v1/payments", Rows(pool, WORLD.api_key).pay)
    async with TestClient(TestServer(app)) as client:
        yield client


async def pay(client: Client, key: str, minor: int = 500) -> tuple[int, bytes, bool]:
    body = {
        "amount": {"amount_minor": minor, "currency": "QAR"},
        "payer": {"account": WALLET},
        "order": "A-17",
        "merchant": WORLD.merchants[0],
    }
    headers = {"Authorization": "Bearer ak_test", "Idempotency-Key": key}
    async with client.post("/v1/payments", json=body, headers=headers) as response:
        replayed = "Idempotent-Replayed" in response.headers
        return response.status, await response.read(), replayed


async def test_a_payment_is_taken_once_however_often_it_is_asked_for(
    client: Client, pool: asyncpg.Pool
) -> None:
    first = await pay(client, "k-1")
    again = await pay(client, "k-1")
    left = await pool.fetchval("SELECT available_minor FROM accounts")

    assert (first[0], first[2]) == (201, False)
    assert again == (201, first[1], True)
    assert msgspec.json.decode(first[1])["captured_minor"] == 500
    assert left == FUNDS_MINOR - 500


async def test_a_wallet_never_pays_more_than_it_has(
    client: Client, pool: asyncpg.Pool
) -> None:
    status, _, _ = await pay(client, "k-1", TOO_MUCH_MINOR)

    assert status == DECLINED
    assert await pool.fetchval("SELECT available_minor FROM accounts") == FUNDS_MINOR


async def test_a_key_with_another_request_is_refused(client: Client) -> None:
    await pay(client, "k-1")
    status, _, _ = await pay(client, "k-1", 600)

    assert status == 422
