"""What is done from the journals after payments were answered."""

import asyncio

import pytest

from gateway.back_office import LOOK_S, BackOffice
from tests.gateway.harness import House


class Rested(Exception):
    pass


async def test_who_is_behind_does_not_rest(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or an hour with more payments than a page for each look would be told until the next."""
    monkeypatch.setattr("services.bookkeeping.TOLD_AT_ONCE", 2)
    monkeypatch.setattr("services.bookkeeping.TOLD_OF_EACH", 1)
    office = BackOffice(funded.back_office._parts)
    rests: list[float] = []

    async def rest(seconds: float) -> None:
        rests.append(seconds)
        if seconds:
            raise Rested

    with pytest.raises(Rested):
        await office._keep_telling(rest)
    await office.close()

    assert len(rests) > 2
    assert rests == [0] * (len(rests) - 1) + [LOOK_S]


async def test_when_a_part_of_it_fails_no_other_goes_on(
    funded: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or it would tell payments beside the bookkeeper of the office that is opened next."""
    office = BackOffice(funded.back_office._parts)
    told = asyncio.Event()

    async def look(_seconds: float) -> None:
        told.set()
        await asyncio.Event().wait()

    async def fail() -> bool:
        await told.wait()
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(office._settler, "step", fail)
    before = asyncio.all_tasks()
    with pytest.raises(ExceptionGroup):
        await office.run(look)
    await office.close()

    assert asyncio.all_tasks() == before
