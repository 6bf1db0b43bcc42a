"""A few flights with all that goes wrong; `make flights` lives through a thousand."""

import pytest

from tests.gateway.harness import House
from tests.inflight.simulation import fly_all


@pytest.mark.slow
async def test_whatever_goes_wrong_no_more_is_lost_than_was_set_aside(house: House) -> None:
    tally = await fly_all(house, seed=2, flights=10)
    met = ("power cut", "phone copied", "journal damaged", "till set back", "till lost")
    assert [what for what in met if not tally[what]] == []
