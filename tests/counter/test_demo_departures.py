"""The demonstration's departure control keeps the contract of all adapters."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ledger.clock import ManualClock
from services.counter.demo_departures import BOOKINGS, CLOSED, DemoDepartures
from services.counter.departures import Bag, Booking, DepartureRefused
from services.document_numbers import is_document_number, printed
from services.keyring import open_keyring
from services.store import Store, open_store
from terminals.card_numbers import holds_card_number
from tests.counter.departures_contract import *  # noqa: F403 — the contract's tests run here


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    keyring = open_keyring(tmp_path, random_bytes=Random(1).randbytes)
    store = open_store(f"sqlite:///{tmp_path}/store.db", keyring)
    yield store
    store.close()


@pytest.fixture
def departures(store: Store) -> DemoDepartures:
    return DemoDepartures(store, ManualClock())


@pytest.fixture
def known() -> Booking:
    return BOOKINGS["DHOW44"]


async def test_a_closed_flight_takes_no_bags_however_often_it_is_asked(
    departures: DemoDepartures,
) -> None:
    ticket = BOOKINGS[CLOSED].travellers[0].ticket

    for _ in range(2):
        refused = await departures.check_in("ref-1", ticket, (Bag(20_000),))
        assert isinstance(refused, DepartureRefused)
        assert refused.code == "flight_closed"


def test_tickets_of_the_demonstration_pass_every_door() -> None:
    tickets = [one.ticket for each in BOOKINGS.values() for one in each.travellers]

    assert all(is_document_number(ticket) for ticket in tickets)
    assert not any(holds_card_number(form) for t in tickets for form in (t, printed(t)))
    assert len(set(tickets)) == len(tickets)
