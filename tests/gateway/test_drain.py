"""Told to stop: what was accepted is answered, streams end, and nobody new gets in."""

import asyncio

from tests.gateway.harness import House
from tests.gateway.stream import Stream, ended


async def test_what_was_accepted_is_answered_after_the_stop(funded: House) -> None:
    code = await funded.code()
    funded.road.hold()
    accepted = asyncio.create_task(funded.charge(24_000, payer=code, key="till-1"))
    await funded.road.stopped.wait()

    funded.told_to_stop.set()
    while await funded.listens():
        assert not accepted.done()
    assert funded.gateway.health.draining
    funded.road.release()
    answer = await accepted

    assert answer.status == 201
    await funded.served


async def test_streams_end_so_that_their_readers_go_elsewhere(funded: House) -> None:
    async with Stream(funded, funded.amira) as phone, Stream(funded, funded.lounge) as till:
        funded.told_to_stop.set()

        assert await ended(phone)
        assert await ended(till)
        await funded.served


async def test_who_asks_for_nothing_does_not_keep_it_from_stopping(funded: House) -> None:
    _, idle = await asyncio.open_connection("127.0.0.1", funded.port)
    _, slow = await asyncio.open_connection("127.0.0.1", funded.port)
    slow.write(b"GET /healthz HTTP/1.1\r\nHost: ")
    await slow.drain()

    funded.told_to_stop.set()
    await funded.served

    for writer in (idle, slow):
        writer.close()


async def test_order_references_are_written_before_the_end(funded: House) -> None:
    paid = await funded.charge(24_000, order="A-17")

    funded.told_to_stop.set()
    await funded.served

    assert funded.gateway.shared.order_texts.statistics().buffered == 0
    assert paid.body["order"] == "A-17"
