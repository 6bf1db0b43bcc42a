"""A till takes wallet cards through the real pcscd, whatever is done to the card."""

import argparse
import asyncio
from pathlib import Path

import pytest

from terminals import pos_scan
from terminals.bench_reader.daemon import Pcscd
from terminals.bench_reader.slot import InSlot
from tests.bench_reader.bench import NAME, READERS, Bench, TornAt, Watched, an_empty_card
from tests.bench_reader.road import Road
from tests.bench_reader.till import CardTill
from tests.bench_reader.till_process import ForkedTill
from tests.gateway.cards import PIN, make_chip, make_stripe, wallet_card, written
from tests.gateway.harness import AMIRA, House


@pytest.fixture
def till(funded: House, bench: Bench, tmp_path: Path) -> CardTill:
    return CardTill(funded, bench, tmp_path)


async def declines(house: House) -> list[str]:
    reply = await house.operator.get(f"/v1/accounts/{AMIRA}/entries")
    return [each["decline"] for each in reply.body["entries"] if each["decline"]]


async def test_a_till_pays_by_wallet_card(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)

    with bench.holding(program):
        code, screen = await till.take("20.00")

    assert code == 0
    assert "20.00 QAR: tap the card, or scan the code" in screen
    assert "*** PAID ***" in till.receipt.read_text()
    assert await funded.available() == 98_000


async def test_a_card_may_come_after_the_amount(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)
    taking = asyncio.create_task(till.take("20.00"))
    await funded.until(lambda: till.receipt.parent.joinpath("till-0").exists())

    with bench.holding(program):
        code, _ = await taking

    assert code == 0


async def test_above_the_limit_the_pin_is_asked_for_and_not_shown(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)

    with bench.holding(program):
        code, screen = await till.take("500.00", keys=f"12\n1111\n{PIN}\n")

    assert code == 0
    assert "A PIN has 4 to 8 digits." in screen
    assert "The pin is wrong; tries left: 2." in screen
    assert PIN not in screen
    assert await funded.available() == 50_000


async def test_without_its_pin_the_card_is_declined_above_the_limit(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)

    with bench.holding(program):
        code, screen = await till.take("500.00", keys="\n")

    assert code == 3
    assert "its PIN is needed. (70)" in screen
    assert await funded.available() == 100_000


@pytest.mark.parametrize("moment", ["before it hears", "before it has answered"])
@pytest.mark.parametrize("at", [1, 2, 3, 4, 5])
async def test_a_card_torn_out_at_any_command_pays_once_when_it_comes_back(
    funded: House, bench: Bench, till: CardTill, at: int, moment: str
) -> None:
    """SELECT, GET CHALLENGE, AUTHENTICATE, VERIFY, PAY."""
    _, program = await wallet_card(funded)
    torn = TornAt(program, at, heard=moment == "before it has answered")
    first = InSlot(torn, bench.daemon.slots[0])
    taking = asyncio.create_task(till.take("500.00", keys=f"{PIN}\n{PIN}\n"))
    await asyncio.to_thread(first.wait)
    assert torn.asked == at
    assert not till.receipt.exists()
    assert await funded.available() == 100_000

    with bench.holding(program):
        code, screen = await taking

    assert code == 0
    assert "taken away too early" in screen
    assert "*** PAID ***" in till.receipt.read_text()
    assert await funded.available() == 50_000
    assert await declines(funded) == []


async def test_a_card_torn_out_for_good_pays_nothing(
    funded: House, bench: Bench, till: CardTill
) -> None:
    """Another customer's card comes instead."""
    _, program = await wallet_card(funded)
    jonas = written(funded, await make_chip(funded), "")
    first = InSlot(TornAt(program, 4, heard=True), bench.daemon.slots[0])
    taking = asyncio.create_task(till.take("20.00"))
    await asyncio.to_thread(first.wait)

    with bench.holding(jonas):
        code, _ = await taking

    assert code == 0
    assert await funded.available() == 98_000
    assert (program.memory.counter, jonas.memory.counter) == (1, 1)


async def test_a_card_that_stays_does_not_pay_for_the_next_customer(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)
    slot = InSlot(program, bench.daemon.slots[0])
    selling = asyncio.create_task(till.open("20.00\n20.00\n"))
    await funded.until(lambda: "Take the card away." in till.screen.getvalue())
    assert program.memory.counter == 1
    await asyncio.to_thread(slot.pull)

    with bench.holding(program):
        code, screen = await selling

    assert code == 0
    assert "Take the card away." in screen
    assert program.memory.counter == 2
    assert await funded.available() == 96_000


async def test_an_empty_card_and_a_card_of_another_issuer_are_told_apart_from_ours(
    funded: House, bench: Bench, till: CardTill
) -> None:
    card, program = await wallet_card(funded)
    foreign = written(funded, card)
    foreign.memory.key = bytes(16)
    taking = asyncio.create_task(till.take("20.00"))
    for other in (an_empty_card(), foreign):
        watched = Watched(other)
        slot = InSlot(watched, bench.daemon.slots[0])
        await asyncio.to_thread(watched.released.wait)
        await asyncio.to_thread(slot.pull)
        assert other.memory.counter == 0

    with bench.holding(program):
        code, screen = await taking

    assert code == 0
    assert "not a wallet card of ours" in screen
    assert "does not accept this gateway" in screen


