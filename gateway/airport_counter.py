"""The airport counter of this installation: the demonstration's airline, for it has no other yet.

Whoever runs Airside for an airline writes an adapter to its departure control
(services/counter/departures.py), keeps its tariff in a file, and puts both in here.
"""

from typing import Protocol

from channels.counter.counter import Counter, Parts
from channels.counter.desk import Airline
from ledger.clock import Clock
from services.counter.demo_departures import BOOKINGS, DemoDepartures
from services.counter.tariff import DEMO_TARIFF, read_tariff
from services.keyring import Keyring
from services.limits import Limit
from services.mint import RandomBytes
from services.payments import Payments
from services.store import Store


class Ground(Protocol):
    """What a gateway stands on, as far as its counter needs it."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def random_bytes(self) -> RandomBytes: ...


def open_counter(
    payments: Payments, keyring: Keyring, failed_codes: Limit, ground: Ground
) -> Counter:
    store, clock = ground.store, ground.clock
    departures = DemoDepartures(store, clock)
    airline = Airline(departures, read_tariff(DEMO_TARIFF), tuple(BOOKINGS.values()))
    return Counter(
        Parts(
            payments=payments,
            store=store,
            airline=airline,
            keyring=keyring,
            failed_codes=failed_codes,
            clock=clock,
            random_bytes=ground.random_bytes,
        )
    )
