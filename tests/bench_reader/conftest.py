import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from terminals.bench_reader.daemon import Pcscd
from tests.bench_reader.bench import NAME, READERS, Bench, require_bench
from tests.gateway.fixtures import funded, furnished, furnished_with_money, house

__all__ = ["funded", "furnished", "furnished_with_money", "house"]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """One pcscd for the run: libpcsclite reads once in a process where its service is."""
    require_bench()
    drivers = tmp_path_factory.mktemp("drivers")
    # Not below pytest's own folder: a socket's path is short.
    with (
        tempfile.TemporaryDirectory(prefix="cards-") as folder,
        Pcscd(Path(folder), [NAME] * READERS, drivers=drivers) as daemon,
    ):
        os.environ.update(daemon.environment)
        yield Bench(daemon, drivers)
