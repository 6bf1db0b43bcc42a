"""The floor: `python -m benchmarks.floor PORT`, aiohttp and msgspec, and nothing behind them.

It decodes a payment's body and encodes a payment's answer, the very structs of the API. No keys
are checked, nothing is decided, nothing is kept. No gateway on these parts can be faster.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from actors import garbage
from benchmarks.leash import told_to_stop
from channels.wire import AmountView, PaymentBody, PaymentView

decode = msgspec.json.Decoder(PaymentBody).decode
_encode = msgspec.json.Encoder().encode


async def answer(request: web.Request) -> web.Response:
    return response(decode(await request.read()))


def response(body: PaymentBody) -> web.Response:
    payment = PaymentView(
        id="pay_" + "a" * 32,
        status="captured",
        amount=AmountView(body.amount.amount_minor, body.amount.currency),
        captured_minor=body.amount.amount_minor,
        refunded_minor=0,
        remaining_minor=0,
        merchant=str(body.merchant),
        merchant_name="Pearl Lounge",
        order=body.order,
        channel="terminal",
        place=body.place,
        terminal=body.terminal,
        at="2026-11-22T09:00:00.000Z",
        expires_at=None,
        decline=None,
        account=str(body.payer.account),
    )
    return web.Response(status=201, body=_encode(payment), content_type="application/json")


async def serve(
    port: int, handler: Callable[[web.Request], Awaitable[web.Response]]
) -> None:
    app = web.Application()
    app.router.add_post("/v1/payments", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    garbage.look_seldom()  # as the gateway does
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await told_to_stop().wait()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), answer))
