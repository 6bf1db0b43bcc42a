"""What happens, to those who may know, the moment it is durable; and again where a stream broke."""

import asyncio

import pytest
from aiohttp import web

from ledger.entry import Entry
from ledger.errors import StoreUnreadable
from services.asking import ASK_MS
from tests.gateway.harness import AMIRA, JONAS, House, money
from tests.gateway.road import Fate
from tests.gateway.stream import Stream, ended


async def test_a_payment_reaches_the_phone_the_till_and_the_operator(funded: House) -> None:
    async with (
        Stream(funded, funded.amira) as phone,
        Stream(funded, funded.lounge) as till,
        Stream(funded, funded.operator) as desk,
    ):
        paid = await funded.charge(24_000)
        seen = [await stream.next() for stream in (phone, till, desk)]

    assert {event.name for event in seen if event} == {"payment"}
    own = paid.body | {"account": AMIRA}
    data = {"kind": "purchased", "at": paid.body["at"], "account": AMIRA, "payment": own}
    assert [event.data for event in seen if event] == [
        data,
        data | {"account": None, "payment": paid.body},
        data,
    ]


async def test_nobody_else_learns_of_it(funded: House) -> None:
    async with (
        Stream(funded, funded.jonas) as other_phone,
        Stream(funded, funded.dutyfree) as other_till,
    ):
        await funded.charge(24_000)
        code = await funded.code("jonas")
        theirs = await funded.charge(100, payer=code, by=funded.dutyfree)
        seen = [await other_phone.next(), await other_till.next()]

    # Their first event is their own.
    assert [event.data["payment"]["id"] for event in seen if event] == [
        theirs.body["id"]
    ] * 2


async def test_without_a_key_there_is_no_stream(funded: House) -> None:
    refused = await funded.nobody.get("/v1/events")

    assert (refused.status, refused.body["field"]) == (401, "Authorization")


async def test_all_that_happens_to_a_payment_is_told_with_the_payment_as_it_stands(
    funded: House,
) -> None:
    async with Stream(funded, funded.lounge) as till:
        hold = await funded.charge(24_000, capture="manual")
        path = f"/v1/payments/{hold.body['id']}"
        held = await till.next()
        await funded.lounge.post(f"{path}/capture", {"amount": money(4_000)})
        captured = await till.next()
        await funded.lounge.post(f"{path}/refund")
        refunded = await till.next()
        await funded.charge(900_000)
        declined = await till.next()

    events = [event for event in (held, captured, refunded, declined) if event]
    assert [(event.data["kind"], event.data["payment"]["status"]) for event in events] == [
        ("authorised", "authorised"),
        ("captured", "captured"),
        ("refunded", "captured"),
        ("declined", "declined"),
    ]
    assert [event.data["payment"]["refunded_minor"] for event in events] == [0, 0, 4_000, 0]


async def test_a_transfer_is_told_to_both_ends(funded: House) -> None:
    async with (
        Stream(funded, funded.amira) as source,
        Stream(funded, funded.jonas) as target,
    ):
        body = {"from": AMIRA, "to": JONAS, "amount": money(1)}
        await funded.amira.post("/v1/transfers", body)
        sent, delivered = await source.next(), await source.next()
        received = await target.next()

    events = [event for event in (sent, delivered, received) if event]
    assert [event.data["kind"] for event in events] == [
        "transfer_sent",
        "transfer_delivered",
        "transfer_received",
    ]
    assert {event.name for event in events} == {"transfer"}
    assert [event.data["account"] for event in events] == [AMIRA, AMIRA, JONAS]


async def test_a_freeze_is_told(funded: House) -> None:
    async with Stream(funded, funded.amira) as phone:
        await funded.operator.post(f"/v1/accounts/{AMIRA}/freeze")
        event = await phone.next()

    assert event
    assert (event.name, event.data["kind"]) == ("account", "account_frozen")
    assert event.data["payment"] is None


async def charge_orders(funded: House, *numbers: int) -> None:
    for number in numbers:
        who = "amira" if number % 2 else "jonas"
        code = await funded.code(who)
        await funded.charge(100, payer=code, order=f"A-{number}")


async def orders_of(stream: Stream, count: int) -> list[str]:
    events = [await stream.next() for _ in range(count)]
    return [event.data["payment"]["order"] for event in events if event]


@pytest.mark.parametrize("seen", range(7))
async def test_a_stream_goes_on_where_it_broke(funded: House, seen: int) -> None:
    """Without loss or repetition, wherever it breaks, over two journals."""
    async with Stream(funded, funded.lounge) as till:
        await charge_orders(funded, *range(6))
        orders = await orders_of(till, seen)
        last_id = till.last_id
    await charge_orders(funded, 6, 7)

    async with Stream(funded, funded.lounge, last_id) as till:
        orders += await orders_of(till, 8 - seen)
        await charge_orders(funded, 8)
        orders += await orders_of(till, 1)

    assert sorted(orders) == [f"A-{number}" for number in range(9)]
    assert orders[-1] == "A-8"


async def test_a_stream_without_an_id_begins_with_now(funded: House) -> None:
    await charge_orders(funded, 1, 2, 3)

    async with Stream(funded, funded.lounge) as till:
        await charge_orders(funded, 4)

        assert await orders_of(till, 1) == ["A-4"]


