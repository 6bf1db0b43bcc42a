"""One writer: whoever opens a partition's journal ends whoever had it."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from actors.partition import Partition
from gateway.world import account_of
from ledger.clock import SystemClock
from ledger.commands import Envelope, ReadAccount
from ledger.errors import Fenced
from ledger.ids import account_text
from tests.installation import Api, Installation

pytestmark = pytest.mark.ray

AMIRA = account_of("amira")


@pytest.fixture
def intruder(installation: Installation) -> Iterator[Partition]:
    """Amira's partition, opened by hand while another incarnation serves it."""
    number = installation.directory.partition_of(AMIRA)
    with closing(installation.journals.writer(number)) as journal:
        yield Partition(
            number, owns=lambda _account: True, journal=journal, clock=SystemClock()
        )


def test_after_a_second_incarnation_opened_exactly_one_answers(
    installation: Installation, operator: Api, intruder: Partition
) -> None:
    pid = installation.partition_pid(intruder.number)

    intruder.open(b"by hand")
    served = operator.get(f"/v1/accounts/{account_text(AMIRA)}")

    assert served.status == 200
    assert installation.partition_pid(intruder.number) != pid
    for _ in range(2):
        with pytest.raises(Fenced):
            intruder.handle([Envelope(ReadAccount(account=AMIRA))])
    assert operator.get(f"/v1/accounts/{account_text(AMIRA)}").status == 200
