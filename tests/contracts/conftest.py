from collections.abc import Iterator

import pytest

from tests.contracts.ray_partitions import RayPartitions, ray_partitions
from tests.installation import Installation


@pytest.fixture(scope="session")
def on_ray(installation: Installation) -> Iterator[RayPartitions]:
    with ray_partitions(installation.head_spec()) as partitions:
        yield partitions
