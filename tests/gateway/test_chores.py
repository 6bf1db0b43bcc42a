"""What a gateway does beside serving goes on, whatever happened to one round of it."""

import asyncio
from collections.abc import Iterator

import pytest

from gateway.chores import _keep
from services.store import StoreUnavailable


@pytest.mark.parametrize(
    "trouble", [StoreUnavailable(), OSError("no space left on device")]
)
async def test_a_chore_that_failed_comes_again(trouble: Exception) -> None:
    failures: Iterator[Exception] = iter([trouble])
    done = asyncio.Event()

    async def work() -> None:
        for failure in failures:
            raise failure
        done.set()

    task = asyncio.create_task(_keep(0, work, "it waits"))
    async with asyncio.timeout(5):
        await done.wait()
    task.cancel()
