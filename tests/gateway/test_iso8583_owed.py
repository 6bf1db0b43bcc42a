"""What a till owes ends by a judgement of it, and by nothing that merely came back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from ledger.money import Money
from terminals.iso8583 import mac
from terminals.iso8583.frames import FrameReader, frame
from terminals.iso8583.message import Message, decode
from terminals.iso8583.till import SIGN_OFF, Iso8583Till, NoAnswer
from terminals.iso8583.till_book import End
from tests.gateway.harness import House
from tests.gateway.iso8583 import Counter, Killed, Raw, Wire, counter, iso_house, purchase

PRICE = Money(1_000, "QAR")


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with iso_house(furnished_with_money, tmp_path / "data") as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    return await counter(funded, tmp_path)


async def sell(house: House, desk: Counter) -> str:
    """The payment."""
    till = desk.till()
    paid = await till.purchase(await house.code(), PRICE)
    await till.close()
    house.back_office.catch_up()
    return paid.payment


async def count_is_owed(desk: Counter, cut: tuple[int | None, int | None]) -> None:
    wire = Wire(desk.setup.port, [cut])
    async with wire.open() as port:
        till = desk.till(port)
        with pytest.raises(NoAnswer):
            await till.reconcile("QAR")
        await till.close()


@pytest.mark.parametrize("cut", [(0, None), (40, None), (None, 0), (None, 30)])
async def test_a_count_whose_answer_is_lost_is_asked_again_and_closes_one_batch(
    funded: House, desk: Counter, cut: tuple[int | None, int | None]
) -> None:
    await sell(funded, desk)
    await count_is_owed(desk, cut)

    till = desk.till()
    agreed = await till.reconcile("QAR")
    await till.close()
    await sell(funded, desk)
    till = desk.till()
    next_one = await till.reconcile("QAR")
    await till.close()

    assert (agreed.mti, agreed.get("39"), agreed.get("66")) == ("0510", "00", "1")
    assert (next_one.get("66"), next_one.get("88")) == ("1", f"{1_000:016d}")
    assert desk.book.batch_of("QAR") == 2


async def test_what_is_sold_after_a_lost_count_is_of_the_next_batch(
    funded: House, desk: Counter
) -> None:
    await sell(funded, desk)
    await count_is_owed(desk, (None, 0))

    await sell(funded, desk)
    till = desk.till()
    agreed = await till.reconcile("QAR")
    await till.close()

    assert (agreed.get("66"), agreed.get("88")) == ("1", f"{1_000:016d}")
    assert desk.book.batch_of("QAR") == 2


async def test_the_end_of_a_day_in_one_currency_leaves_the_others_open(
    funded: House, desk: Counter
) -> None:
    await funded.wallet("mei", QAR=50_000, USD=50_000)
    till = desk.till()
    await till.purchase(await funded.code("mei"), PRICE)
    await till.purchase(await funded.code("mei"), Money(700, "USD"))
    funded.back_office.catch_up()

    riyals = await till.reconcile("QAR")
    dollars = await till.reconcile("USD")
    await till.close()

    assert (riyals.get("66"), riyals.get("88")) == ("1", f"{1_000:016d}")
    assert (dollars.get("66"), dollars.get("88")) == ("1", f"{700:016d}")


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_till_killed_at_any_write_of_a_count_closes_one_batch(
    funded: House, desk: Counter, *, after: bool
) -> None:
    """number, count, (sent, answered), end."""
    for writes in range(3):
        await sell(funded, desk)
        till = Iso8583Till(desk.setup, desk.mortal(writes, after=after), funded.clock)
        with pytest.raises(Killed):
            await till.reconcile("QAR")
        await till.close()
        till = desk.till()
        agreed = await till.reconcile("QAR")
        await till.close()
        assert agreed.get("66") == "1"


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_till_killed_at_any_write_of_a_reversal_undoes_one_sale(
    funded: House, desk: Counter, *, after: bool
) -> None:
    """number, (sent, answered), end."""
    for writes in range(2):
        wire = Wire(desk.setup.port, [(None, 0)])
        async with wire.open() as port:
            till = desk.till(port)
            with pytest.raises(NoAnswer):
                await till.purchase(await funded.code(), PRICE)
            await till.close()
        till = Iso8583Till(desk.setup, desk.mortal(writes, after=after), funded.clock)
        with pytest.raises(Killed):
            await till.settle()
        await till.close()
        till = desk.till()
        await till.settle()
        await till.close()

    assert {ended.end for ended in desk.book.ends.values()} == {End.REVERSED}
    assert await funded.available() == 100_000


async def test_a_number_that_closed_a_batch_is_refused_with_other_figures(
    funded: House, desk: Counter
) -> None:
    zero = {f"e{name}": "0" * 10 for name in ("74", "76", "77")}
    zero |= {f"e{name}": "0" * 16 for name in ("86", "88", "89")}
    async with Raw(desk) as raw:
        await purchase(raw, 1, await funded.code())
        funded.back_office.catch_up()
        right = zero | {"e76": f"{1:010d}", "e88": f"{24_000:016d}"}
        await raw.ask(raw.message("0500", 3, e50="634", **right))
        other = await raw.ask(raw.message("0500", 3, e50="634", **zero))

    assert (other.get("39"), other.get("44")) == ("94", "key_reused")


async def refund_is_owed(house: House, desk: Counter) -> None:
    payment = await sell(house, desk)
    wire = Wire(desk.setup.port, [(None, 0)])
    async with wire.open() as port:
        till = desk.till(port)
        with pytest.raises(NoAnswer):
            await till.refund(payment, Money(100, "QAR"))
        await till.close()


async def test_a_refund_that_meets_a_closed_door_is_owed_until_it_is_judged(
    funded: House, desk: Counter
) -> None:
    await refund_is_owed(funded, desk)
    till = desk.till()
    await till.manage(SIGN_OFF)
    with pytest.raises(NoAnswer):
        await till.settle()
    await till.close()
    await funded.operator.post(f"/v1/terminals/{desk.id}/suspend", key=None)
    suspended = desk.till()
    with pytest.raises(NoAnswer):
        await suspended.settle()
    await suspended.close()
    await funded.operator.post(f"/v1/terminals/{desk.id}/resume", key=None)
    again = desk.till()
    await again.settle()
    await again.close()

    assert [ended.end for ended in desk.book.ends.values()] == [End.APPROVED] * 2
    assert await funded.available() == 99_100


Twist = Callable[[Message], Message]


@asynccontextmanager
async def twisting(desk: Counter, twist: Twist) -> AsyncIterator[int]:
    """The gateway, seen through somebody who knows the key and changes the answers."""
    key = desk.setup.key
    assert key is not None

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, out = await asyncio.open_connection("127.0.0.1", desk.setup.port)
        out.write(await reader.read(4_096))
        for raw in FrameReader().feed(await back.read(4_096)):
            writer.write(frame(mac.sign(twist(decode(raw)), key)))
        await reader.read()
        for end in (writer, out):
            end.close()

    server = await asyncio.start_server(carry, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def with_element(name: str, text: str) -> Twist:
    def twist(answer: Message) -> Message:
        plain = {k: v for k, v in answer.elements.items() if k not in {"64", "128"}}
        return Message(answer.mti, plain | {name: text})

    return twist


def without_response(answer: Message) -> Message:
    plain = {k: v for k, v in answer.elements.items() if k not in {"39", "64", "128"}}
    return Message(answer.mti, plain)


def as_type(mti: str) -> Twist:
    return lambda answer: Message(mti, with_element("39", "00")(answer).elements)


@pytest.mark.parametrize(
    "twist",
    [
        as_type("0200"),
        as_type("0230"),
        without_response,
        with_element("3", "200000"),
        with_element("4", "000000000999"),
        with_element("7", "0909090909"),
        with_element("12", "000001"),
        with_element("13", "0909"),
        with_element("41", "ZZZZZZZZ"),
        with_element("49", "978"),
    ],
)
async def test_what_does_not_repeat_what_was_asked_is_no_answer(
    funded: House, desk: Counter, twist: Twist
) -> None:
    async with twisting(desk, twist) as port:
        till = desk.till(port)
        till._setup = msgspec.structs.replace(till._setup, answer_s=0.3)
        with pytest.raises(NoAnswer):
            await till.purchase(await funded.code(), PRICE)
        await till.close()
    settling = desk.till()
    await settling.settle()
    await settling.close()

    assert {ended.end for ended in desk.book.ends.values()} == {End.REVERSED}


async def test_a_reversal_that_is_told_of_nobodys_code_is_owed_if_the_sale_was_not(
    funded: House, desk: Counter
) -> None:
    wire = Wire(desk.setup.port, [(None, 0)])
    async with wire.open() as port:
        till = desk.till(port)
        with pytest.raises(NoAnswer):
            await till.purchase(await funded.code(), PRICE)
        await till.close()

    def nobodys(answer: Message) -> Message:
        reversal = answer.mti == "0430"
        return with_element("39", "14" if reversal else answer.get("39"))(answer)

    async with twisting(desk, nobodys) as port:
        till = desk.till(port)
        till._setup = msgspec.structs.replace(till._setup, answer_s=2.0)
        with pytest.raises(NoAnswer):
            await till.settle()
        await till.close()
    settling = desk.till()
    await settling.settle()
    await settling.close()

    assert {ended.end for ended in desk.book.ends.values()} == {End.REVERSED}
    assert await funded.available() == 100_000


async def test_a_code_that_nobody_has_is_settled_although_its_answer_was_lost(
    funded: House, desk: Counter
) -> None:
    wire = Wire(desk.setup.port, [(None, 0)])
    async with wire.open() as port:
        till = desk.till(port)
        with pytest.raises(NoAnswer):
            await till.purchase("no code at all", PRICE)
        await till.close()
    settling = desk.till()
    await settling.settle()
    await settling.close()

    assert {ended.end for ended in desk.book.ends.values()} == {End.NEVER}
