"""The port of ISO 8583: frames however they are cut, garbage, many at once, late answers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from gateway import iso8583_listener
from terminals.iso8583.frames import frame
from tests.fuzz.frames import frames
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


DOCUMENTED = {
    "00",
    "12",
    "13",
    "14",
    "25",
    "30",
    "51",
    "54",
    "58",
    "65",
    "91",
    "94",
    "95",
    "96",
}
FORMS = {
    "3": ("000000", "200000", "310000"),
    "4": ("000000000001", "000000000000", "999999999999"),
    "7": ("1122115930", "9999999999"),
    "12": ("120000", "999999"),
    "13": ("1122", "0229", "0000"),
    "48": ("A-17", " ", "4111 1111 1111 1111", "x" * 64),
    "49": ("634", "978", "999", "959"),
    "50": ("634", "000"),
    "63": ("pay_" + "a" * 32, "pay_", "?"),
    "70": ("001", "301", "000"),
    "76": ("0000000000", "9999999999"),
    "2": ("4111111111111111",),
    "95": ("0" * 42,),
    "90": ("0200000017112200000000000000000000000000000000"[:42], "0" * 42, "9" * 42),
}
TYPES = ("0100", "0200", "0201", "0220", "0400", "0420", "0421", "0500", "0800")


def nonsense(source: Random, codes: list[str]) -> tuple[str, dict[str, str]]:
    """A message that could pay, with up to three elements of another kind, or without one."""
    code = source.choice([*codes, *codes, "hQVDUFYwMQ==", "x"])
    elements = {"e3": "000000", "e4": "000000000001", "e49": "634", "e62": code}
    for name in source.sample(sorted(FORMS), source.choice((0, 0, 1, 1, 2, 3))):
        elements[f"e{name}"] = source.choice(FORMS[name])
    if source.random() < 0.2:
        del elements[source.choice(sorted(elements))]
    return source.choice(TYPES), elements


@pytest.mark.slow
async def test_signed_nonsense_is_answered_with_documented_codes_and_nothing_breaks(
    funded: House, desk: Counter, capfd: pytest.CaptureFixture[str]
) -> None:
    """What pays in between pays as the ledger says, which verifies when the house stops."""
    source, codes = Random(20_261_122), [await funded.code() for _ in range(4)]
    seen = set()
    async with Raw(desk) as raw:
        for stan in range(1, 401):
            mti, elements = nonsense(source, codes)
            answer = await raw.ask(raw.message(mti, stan % 60 + 1, **elements))
            assert answer.mti[:2] == mti[:2]
            seen.add(answer.get("39"))

    assert seen <= DOCUMENTED
    assert {"00", "12", "14", "25", "30", "94"} <= seen
    shown = capfd.readouterr()
    assert "failed unexpectedly" not in shown.out + shown.err
    assert await funded.held() + await funded.available() <= 100_000


@pytest.mark.slow
async def test_fuzzed_frames_at_the_socket_end_at_most_their_connection(
    funded: House, desk: Counter, capfd: pytest.CaptureFixture[str]
) -> None:
    for number in range(150):
        async with Raw(desk) as raw:
            await raw.send(frames(Random(f"wire/{number}")))
            raw.writer.write_eof()
            while await raw.next() is not None:
                pass
    async with Raw(desk) as raw:
        echo = await raw.ask(raw.message("0800", 1, e70="301"))

    assert echo.get("39") == "00"
    shown = capfd.readouterr()
    assert "failed unexpectedly" not in shown.out + shown.err
    assert "4111111111111111" not in shown.out + shown.err


@pytest.mark.slow
async def test_a_frame_that_drips_in_holds_its_place_no_longer_than_one_that_stands_still(
    funded: House, desk: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(iso8583_listener, "FRAME_S", 0.3)
    drops = 0
    async with Raw(desk) as raw:
        await raw.send(b"\x01\x00")
        while drops < 100:
            try:
                async with asyncio.timeout(0.05):
                    assert await raw.reader.read(1) == b""
                break
            except TimeoutError:
                drops += 1
                await raw.send(b"0")

    assert drops < 50


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
        await raw.send(
            b"".join(frame(raw.message(f"080{n}", 4, e70="301")) for n in range(2, 10))
        )
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
