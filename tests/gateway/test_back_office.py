"""What is done from the journals after payments were answered."""

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
