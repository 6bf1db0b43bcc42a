"""The connection cut at every byte, the till killed at every step: never two debits, and the day
ties to the unit.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.money import Money
from terminals.iso8583.till import Iso8583Till, NoAnswer
from terminals.iso8583.till_book import Book, BookDamaged, BookInUse, End, Line
from tests.gateway.harness import House
from tests.gateway.iso8583 import Counter, Killed, Wire, counter, iso_house, until_settled
from tests.gateway.road import Fate

PRICE = Money(1_000, "QAR")
START_MINOR = 100_000


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with iso_house(furnished_with_money, tmp_path / "data") as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    return await counter(funded, tmp_path)


async def ties(house: House, desk: Counter) -> None:
    """The wallet, the till's book and the host's totals tell one story."""
    book = desk.book
    taken = sum(
        exchange.amount.amount_minor
        for stan, exchange in book.exchanges.items()
        if book.ends[stan].end is End.APPROVED
    )
    assert await house.available() == START_MINOR - taken
    assert await house.held() == 0
    house.back_office.catch_up()
    till = desk.till()
    agreed = await till.reconcile("QAR")
    await till.close()
    assert (agreed.get("39"), agreed.get("66")) == ("00", "1")
    assert agreed.get("97") == f"C{taken:016d}"


async def sale_bytes(house: House, desk: Counter) -> tuple[int, int]:
    """How long a purchase and its answer are on the wire."""
    wire = Wire(desk.setup.port, [])
    async with wire.open() as port:
        till = desk.till(port)
        await till.purchase(await house.code(), PRICE)
        await till.close()
    there, back = wire.passed[0]
    return there, back


@pytest.mark.slow
async def test_a_purchase_cut_at_any_byte_is_paid_once_or_not_at_all(
    funded: House, desk: Counter
) -> None:
    """Each class of byte: the length, the type, the bitmap, elements, the code, one missing."""
    there, back = await sale_bytes(funded, desk)
    places = [0, 1, 2, 3, 6, 14, 22, 40, there // 2, there - 17, there - 1]
    cuts: list[tuple[int | None, int | None]] = [(place, None) for place in places]
    cuts += [(None, place) for place in (0, 1, 2, 3, 6, 22, back // 2, back - 17, back - 1)]
    for cut in cuts:
        wire = Wire(desk.setup.port, [cut])
        async with wire.open() as port:
            till = desk.till(port)
            with pytest.raises(NoAnswer):
                await till.purchase(await funded.code(), PRICE)
            await till.close()
        await until_settled(desk, desk.till)

    ends = {ended.end for ended in desk.book.ends.values()}
    assert ends == {End.APPROVED, End.REVERSED, End.NEVER}
    await ties(funded, desk)


@pytest.mark.slow
async def test_a_reversal_cut_at_any_byte_is_sent_again_until_it_is_answered(
    funded: House, desk: Counter
) -> None:
    there, back = await sale_bytes(funded, desk)
    for cut in [
        (0, None),
        (1, None),
        (there, None),
        (None, 0),
        (None, 1),
        (None, back // 2),
    ]:
        lost = Wire(desk.setup.port, [(None, 1), cut, cut])
        async with lost.open() as port:
            till = desk.till(port)
            with pytest.raises(NoAnswer):
                await till.purchase(await funded.code(), PRICE)
            for _ in range(2):
                with pytest.raises(NoAnswer):
                    await till.settle()
            await till.close()
        await until_settled(desk, desk.till)

    assert {ended.end for ended in desk.book.ends.values()} == {End.APPROVED, End.REVERSED}
    await ties(funded, desk)


@pytest.mark.slow
async def test_a_refund_and_a_completion_that_are_cut_happen_once(
    funded: House, desk: Counter
) -> None:
    till = desk.till()
    paid = await till.purchase(await funded.code(), PRICE)
    held = await till.hold(await funded.code(), PRICE)
    await till.close()
    for cut in [(3, None), (40, None), (None, 0), (None, 30)]:
        wire = Wire(desk.setup.port, [cut, cut])
        async with wire.open() as port:
            till = desk.till(port)
            with pytest.raises(NoAnswer):
                await till.refund(paid.payment, Money(100, "QAR"))
            with pytest.raises(NoAnswer):
                await till.settle()
            await till.close()
        await until_settled(desk, desk.till)
    wire = Wire(desk.setup.port, [(None, 0)])
    async with wire.open() as port:
        till = desk.till(port)
        with pytest.raises(NoAnswer):
            await till.complete(held.payment, Money(600, "QAR"))
        await till.close()
    await until_settled(desk, desk.till)

    funded.back_office.catch_up()
    till = desk.till()
    agreed = await till.reconcile("QAR")
    await till.close()
    assert await funded.available() == START_MINOR - 1_000 - 600 + 400
    assert agreed.get("66") == "1"
    assert (agreed.get("74"), agreed.get("86")) == (f"{4:010d}", f"{400:016d}")
    assert (agreed.get("76"), agreed.get("88")) == (f"{2:010d}", f"{1_600:016d}")


async def sell_and_give_back(till: Iso8583Till, code: str) -> None:
    paid = await till.purchase(code, PRICE)
    await till.refund(paid.payment, Money(100, "QAR"))


@pytest.mark.slow
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_a_till_killed_at_any_write_pays_once_and_its_day_ties(
    funded: House, desk: Counter, *, after: bool
) -> None:
    """number, begin, (sent, answered), end: and the same of a refund."""
    for writes in range(6):
        till = Iso8583Till(desk.setup, desk.mortal(writes, after=after), funded.clock)
        with pytest.raises(Killed):
            await sell_and_give_back(till, await funded.code())
        await till.close()
        await until_settled(desk, desk.till)

    book = desk.book
    refunds = [
        book.ends[stan].end for stan, one in book.exchanges.items() if one.kind == "refund"
    ]
    assert set(refunds) == {End.APPROVED}
    funded.back_office.catch_up()
    till = desk.till()
    agreed = await till.reconcile("QAR")
    await till.close()
    sales, given = int(agreed.get("88")), int(agreed.get("86")) + int(agreed.get("89"))
    assert agreed.get("66") == "1"
    assert await funded.available() == START_MINOR - sales + given


async def test_a_gateway_that_does_not_know_says_nothing_and_the_till_reverses(
    funded: House, desk: Counter
) -> None:
    code = await funded.code()
    funded.road.meet(Fate.LOSES_ITS_ANSWER, within_ms=4_000)
    impatient = desk.till()
    impatient._setup = type(desk.setup)(
        host=desk.setup.host,
        port=desk.setup.port,
        terminal=desk.tid,
        key=desk.setup.key,
        answer_s=1.0,
    )

    with pytest.raises(NoAnswer):
        await impatient.purchase(code, PRICE)
    assert await funded.available() == START_MINOR - 1_000
    await impatient.settle()
    await impatient.close()

    assert {ended.end for ended in desk.book.ends.values()} == {End.REVERSED}
    await ties(funded, desk)


async def test_an_account_that_cannot_be_reached_is_91_and_nothing_happened(
    funded: House, desk: Counter
) -> None:
    code = await funded.code()
    funded.road.meet(Fate.NEVER_LEAVES, within_ms=4_000)
    till = desk.till()

    refused = await till.purchase(code, PRICE)
    await till.close()

    assert (refused.end, refused.response) == (End.DECLINED, "91")
    await ties(funded, desk)


def test_a_torn_last_line_of_the_book_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "book.jsonl"
    book = Book(path)
    assert [book.next_stan() for _ in range(3)] == [1, 2, 3]
    book.close()
    path.write_bytes(path.read_bytes()[:-4])

    assert Book(path).next_stan() == 3


def test_a_torn_line_in_the_middle_of_the_book_is_named_and_not_shown(
    tmp_path: Path,
) -> None:
    path = tmp_path / "book.jsonl"
    path.write_bytes(b'{"number":1}\n{"number":"secret\n{"number":3}\n')

    with pytest.raises(BookDamaged, match=r"line 2 ") as refused:
        Book(path)
    assert "secret" not in str(refused.value)


def test_a_book_is_opened_by_one_till_at_a_time(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.jsonl")

    with pytest.raises(BookInUse):
        Book(tmp_path / "book.jsonl")
    book.close()

    Book(tmp_path / "book.jsonl").close()


def test_a_disk_that_takes_a_line_in_parts_has_all_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.write
    monkeypatch.setattr(os, "write", lambda file, raw: whole(file, bytes(raw[:5])))
    book = Book(tmp_path / "book.jsonl")
    book.next_stan()
    book.close()

    assert Book(tmp_path / "book.jsonl").next_stan() == 2


def test_trace_numbers_come_round_after_999999(tmp_path: Path) -> None:
    book = Book(tmp_path / "book.jsonl")
    book._put(Line(number=999_999))

    assert book.next_stan() == 1
