"""What every test needs. A floor's own fixtures live in the conftest.py of its folder."""

import os
import signal
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.installation import Installation

# No deadline: a machine that is busy is not a bug. No database: a failure that only this
# desk remembers cannot be sent to anybody; the printed blob can.
settings.register_profile("desk", deadline=None, database=None, print_blob=True)
# In CI the same examples each time: a red run is about the change that it ran on.
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The one installation of this process; starting another costs as much as a hundred tests.

    Whatever tests do to it, at the end it stops cleanly, and its books are sound.
    """
    started = Installation(tmp_path_factory.mktemp("installation") / "data")
    try:
        started.start()
        yield started
        assert started.stop(signal.SIGINT) == 0, started.complaints
        assert started.members() == {}
        verified = started.ledger("verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        started.end()


@pytest.fixture(scope="session")
def demo_server(installation: Installation) -> str:
    """Its address, http://127.0.0.1:…, with the demonstration's world open."""
    return installation.base
