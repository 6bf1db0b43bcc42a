"""The till on a whole screen, as a cashier works at it, on a road that fails at each step."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import ContentSwitcher, Input, Static

from ledger.clock import ManualClock
from terminals.gateway_answer import Me
from terminals.pos_full import FullTill
from terminals.pos_till import OpenTill
from tests.terminals.real_gateway import BadRoad
from tests.terminals.test_pos import options_of, spent_minor
from tests.terminals.till_world import LOOK_UPS, PAYS, REVERSALS, World

ME = Me("prn_till", "terminal", "Pearl Lounge", frozenset({"payments"}))
SIZE = (110, 32)


class Desk:
    """What the cashier sees and presses."""

    def __init__(self, app: FullTill, pilot: Pilot[int]) -> None:
        self.app = app
        self._pilot = pilot

    @property
    def stage(self) -> str:
        return str(self.app.query_one("#stages", ContentSwitcher).current)

    def says(self, name: str) -> str:
        return str(self.app.query_one(name, Static).content)

    async def type(self, text: str) -> None:
        """As a scanner does: all at once, then Enter."""
        assert isinstance(self.app.focused, Input), "nothing can be typed now"
        self.app.focused.value = text
        await self._pilot.press("enter")
        await self.settle()

    async def press(self, key: str) -> None:
        await self._pilot.press(key)
        await self.settle()

    async def settle(self) -> None:
        """Let the till finish what it does."""
        async with asyncio.timeout(30):
            await self.app.workers.wait_for_complete()
        await self._pilot.pause()

    async def sell(self, amount: str, code: str) -> None:
        await self.type(amount)
        assert self.stage == "scan"
        await self.type(code)


@pytest.fixture
def world(tmp_path: Path, road: BadRoad, clock: ManualClock) -> World:
    return World(tmp_path / "till", road, clock)


@asynccontextmanager
async def desk_of(world: World, *words: str) -> AsyncIterator[Desk]:
    opened = OpenTill(
        world.till,
        world.road.gateway,
        world.journal,
        ME,
        "http://gateway",
        "Pearl Lounge · B12",
    )
    app = FullTill(options_of("--place", "DOH-L1", *words), opened)
    async with app.run_test(size=SIZE) as pilot:
        desk = Desk(app, pilot)
        await desk.settle()
        yield desk
    world.close()


async def test_a_sale_is_shown_as_paid_and_the_next_one_begins(
    world: World, road: BadRoad
) -> None:
    async with desk_of(world) as desk:
        await desk.sell("240", await road.code())

        assert desk.stage == "verdict"
        assert desk.says("#word") == "PAID   240.00 QAR"
        assert "*** PAID ***" in desk.says("#receipt")
        await desk.press("enter")
        assert desk.stage == "verdict"  # a scanner that reads twice changes nothing
        await desk.press("escape")
        assert desk.stage == "entry"
        assert "240.00" in desk.says("#totals")
    assert await spent_minor(road) == 24_000


async def test_a_sale_of_lines_prints_them(world: World, road: BadRoad) -> None:
    async with desk_of(world) as desk:
        await desk.sell("items coffee/food=12.50x2 bag=80", await road.code())

        assert "2 x coffee" in desk.says("#receipt")
        assert desk.says("#word") == "PAID   105.00 QAR"


async def test_what_cannot_be_used_is_explained(world: World, road: BadRoad) -> None:
    async with desk_of(world) as desk:
        await desk.type("24,00")
        assert "That is not an amount" in desk.says("#says")
        await desk.type("240")
        await desk.type("hello")
        assert "not a payment code" in desk.says("#refused")
        await desk.press("escape")
        assert desk.stage == "entry"
    assert road.asked == []


async def test_a_lost_answer_is_looked_for_and_found(world: World, road: BadRoad) -> None:
    async with desk_of(world) as desk:
        road.script[:] = ["unheard", *PAYS[1:], "lost"]
        await desk.sell("240", await road.code())
        assert desk.says("#word") == "PAID   240.00 QAR"


async def test_what_is_not_known_stops_the_till_until_it_is(
    world: World, road: BadRoad
) -> None:
    async with desk_of(world) as desk:
        road.script[:] = ["unheard", *PAYS[1:], *LOOK_UPS, *REVERSALS]
        await desk.sell("240", await road.code())
        assert desk.says("#word") == "UNKNOWN   240.00 QAR"
        await desk.press("escape")
        assert "1 still owed" in desk.says("#says")
        assert desk.app.query_one("#typed", Input).disabled

        await desk.press("f5")
        assert desk.says("#word") == "NOT PAID   240.00 QAR"
        await desk.press("escape")
        assert not desk.app.query_one("#typed", Input).disabled
    assert await spent_minor(road) == 0


async def test_a_receipt_that_is_scanned_can_be_refunded(
    world: World, road: BadRoad
) -> None:
    payment = await world.payment_id()
    async with desk_of(world) as desk:
        await desk.type(payment)
        assert (desk.stage, payment in desk.says("#slip")) == ("paper", True)
        await desk.press("f8")
        assert desk.says("#word") == "REFUNDED   240.00 QAR"
    assert await spent_minor(road) == 0


async def test_the_day_is_shown_and_closed(world: World) -> None:
    await world.payment_id()
    async with desk_of(world) as desk:
        await desk.press("f2")
        assert "THE DAY SO FAR" in desk.says("#slip")
        await desk.press("f3")
        assert "END OF DAY" in desk.says("#slip")
        await desk.press("enter")
        assert desk.says("#totals") == "Nothing yet"


async def test_a_status_and_the_way_out(world: World) -> None:
    await world.payment_id()
    async with desk_of(world) as desk:
        await desk.type("status 1")
        assert desk.says("#slip").startswith("Number 1: processed.")
        await desk.press("f10")
        assert desk.app.return_value == 0


async def test_a_till_that_starts_finishes_what_it_owes(
    world: World, road: BadRoad
) -> None:
    await world.lose_power("unheard dark")
    world.start()
    async with desk_of(world) as desk:
        assert desk.stage == "verdict"
        assert desk.says("#word") == "PAID   240.00 QAR"
