"""What most teams build: `python -m benchmarks.rows PORT SOCKET-FOLDER`: aiohttp and PostgreSQL.

One transaction for each payment, the account's row locked while it lasts, a constraint for the
idempotency key, a pool of connections, statements prepared once (asyncpg, the quickest driver).
Nothing is kept in memory, so any number of such servers may run. Its rows are fewer than a ledger
needs: one currency, no double entry, no chain, no events, no metrics, one API key.
"""

import asyncio
import sys
import time
from itertools import count

import asyncpg  # type: ignore[import-untyped]
import msgspec
from aiohttp import web

from actors import garbage
from benchmarks.leash import told_to_stop
from benchmarks.workload import FUNDS_MINOR, World
from channels.wire import AmountView, DeclineView, PaymentBody, PaymentView

# Transactions at once: more of them only wait for the two cores and for one another's rows.
POOL = 16

_SCHEMA = """
CREATE TABLE accounts (id text PRIMARY KEY, available_minor bigint NOT NULL
    CHECK (available_minor >= 0));
CREATE TABLE payments (id text PRIMARY KEY, account text NOT NULL REFERENCES accounts,
    caller text NOT NULL, key text NOT NULL, request bytea NOT NULL, answer bytea NOT NULL,
    status text NOT NULL, amount_minor bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (caller, key));
"""
_LOCK = "SELECT available_minor FROM accounts WHERE id = $1 FOR UPDATE"
_SEEN = "SELECT request, answer, status FROM payments WHERE caller = $1 AND key = $2"
_TAKE = "UPDATE accounts SET available_minor = available_minor - $2 WHERE id = $1"
_WRITE = (
    "INSERT INTO payments (id, account, caller, key, request, answer, status, amount_minor)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
)

_decode = msgspec.json.Decoder(PaymentBody).decode
_encode = msgspec.json.Encoder().encode
_canonical = msgspec.msgpack.Encoder().encode
_DECLINE = DeclineView(
    reason="insufficient_funds",
    response_code="51",
    retriable=False,
    text="The wallet does not hold enough.",
)


class Rows:
    def __init__(self, pool: asyncpg.Pool, api_key: str) -> None:
        self._pool = pool
        self._authorization = f"Bearer {api_key}"
        self._numbers = count()

    async def pay(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self._authorization:
            return web.Response(status=401)
        key = request.headers["Idempotency-Key"]
        body = _decode(await request.read())
        async with self._pool.acquire() as connection, connection.transaction():
            status, answer, replayed = await self._pay(connection, key, body)
        headers = {"Idempotent-Replayed": "true"} if replayed else None
        return web.Response(
            status=status, body=answer, content_type="application/json", headers=headers
        )

    async def _pay(
        self, connection: asyncpg.Connection, key: str, body: PaymentBody
    ) -> tuple[int, bytes, bool]:
        """HTTP status, body, replayed."""
        account, minor = str(body.payer.account), body.amount.amount_minor
        available = await connection.fetchval(_LOCK, account)
        request = _canonical(body)
        seen = await connection.fetchrow(_SEEN, "prn_bench", key)
        if seen:
            if seen["request"] != request:
                return 422, b"{}", False
            return _http(seen["status"]), seen["answer"], True
        status = "captured" if available >= minor else "declined"
        if status == "captured":
            await connection.execute(_TAKE, account, minor)
        payment = f"pay_{next(self._numbers):032d}"
        answer = _encode(_view(payment, body, status))
        await connection.execute(
            _WRITE, payment, account, "prn_bench", key, request, answer, status, minor
        )
        return _http(status), answer, False


def _http(status: str) -> int:
    return 201 if status == "captured" else 402


def _view(payment: str, body: PaymentBody, status: str) -> PaymentView:
    taken = status == "captured"
    return PaymentView(
        id=payment,
        status=status,
        amount=AmountView(body.amount.amount_minor, body.amount.currency),
        captured_minor=body.amount.amount_minor if taken else 0,
        refunded_minor=0,
        remaining_minor=0,
        merchant=str(body.merchant),
        merchant_name="Pearl Lounge",
        order=body.order,
        channel="terminal",
        place=body.place,
        terminal=body.terminal,
        at=time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        expires_at=None,
        decline=None if taken else _DECLINE,
        account=str(body.payer.account),
    )


async def open_accounts(connection: asyncpg.Connection, world: World) -> None:
    await connection.execute(_SCHEMA)
    records = [(wallet, FUNDS_MINOR) for wallet in world.wallets]
    await connection.copy_records_to_table("accounts", records=records)
    await connection.execute("VACUUM ANALYZE accounts")


async def serve(port: int, socket_folder: str, world: World) -> None:
    address = {"host": socket_folder, "user": "airside", "database": "postgres"}
    connection = await asyncpg.connect(**address)
    await open_accounts(connection, world)
    await connection.close()
    async with asyncpg.create_pool(**address, min_size=POOL, max_size=POOL) as pool:
        app = web.Application()
        app.router.add_post("/v1/payments", Rows(pool, world.api_key).pay)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        garbage.look_seldom()
        await web.TCPSite(runner, "127.0.0.1", port, backlog=1_024).start()
        await told_to_stop().wait()
        await runner.cleanup()


def main() -> None:
    world = msgspec.json.decode(sys.stdin.buffer.readline(), type=World)
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], world))


if __name__ == "__main__":
    main()
