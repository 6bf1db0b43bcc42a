import argparse
import asyncio
import io
import os
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from random import Random

import msgspec
import pytest

from channels.web.demo import demo_key
from ledger.clock import ManualClock
from terminals.attempt import Origin
from terminals.pos import Console, run
from terminals.pos_options import KEY_VARIABLE, add_options
from terminals.pos_screen import Screen, unechoed, wants_colour
from terminals.qr_image import draw_png
from terminals.till_journal import TillJournal
from tests.scanning.distortions import gate
from tests.scanning.videos import y4m
from tests.terminals.real_gateway import BadRoad, Operator
from tests.terminals.till_world import LOOK_UPS, PAYS, REVERSALS, World

Seen = tuple[int, str]
Pos = Callable[..., Awaitable[Seen]]


def options_of(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(exit_on_error=False)
    add_options(parser)
    return parser.parse_args(words)


async def no_sleep(_seconds: float) -> None:
    pass


@pytest.fixture
def pos(tmp_path: Path, road: BadRoad, clock: ManualClock) -> Pos:
    """`airside pos` with these words, keys and script: its exit code and its screen."""

    async def pos(
        *words: str, keys: str = "", script: tuple[str, ...] = (), who: str = "lounge"
    ) -> Seen:
        # Whose key it is comes first, and gets through.
        road.script[:] = ["ok", *script]
        place = ["--url", road.url, "--state", str(tmp_path / "till"), "--place", "DOH-L1"]
        out = io.StringIO()
        console = Console(
            keys=io.StringIO(keys),
            out=out,
            environ={KEY_VARIABLE: demo_key(who)} if who else {},
            clock=clock,
            sleep=no_sleep,
        )
        options = options_of(*place, *words)
        return await asyncio.to_thread(run, options, console), out.getvalue()

    return pos


async def spent_minor(road: BadRoad) -> int:
    await road.land()
    return 125_000 - await road.balance_minor()


def payment_in(screen: str) -> str:
    [payment] = re.findall(r"^pay_\S+$", screen, re.MULTILINE)
    return str(payment)


# --- the shop ---------------------------------------------------------------------------


async def test_a_shop_sells_until_the_keyboard_ends(
    pos: Pos, road: BadRoad, tmp_path: Path
) -> None:
    codes = [await road.code() for _ in range(2)]
    keys = f"240.00\n{codes[0]}\n\n12.50 QAR A-17\n{codes[1]}\n"
    code, screen = await pos(keys=keys)

    assert code == 0
    assert screen.startswith("Pearl Lounge · till · DOH-L1 · http://127.0.0.1:")
    assert screen.count("\n PAID ") == 2
    assert "*** PAID ***" in screen
    assert await spent_minor(road) == 25_250
    with closing(TillJournal(tmp_path / "till", os.urandom)) as journal:
        assert (journal.last_sequence, journal.owed()) == (2, [])


async def test_no_code_is_ever_shown(pos: Pos, road: BadRoad) -> None:
    code = await road.code()
    _, screen = await pos(keys=f"{code}\n240.00\nx{code}\n{code}\n")

    assert "hQVDUFYw" not in screen
    assert " PAID " in screen


async def test_a_bad_line_is_explained_and_typed_again(pos: Pos, road: BadRoad) -> None:
    code = await road.code()
    _, screen = await pos(keys=f"24,00\n1.234\n1 QQQ\n240\nhello\n{code}\n")

    assert "That is not an amount" in screen
    assert "QAR has 2 decimals at the most." in screen
    assert "'QQQ' is not an ISO 4217 currency" in screen
    assert "The line is not a payment code" in screen
    assert " PAID " in screen


async def test_nothing_is_sold_while_anything_is_owed(pos: Pos, road: BadRoad) -> None:
    code = await road.code()
    keys = f"240.00\n{code}\n240.00\n{await road.code()}\n"
    script = ("unheard", *PAYS[1:], *LOOK_UPS, *["lost"] * 100)
    exit_code, screen = await pos(keys=keys, script=script)

    assert exit_code == 5
    assert screen.count("scan the code") == 1
    assert screen.count("An earlier attempt is finished first") == 2
    assert " PAID " not in screen.replace("NOT PAID ", "")


async def test_a_shop_goes_on_when_the_owed_reversal_has_succeeded(
    pos: Pos, road: BadRoad
) -> None:
    keys = f"240.00\n{await road.code()}\n\n10.00\n{await road.code()}\n"
    script = ("unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS)
    exit_code, screen = await pos(keys=keys, script=script)

    assert exit_code == 0
    results = re.findall(r"^ ([A-Z][A-Z ]*?) +\d", screen, re.MULTILINE)
    assert results == ["UNKNOWN", "NOT PAID", "PAID"]
    assert await spent_minor(road) == 1_000


# --- once -------------------------------------------------------------------------------


async def test_a_picture_of_a_code_pays(pos: Pos, road: BadRoad, tmp_path: Path) -> None:
    image, receipt = tmp_path / "code.png", tmp_path / "receipt.txt"
    image.write_bytes(draw_png(await road.code()))
    words = ["--amount", "240.00", "--order", "A-17", "--receipt", str(receipt)]
    code, screen = await pos(*words, "--image", str(image))

    assert code == 0
    assert receipt.read_text() in screen
    assert "A-17" in receipt.read_text()
    assert await spent_minor(road) == 24_000


async def test_a_folder_of_frames_pays(pos: Pos, road: BadRoad, tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    (frames / "1.png").write_bytes(draw_png("a poster"))
    (frames / "2.png").write_bytes(draw_png(await road.code()))
    code, _ = await pos("--once", "--frames", str(frames), keys="240.00\n")

    assert code == 0
    assert await spent_minor(road) == 24_000


async def test_a_video_in_the_evening_at_an_angle_pays(
    pos: Pos, road: BadRoad, tmp_path: Path
) -> None:
    file = tmp_path / "phone.y4m"
    source = Random(3)
    file.write_bytes(y4m(gate(code, source, 1.5) for code in [await road.code()] * 3))
    code, _ = await pos("--once", "--video", str(file), keys="240.00\n")

    assert code == 0
    assert await spent_minor(road) == 24_000


def film(camera: Path, shown: bytes) -> None:
    with suppress(BrokenPipeError):  # the till has closed before the last frame
        camera.write_bytes(shown)


async def test_a_camera_behind_a_pipe_goes_on_from_customer_to_customer(
    pos: Pos, road: BadRoad, tmp_path: Path
) -> None:
    """The first one's phone is still in view when the second one comes."""
    camera, source = tmp_path / "camera", Random(3)
    os.mkfifo(camera)
    first, second = await road.code(), await road.code()
    shown = y4m(gate(code, source, 1) for code in (first, first, first, second, second))
    filming = asyncio.create_task(asyncio.to_thread(film, camera, shown))
    code, screen = await pos("--video", str(camera), keys="240.00\n10.00\n")
    await filming

    assert (code, screen.count("\n PAID ")) == (0, 2)
    assert await spent_minor(road) == 25_000


async def test_what_is_no_video_is_said_and_nothing_is_paid(
    pos: Pos, road: BadRoad, tmp_path: Path
) -> None:
    file = tmp_path / "phone.avi"
    file.write_bytes(b"RIFF....AVI LIST")
    _, screen = await pos("--once", "--video", str(file), keys="240.00\n")

    assert "Not a video" in screen
    assert await spent_minor(road) == 0


async def test_a_receipt_of_the_last_customer_is_not_left_for_this_one(
    pos: Pos, tmp_path: Path
) -> None:
    receipt = tmp_path / "receipt.txt"
    receipt.write_text("PAID")
    code, _ = await pos("--amount", "1", "--receipt", str(receipt))

    assert code == 4
    assert not receipt.exists()


async def test_a_receipt_that_cannot_be_written_changes_nothing(
    pos: Pos, road: BadRoad, tmp_path: Path
) -> None:
    nowhere = str(tmp_path / "nowhere" / "receipt.txt")
    keys = f"{await road.code()}\n"
    code, screen = await pos("--amount", "1", "--receipt", nowhere, keys=keys)

    assert code == 0
    assert "The receipt is not in" in screen


async def test_the_exit_code_tells_the_end(pos: Pos, road: BadRoad) -> None:
    async def once(amount: str, *script: str) -> int:
        keys = f"{amount}\n{await road.code()}\n"
        return (await pos("--once", keys=keys, script=script))[0]

    assert await once("1,250.01".replace(",", "")) == 3
    assert await once("240", *PAYS, *LOOK_UPS) == 4
    assert await once("240", "unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS) == 5
    assert await once("240") == 0
    assert await spent_minor(road) == 24_000


async def test_what_is_owed_is_settled_before_the_one_sale(pos: Pos, road: BadRoad) -> None:
    keys = f"240\n{await road.code()}\n"
    doubt = ("unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS)
    assert (await pos("--once", keys=keys, script=doubt))[0] == 5
    code, screen = await pos("--once", keys="240\n", script=("lost",) * 100)

    assert (code, "scan the code" in screen) == (5, False)
    assert await spent_minor(road) == 24_000


async def test_without_a_code_nothing_is_sent(pos: Pos, road: BadRoad) -> None:
    code, screen = await pos("--amount", "240.00")

    assert (code, road.asked) == (4, ["me"])
    assert "Nothing was sent." in screen


async def test_a_picture_without_a_code_is_refused(pos: Pos, tmp_path: Path) -> None:
    (tmp_path / "poster.png").write_bytes(draw_png("a poster"))
    for name, says in (("poster.png", "no payment code"), ("none.png", "No such file")):
        code, screen = await pos("--amount", "1", "--image", str(tmp_path / name))
        assert (code, says in screen) == (4, True)


async def test_refunds_and_voids_by_the_id_on_the_receipt(pos: Pos, road: BadRoad) -> None:
    _, screen = await pos("--amount", "240", keys=f"{await road.code()}\n")
    payment = payment_in(screen)

    assert (await pos("refund", payment, "5.00"))[0] == 0
    assert await spent_minor(road) == 23_500
    assert (await pos("refund", payment, "235.01"))[0] == 4
    code, screen = await pos(keys=f"refund {payment} 35\nvoid {payment}\n")
    assert code == 0
    assert re.search(r"^ REFUNDED +35\.00 QAR $", screen, re.MULTILINE)
    assert re.search(r"^ VOIDED +240\.00 QAR $", screen, re.MULTILINE)
    assert await spent_minor(road) == 0


async def test_a_receipt_can_be_had_again_with_its_lines(pos: Pos, road: BadRoad) -> None:
    keys = f"items coffee/food=12.50x2 bag=80\n{await road.code()}\n"
    _, screen = await pos("--once", keys=keys)
    payment = payment_in(screen)

    code, again = await pos(payment)
    assert code == 0
    assert "2 x coffee                         25.00" in again
    assert (await pos("status", "1"))[1].count("Number 1: processed.") == 1
    assert (await pos("pay_" + "b" * 32))[0] == 4


async def test_the_totals_of_the_day_are_an_exit_code(pos: Pos, road: BadRoad) -> None:
    await pos("--amount", "240", keys=f"{await road.code()}\n")

    assert (await pos("totals"))[0] == 0
    code, screen = await pos("close")
    assert (code, "END OF DAY" in screen) == (0, True)
    assert "AGREES WITH THE GATEWAY" in screen


async def test_a_refund_that_was_owed_is_not_asked_for_twice(
    pos: Pos, road: BadRoad
) -> None:
    _, screen = await pos("--amount", "240", keys=f"{await road.code()}\n")
    refund = ("refund", payment_in(screen), "5.00")

    assert (await pos(*refund, script=("unheard", *PAYS[1:])))[0] == 5
    code, screen = await pos(*refund)
    assert code == 0
    assert "it is not asked again" in screen
    assert await spent_minor(road) == 23_500


async def test_a_sale_that_is_found_paid_is_not_sold_twice(
    pos: Pos, road: BadRoad, tmp_path: Path, clock: ManualClock
) -> None:
    world = World(tmp_path / "till", road, clock)
    await world.lose_power("unheard dark")
    await _move_here(tmp_path / "till", road)
    code, screen = await pos("--amount", "240", "--order", "A-17", keys="never read\n")

    assert code == 0
    assert "it is not asked again" in screen
    assert await spent_minor(road) == 24_000


async def _move_here(folder: Path, road: BadRoad) -> None:
    """The attempt was sent to this gateway, as this till."""
    me = await road.gateway.get("/v1/me", timeout_ms=5_000)
    attempts = TillJournal(folder, os.urandom)
    [attempt] = attempts.owed()
    origin = Origin(road.url, msgspec.json.decode(me.body)["principal"])
    attempts.write(msgspec.structs.replace(attempt, origin=origin))
    attempts.close()


# --- a till of the registry -------------------------------------------------------------


async def test_a_till_is_paired_sells_and_does_what_it_is_told(
    pos: Pos, road: BadRoad, operator: Operator
) -> None:
    terminal, code = await operator.register()
    keys = f"240\n{await road.code()}\n"
    paired, screen = await pos("--pair", code, keys=keys, who="")
    assert (paired, "Paired: this till is trm_" in screen) == (0, True)
    # The registry's name and place, whatever was typed.
    assert "Pearl Lounge · B12 · DOH-T1-B12 · http" in screen
    assert re.search(r"^ +DOH-T1-B12$", screen, re.MULTILINE)
    assert await spent_minor(road) == 24_000

    await operator.tell(f"{terminal}/settings", {"limits": {"QAR": 10_000}})
    keys = f"240\n{await road.code()}\n\n100\n{await road.code()}\n"
    again, screen = await pos(keys=keys, who="")
    assert (again, "takes at most 100.00 QAR" in screen) == (0, True)
    assert await spent_minor(road) == 34_000

    await operator.tell(f"{terminal}/suspend", {})
    async with asyncio.timeout(1):
        while (await pos(who=""))[0] != 1:
            pass
    _, screen = await pos(who="")
    assert "does not accept this till's key" in screen


async def test_a_code_that_pairs_nothing_is_refused(pos: Pos) -> None:
    code, screen = await pos("--pair", "K7QD-4MPX-9T2B", who="")
    assert (code, "pairing code opens nothing" in screen) == (1, True)


async def test_a_till_whose_clock_is_wrong_says_so(
    pos: Pos, road: BadRoad, operator: Operator, tmp_path: Path
) -> None:
    _, code = await operator.register()
    await pos("--pair", code, who="")
    behind = Console(
        keys=io.StringIO(),
        out=io.StringIO(),
        environ={},
        clock=ManualClock(1_000_000),
        sleep=no_sleep,
    )
    options = options_of("--url", road.url, "--state", str(tmp_path / "till"))

    assert await asyncio.to_thread(run, options, behind) == 1
    assert isinstance(behind.out, io.StringIO)
    assert "till's clock is wrong" in behind.out.getvalue()


# --- the start --------------------------------------------------------------------------


async def test_without_a_key_it_does_not_start(pos: Pos) -> None:
    code, screen = await pos(who="")

    assert (code, KEY_VARIABLE in screen) == (1, True)


async def test_a_key_from_a_file_opens(pos: Pos, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"{demo_key('dutyfree')}\n")
    code, screen = await pos("--key-file", str(file), who="")

    assert (code, screen.startswith("Falcon Duty Free")) == (0, True)


@pytest.mark.parametrize("who", ["operator", "amira", "nobody"])
async def test_the_key_of_somebody_else_is_refused(who: str, pos: Pos) -> None:
    code, screen = await pos(who=who)

    assert (code, "does not accept this till's key" in screen) == (1, True)


async def test_a_silent_gateway_is_named(pos: Pos, unused_tcp_port: int) -> None:
    code, screen = await pos("--url", f"http://127.0.0.1:{unused_tcp_port}")

    assert (code, f":{unused_tcp_port} does not answer" in screen) == (1, True)


async def test_what_is_owed_elsewhere_is_not_settled_here(
    pos: Pos, road: BadRoad, tmp_path: Path, clock: ManualClock
) -> None:
    world = World(tmp_path / "till", road, clock)
    await world.lose_power("unheard dark")
    code, screen = await pos()

    assert code == 5
    assert "still owed to http://gateway as prn_till" in screen
    assert await spent_minor(road) == 24_000


async def test_two_tills_do_not_share_a_folder(pos: Pos, tmp_path: Path) -> None:
    attempts = TillJournal(tmp_path / "till", os.urandom)
    code, screen = await pos()
    attempts.close()

    assert (code, "Another till is running" in screen) == (1, True)


@pytest.mark.parametrize(
    "words", [["--place", "a b"], ["--terminal", "t" * 33], ["--order", "§"]]
)
def test_a_bad_argument_is_refused(words: list[str]) -> None:
    with pytest.raises(argparse.ArgumentError):
        options_of(*words)


# --- the screen -------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_terminals_whose_owner_likes_it() -> None:
    assert wants_colour(Terminal(), {"TERM": "xterm"})
    assert not wants_colour(io.StringIO(), {"TERM": "xterm"})
    assert not wants_colour(Terminal(), {"NO_COLOR": "1"})
    assert not wants_colour(Terminal(), {"TERM": "dumb"})


async def test_a_result_is_coloured_on_a_terminal_only(world: World) -> None:
    ended = await world.till.take(await world.sale())
    for colour in (True, False):
        out = io.StringIO()
        Screen(out, colour=colour).result(ended)
        assert ("\x1b[30;42m PAID" in out.getvalue()) is colour


@pytest.fixture
def world(tmp_path: Path, road: BadRoad, clock: ManualClock) -> Iterator[World]:
    world = World(tmp_path / "till", road, clock)
    yield world
    world.close()


def test_a_name_cannot_steer_the_terminal() -> None:
    out = io.StringIO()
    Screen(out, colour=True).line("Lounge\x1b[2J\x07")

    assert out.getvalue() == "Lounge?[2J?\n"


def test_a_typed_code_is_not_echoed() -> None:
    near, far = os.openpty()
    with open(far, closefd=True) as keys:  # noqa: PTH123 — a descriptor
        with unechoed(keys):
            os.write(near, b"hQVDUFY\n")
            assert keys.readline() == "hQVDUFY\n"
        os.write(near, b"240\n")
        assert keys.readline() == "240\n"
        assert os.read(near, 100) == b"240\r\n"
    os.close(near)