async def test_a_card_that_the_gateway_does_not_know_is_said_to_be_unknown(
    funded: House, bench: Bench, till: CardTill
) -> None:
    _, program = await wallet_card(funded)
    program.memory.card = bytes([7]) * 15

    with bench.holding(program):
        code, screen = await till.take("20.00")

    assert code == 4
    assert "There is no card" in screen
    assert "Nothing was sent." in screen


async def test_a_reader_that_is_not_there_leaves_the_sale_to_the_code(
    funded: House, till: CardTill
) -> None:
    till.words[till.words.index("--reader") + 1] = "Gemplus"
    trouble = "There is no card reader 'Gemplus'; plugged in: Airside Bench 00 00"

    code, screen = await till.take("20.00", keys=f"{await funded.code()}\n")
    _, opened = await till.open("")

    assert code == 0
    assert trouble in screen
    assert "No card can be read just now: scan the code." in screen
    assert await funded.available() == 98_000
    assert trouble in opened, "before the first customer comes"


@pytest.mark.slow
async def test_a_service_that_dies_stops_no_sale_and_is_found_again_by_the_next(
    funded: House, bench: Bench, till: CardTill
) -> None:
    """While a till waits for a card its pcscd ends; it is back for the next customer."""
    _, program = await wallet_card(funded)
    code, folder = await funded.code(), bench.daemon.socket.parent
    daemon, seller = Pcscd(folder / "mortal", [NAME], drivers=bench.drivers), ForkedTill()
    slots: list[InSlot] = []

    def is_used() -> bool:
        """Whoever listens and whoever is connected have a line each."""
        return Path("/proc/net/unix").read_text().count(str(daemon.socket)) > 1

    def started_again() -> None:
        road.at = ""
        daemon.__enter__()
        slots.append(InSlot(program, daemon.slots[0]))

    async with Road(funded) as road:
        till.words[till.words.index(funded.base)] = road.base
        with daemon:
            keys = f"20.00\n{code}\n20.00\n"
            seller.start(till.words, keys, funded.clock.now_ms(), daemon.environment)
            await funded.until(is_used)
        road.at, road.act = "after payments", started_again
        ended = await asyncio.to_thread(seller.end)
    slots[0].pull()
    daemon.__exit__(None, None, None)

    assert ended == 0
    assert await funded.available() == 96_000
    assert program.memory.counter == 1


async def test_a_card_that_was_left_in_the_reader_stops_no_sale_by_code(
    funded: House, bench: Bench, till: CardTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, program = await wallet_card(funded)
    code = await funded.code()

    def typed(_keys: object) -> bool:
        """Somebody types as soon as the till wants the card to be taken away."""
        return "Take the card away." in till.screen.getvalue()

    monkeypatch.setattr(pos_scan, "has_typed", typed)
    with bench.holding(program):
        ended, screen = await till.open(f"20.00\n20.00\n{code}\n")

    assert ended == 0
    assert screen.count(" PAID ") >= 2
    assert program.memory.counter == 1
    assert await funded.available() == 96_000


async def test_a_whole_screen_refuses_a_reader(
    funded: House, tmp_path: Path, bench: Bench
) -> None:
    till = CardTill(funded, bench, tmp_path)
    till.words.append("--full")

    code, screen = await till.open("")

    assert code == 1
    assert "--full takes no cards yet" in screen


async def test_an_order_that_could_be_a_card_s_number_is_not_journalled(
    funded: House, tmp_path: Path, bench: Bench
) -> None:
    number = "4111111111111111"
    till = CardTill(funded, bench, tmp_path)

    with pytest.raises(argparse.ArgumentError) as refused:
        await till.take("20.00", number)
    _, screen = await till.open(f"20.00 {number}\n")

    assert number not in str(refused.value)
    assert number not in screen
    assert "hat could be a bank card's number" in screen
    journal = b"".join(path.read_bytes() for path in (tmp_path / "till-0").iterdir())
    assert number.encode() not in journal


async def test_four_tills_with_four_cards_work_at_once(
    funded: House, bench: Bench, tmp_path: Path
) -> None:
    tills = [CardTill(funded, bench, tmp_path, number) for number in range(READERS)]
    programs = [(await wallet_card(funded))[1] for _ in tills]
    slots = [
        InSlot(each, slot) for each, slot in zip(programs, bench.daemon.slots, strict=True)
    ]

    ended = await asyncio.gather(
        *(till.take("10.00", f"A-{number}") for number, till in enumerate(tills))
    )
    for slot in slots:
        slot.pull()

    assert [code for code, _ in ended] == [0] * READERS
    assert await funded.available() == 100_000 - 1_000 * READERS


async def test_a_till_with_a_reader_takes_a_swiped_gift_card_too(
    funded: House, tmp_path: Path, bench: Bench
) -> None:
    account, number = await make_stripe(funded, 20_000)
    till = CardTill(funded, bench, tmp_path)
    del till.words[till.words.index("--reader") : till.words.index("--receipt")]

    bank = ";4111111111111111=2812101123400001?"
    code, screen = await till.take("50.00", keys=f"{bank}\n;{number}=2812?\n")

    assert code == 0
    assert "bank cards are not swiped here" in screen
    assert number not in screen
    assert "4111" not in screen
    assert await funded.available(account) == 15_000
