"""The stories of the till once more: the real gateway, and a road of real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.clock import ManualClock
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
    await story(world)
