"""`airside iso8583-till` at the real socket: codes from a picture, and as scanners type them."""

import argparse
import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ledger.money import Money
from terminals.iso8583.till import NoAnswer
from terminals.iso8583.till_options import add_iso8583_till, run
from terminals.qr_image import draw_png
from tests.gateway.harness import House
from tests.gateway.iso8583 import Counter, counter, iso_house


@pytest.fixture
async def funded(furnished_with_money: Path, tmp_path: Path) -> AsyncIterator[House]:
    async with iso_house(furnished_with_money, tmp_path / "data") as house:
        yield house


@pytest.fixture
async def desk(funded: House, tmp_path: Path) -> Counter:
    desk = await counter(funded, tmp_path)
    (tmp_path / "key.hex").write_text((desk.setup.key or b"").hex() + "\n")
    return desk


async def said(desk: Counter, *words: str, typed: str = "") -> tuple[int, str]:
    """The command's exit code and what it says, run beside the gateway."""
    parser = argparse.ArgumentParser()
    add_iso8583_till(parser)
    folder = desk.path.parent
    own = ["--port", str(desk.setup.port), "--terminal", desk.tid, "--folder", str(folder)]
    options = parser.parse_args([*own, "--key-file", str(folder / "key.hex"), *words])
    desk.let_go()
    out = io.StringIO()
    code = await asyncio.to_thread(run, options, io.StringIO(typed), out)
    return code, out.getvalue()


async def test_it_pays_by_picture_and_by_keyboard_gives_back_and_closes_its_day(
    funded: House, desk: Counter, tmp_path: Path
) -> None:
    picture = tmp_path / "phone.png"
    picture.write_bytes(draw_png(await funded.code()))

    assert (await said(desk, "sign-on"))[0] == 0
    code, told = await said(desk, "pay", "240.00", "--image", str(picture))
    payment = told.split()[-1]
    assert (code, told.startswith("approved 00 pay_")) == (0, True)
    typed = f"]Q1{await funded.code()}\r\n"
    assert (await said(desk, "pay", "10.00", "--order", "A-18", typed=typed))[0] == 0
    assert (await said(desk, "refund", payment, "40.00"))[0] == 0
    funded.back_office.catch_up()
    code, told = await said(desk, "reconcile")

    assert code == 0
    assert told.startswith("0510 ")
    assert " 66=1 " in told
    assert await funded.available() == 79_000


async def test_a_hold_is_completed_and_a_decline_says_so(
    funded: House, desk: Counter
) -> None:
    _, held = await said(desk, "hold", "240.00", typed=await funded.code() + "\n")

    done = await said(desk, "complete", held.split()[-1], "200.00")
    declined = await said(desk, "pay", "9999.00", typed=await funded.code() + "\n")

    assert done[0] == 0
    assert await funded.available() == 80_000
    assert (declined[0], declined[1].split()[:2]) == (3, ["declined", "51"])


@pytest.mark.parametrize(
    ("words", "typed", "says"),
    [
        (["pay", "1,00"], "", "that is not an amount"),
        (["pay", "1.00", "XYZ"], "", "not an ISO 4217 currency"),
        (["pay", "1.00"], "something\n", "not a payment code"),
        (["pay", "1.00"], "", "no code came"),
        (["pay", "1.00", "--image", "missing.png"], "", "No such file"),
    ],
)
async def test_what_cannot_be_asked_is_refused_before_anything_leaves(
    funded: House, desk: Counter, words: list[str], typed: str, says: str
) -> None:
    code, told = await said(desk, *words, typed=typed)

    assert code == 4
    assert says in told
    assert not desk.book.exchanges


async def test_a_key_file_without_a_key_is_refused_and_not_shown(
    funded: House, desk: Counter, tmp_path: Path
) -> None:
    (tmp_path / "key.hex").write_text("ab" * 31 + "zz")

    code, told = await said(desk, "echo")

    assert (code, "abab" in told) == (4, False)


async def test_what_is_owed_is_settled_when_the_gateway_is_back(
    funded: House, desk: Counter
) -> None:
    till = desk.till(port=1)  # nobody listens there
    with pytest.raises(NoAnswer):
        await till.purchase(await funded.code(), Money(100, "QAR"))

    assert await said(desk, "settle") == (0, "nothing is owed\n")
    assert {ended.end.value for ended in desk.book.ends.values()} == {"never"}
