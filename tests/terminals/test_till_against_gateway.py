"""The stories of the till once more: the real gateway, and a road of real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.clock import ManualClock
from terminals.till_day import Day
from tests.terminals.real_gateway import BadRoad
from tests.terminals.till_stories import STORIES, Story
from tests.terminals.till_world import World


@pytest.fixture
def world(tmp_path: Path, road: BadRoad, clock: ManualClock) -> Iterator[World]:
    world = World(tmp_path / "till", road, clock)
    yield world
    world.close()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
async def test_with_the_real_gateway(story: Story, world: World) -> None:
    """And when it is over, whatever was lost on the way, the totals of the day tie."""
    await story(world)

    await world.road.land()
    world.road.script.clear()
    for attempt in world.till.owed():
        world.show(await world.till.settle(attempt))
    day = await world.till.day.look()

    assert isinstance(day, Day)
    assert (day.differences, day.still_open) == ((), 0)
    net_minor = sum(total.net_minor for total in day.totals)
    assert net_minor == 125_000 - await world.road.balance_minor()
