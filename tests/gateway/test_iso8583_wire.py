"""The port of ISO 8583: frames however they are cut, garbage, many at once, late answers."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from terminals.iso8583.frames import frame
from tests.gateway.harness import House
from tests.gateway.iso8583 import Counter, Raw, counter, iso_house


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with iso_house(furnished_with_money, tmp_path / "data") as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    return await counter(funded, tmp_path)


async def test_frames_are_read_however_they_are_split_and_merged(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        echoes = b"".join(
            frame(raw.message("0800", stan, e70="301")) for stan in range(1, 9)
        )
        merged = echoes + b"\0\0"
        for place in range(0, len(merged), 7):
            await raw.send(merged[place : place + 7])
        answers = [await raw.next() for _ in range(8)]
        await raw.send(echoes)
        more = [await raw.next() for _ in range(8)]

    numbers = {f"{stan:06d}" for stan in range(1, 9)}
    assert {answer.get("11") for answer in answers if answer} == numbers
    assert {answer.get("11") for answer in more if answer} == numbers


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xff",
        b"GET / HTTP/1.1\r\n\r\n",
        frame(b"nothing that we know"),
        frame(b"0200" + b"F" * 40),
        frame(b"\x00" * 64),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
async def test_garbage_ends_its_connection_and_no_other(
    funded: House, desk: Counter, garbage: bytes
) -> None:
    async with Raw(desk) as other, Raw(desk) as raw:
        await raw.send(garbage)
        gone = await raw.next()
        echo = await other.ask(other.message("0800", 1, e70="301"))

    assert gone is None
    assert echo.get("39") == "00"


async def test_answers_and_messages_of_another_kind_get_no_answer(
    funded: House, desk: Counter
) -> None:
    async with Raw(desk) as raw:
        await raw.send(frame(raw.message("0210", 1)) + frame(raw.message("0620", 2)))
        echo = await raw.ask(raw.message("0800", 3, e70="301"))

    assert echo.get("11") == "000003"


async def test_many_messages_are_under_way_on_one_connection(
    funded: House, desk: Counter
) -> None:
    codes = [await funded.code() for _ in range(20)]
    async with Raw(desk) as raw:
        money = {"e3": "000000", "e4": "000000000100", "e49": "634"}
        await raw.send(
            b"".join(
                frame(raw.message("0200", stan, **money, e62=code))
                for stan, code in enumerate(codes, 1)
            )
        )
        answers = [await raw.next() for _ in codes]

    assert {answer.get("39") for answer in answers if answer} == {"00"}
    assert {answer.get("11") for answer in answers if answer} == {
        f"{stan:06d}" for stan in range(1, 21)
    }
    assert await funded.available() == 98_000


async def test_what_was_asked_is_done_though_the_till_has_gone(
    funded: House, desk: Counter
) -> None:
    code = await funded.code()
    money = {"e3": "000000", "e4": "000000024000", "e49": "634", "e62": code}
    funded.road.hold()
    async with Raw(desk) as raw:
        await raw.send(frame(raw.message("0200", 1, **money)))
        await funded.road.stopped.wait()
    funded.road.release()
    async with Raw(desk) as raw:
        again = await raw.ask(raw.message("0201", 1, **money))

    assert again.get("39") == "00"
    assert await funded.available() == 76_000
