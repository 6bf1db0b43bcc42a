"""A gateway that is killed in the middle of a charge: a process of its own, and a real SIGKILL.

python -m tests.counter.doomed_counter FOLDER STEP
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.counter.counters import open_counter
from tests.counter.steps import die_after
from tests.gateway.harness import House


async def charge_and_die(folder: Path, step: str) -> None:
    house = House(folder)
    await house.start()
    counter = await open_counter(house)

    def kill() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    die_after(counter, step, kill, pytest.MonkeyPatch())
    await counter.charge()


if __name__ == "__main__":
    asyncio.run(charge_and_die(Path(sys.argv[1]), sys.argv[2]))