@pytest.mark.parametrize(
    "last_id", ["", "yesterday", "0.²,1.٣", "7.1", "0.99999999,1.99999999", "0.-1", ",.,"]
)
async def test_an_id_that_is_not_ours_begins_with_now(funded: House, last_id: str) -> None:
    await charge_orders(funded, 1, 2)

    async with Stream(funded, funded.lounge, last_id) as till:
        await charge_orders(funded, 3)

        assert await orders_of(till, 1) == ["A-3"]


async def test_a_stream_that_was_away_too_long_begins_with_now(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.events.CATCH_UP_MAX", 1)
    async with Stream(funded, funded.lounge) as till:
        last_id = till.last_id
    await charge_orders(funded, 0, 1, 2, 3)

    async with Stream(funded, funded.lounge, last_id) as till:
        await charge_orders(funded, 4)

        assert await orders_of(till, 1) == ["A-4"]


async def test_a_stream_that_resumes_is_not_told_again_what_a_quicker_gateway_told_it(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This gateway has not looked at the journals yet when the reader comes with a later place."""
    hub = funded.gateway.hub
    async with Stream(funded, funded.lounge):
        monkeypatch.setattr(hub, "_pump", lambda: False)
        await charge_orders(funded, 1, 2)
        ends = ",".join(f"{n}.{funded.journals.reader(n).tip().seq}" for n in (0, 1))
        monkeypatch.undo()
        async with Stream(funded, funded.lounge, ends) as till:
            await charge_orders(funded, 3)
            event = await till.next()

    assert event
    assert event.data["payment"]["order"] == "A-3"


class Gate:
    """In front of what is written to streams: it holds every event until it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.open = asyncio.Event()
        self.waiting = asyncio.Event()
        write = web.StreamResponse.write

        async def gated(response: web.StreamResponse, text: bytes) -> None:
            if b"data:" in text:
                self.waiting.set()
                await self.open.wait()
            await write(response, text)

        monkeypatch.setattr(web.StreamResponse, "write", gated)


async def test_a_slow_reader_is_cut_off_and_loses_nothing(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.events.WAITING_MAX", 2)
    gate = Gate(monkeypatch)
    async with (
        Stream(funded, funded.lounge) as till,
        Stream(funded, funded.operator) as desk,
    ):
        await charge_orders(funded, 1)
        await gate.waiting.wait()
        await charge_orders(funded, *range(2, 9))
        await funded.until(lambda: not funded.gateway.hub._subscribers)
        gate.open.set()
        orders = [(await orders_of(till, 1))[0]]
        assert await ended(till)
        assert await ended(desk)

    async with Stream(funded, funded.lounge, till.last_id) as till:
        orders += await orders_of(till, 8 - len(orders))

    assert sorted(orders) == [f"A-{number}" for number in range(1, 9)]


async def test_a_reader_that_takes_nothing_is_dropped(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(monkeypatch)
    async with Stream(funded, funded.lounge) as till:
        monkeypatch.setattr("gateway.web.KEEP_ALIVE_S", 0.01)
        await charge_orders(funded, 1)
        await gate.waiting.wait()

        assert await ended(till)
    await funded.until(lambda: not funded.gateway.hub.streams)


async def test_a_quiet_stream_is_kept_alive(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.KEEP_ALIVE_S", 0.01)

    async with Stream(funded, funded.amira) as phone:
        assert await phone.block() == {"": "still here"}
        assert await phone.block() == {"": "still here"}


async def test_draining_ends_every_stream_and_begins_no_other(funded: House) -> None:
    async with Stream(funded, funded.amira) as phone, Stream(funded, funded.lounge) as till:
        await funded.charge(24_000)
        funded.gateway.hub.end_streams()

        assert await ended(phone)
        assert await ended(till)
    async with Stream(funded, funded.amira) as late:
        assert await late.next() is None


async def test_there_are_only_so_many_streams(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.events.STREAMS_MAX", 1)

    async with Stream(funded, funded.amira):
        refused = await funded.jonas.get("/v1/events")

    assert (refused.status, refused.body["happened"]) == (503, "no")
    assert refused.headers["Retry-After"] == "1"


async def test_an_event_comes_even_if_its_payment_cannot_be_read(funded: House) -> None:
    code = await funded.code()
    async with Stream(funded, funded.amira) as phone:
        funded.road.meet(Fate.ARRIVES)
        funded.road.meet(Fate.NEVER_LEAVES, within_ms=ASK_MS)
        await funded.charge(24_000, payer=code)
        event = await phone.next()

    assert event
    assert (event.data["kind"], event.data["payment"]) == ("purchased", None)


async def test_a_journal_that_cannot_be_read_for_a_while_loses_no_event(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable() -> list[Entry]:
        raise StoreUnreadable("a journal", "disk I/O error")

    async with Stream(funded, funded.lounge) as till:
        for tail in funded.gateway.hub._tails:
            monkeypatch.setattr(tail, "next", unreadable)
        await charge_orders(funded, 1, 2)
        monkeypatch.undo()
        orders = await orders_of(till, 2)

    assert sorted(orders) == ["A-1", "A-2"]
