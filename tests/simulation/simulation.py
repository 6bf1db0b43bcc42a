"""One seed: what it met, and what it found."""

import asyncio
import contextlib
import tempfile
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.simulation.auditor import Broken
from tests.simulation.limits import drawn_bounds
from tests.simulation.plan import Plan, Step, draw_plan
from tests.simulation.rest import come_to_rest
from tests.simulation.sqlite_folder import SqliteFolder
from tests.simulation.tally import Tally
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.world import Note, World

# Files in memory: a simulated power cut needs no real disk, and a real one would be the time.
MEMORY_DISK = Path("/dev/shm")


@dataclass
class Outcome:
    """failure: what was broken, in words, or nothing."""

    seed: int
    tally: Tally = field(default_factory=Tally)
    failure: str = ""


def simulate(
    seed: int, only: frozenset[int] | None = None, note: Note | None = None
) -> Outcome:
    """only: the steps to take, when a history is being shortened."""
    plan = draw_plan(seed)
    steps = [step for step in plan.steps if only is None or step.number in only]
    with contextlib.ExitStack() as stack:
        stack.enter_context(drawn_bounds(Random(plan.world_seed)))
        folder = stack.enter_context(_folder()) if plan.sqlite else None
        loop = VirtualLoop()
        try:
            outcome = _live(plan, steps, World(plan, loop, folder, note))
        finally:
            loop.close()
    if only is None and not outcome.failure and not outcome.tally.eventful:
        outcome.failure = "too little happened"
    return outcome


def _live(plan: Plan, steps: list[Step], world: World) -> Outcome:
    async def life() -> None:
        world.start()
        await world.live(steps)
        await come_to_rest(world)

    task = world.loop.create_task(life())
    task.add_done_callback(lambda _: world.loop.stop())
    try:
        world.loop.run_forever()
        if world.failure is None and not task.cancelled():
            world.failure = task.exception()
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        world.failure = error
    finally:
        _end_all(world.loop)
    failure = _told(world.failure) if world.failure else ""
    return Outcome(plan.seed, world.tally, failure)


def _told(error: BaseException) -> str:
    """A breach says it all; of any other error one wants to know where it came from."""
    if isinstance(error, Broken):
        return f"Broken: {error}"
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__}: {error} ({Path(place.filename).name}:{place.lineno})"


def _end_all(loop: VirtualLoop) -> None:
    loop.set_exception_handler(lambda _loop, _context: None)
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))


@contextlib.contextmanager
def _folder() -> Iterator[SqliteFolder]:
    parent = MEMORY_DISK if MEMORY_DISK.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        yield SqliteFolder(Path(folder))
