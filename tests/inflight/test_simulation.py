"""A few flights with all that goes wrong; `make flights` lives through a thousand."""

import pytest

from tests.gateway.harness import House
from tests.inflight.simulation import fly_all


@pytest.mark.slow
async def test_whatever_goes_wrong_no_more_is_lost_than_was_set_aside(house: House) -> None:
    tally = await fly_all(house, seed=1, flights=8)
    assert tally["power cut"]
    assert tally["phone copied"]
