"""The departure control of the demonstration: a few bookings, and a book of the bags it took.

It stands in for a host system behind services/counter/departures.py and keeps its promise: the
first answer about a reference is written down before it is given. Passengers have first names only
and are nobody. One booking exists to be refused: its flight is closed whenever bags are told.
"""

import asyncio

import msgspec
from sqlalchemy import Connection, RowMapping, insert, select, update

from ledger.clock import Clock
from ledger.time_text import day_text
from services.counter.departures import (
    Accepted,
    Bag,
    Booking,
    DepartureRefused,
    PieceAllowance,
    Traveller,
    WeightAllowance,
)
from services.counter_tables import DEMO_CHECK_INS
from services.demo_airline import AIRLINE_CODE
from services.document_numbers import document_number, typed
from services.store import Store

# Tickets of the demonstration's bookings, apart from those that it sells.
_TICKETS_FROM = 230_000_000

_REFUSALS = {
    "flight_closed": "The flight is closed: no more bags are taken.",
    "ticket_unknown": "There is no such ticket.",
    "taken_back": "These bags were taken back before.",
}
CLOSED = "GATE07"


def demo_ticket(serial: int) -> str:
    return document_number(AIRLINE_CODE, _TICKETS_FROM, serial)


def _traveller(serial: int, name: str, tier: str = "", **allowance: int) -> Traveller:
    kind = WeightAllowance if "kg" in allowance else PieceAllowance
    return Traveller(
        ticket=demo_ticket(serial),
        given_name=name,
        tier=tier,
        allowance=kind(**allowance),
        checked=(),
    )


def _booking(
    locator: str, flight: str, route: tuple[str, str], *travellers: Traveller
) -> Booking:
    origin, destination = route
    return Booking(
        locator=locator,
        flight=flight,
        date="",  # today, whenever that is
        origin=origin,
        destination=destination,
        travellers=travellers,
    )


BOOKINGS = {
    booking.locator: booking
    for booking in (
        _booking("PEARL2", "XX017", ("DOH", "LHR"), _traveller(1, "Amira", pieces=1, each_kg=23)),
        _booking(
            "FALCN3", "XX061", ("DOH", "MCT"), _traveller(2, "Jonas", "gold", kg=30)
        ),
        _booking(
            "DHOW44",
            "XX018",
            ("LHR", "DOH"),
            _traveller(3, "Mei", "silver", pieces=1, each_kg=23),
            _traveller(4, "Noor", pieces=2, each_kg=32),
        ),
        _booking(CLOSED, "XX099", ("DOH", "CDG"), _traveller(5, "Sami", pieces=0, each_kg=23)),
    )
}  # fmt: skip


class DemoDepartures:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def find(self, name: str) -> Booking | None:
        wanted = typed(name).upper()
        for booking in BOOKINGS.values():
            if wanted == booking.locator or booking.traveller(wanted):
                return await asyncio.to_thread(self._as_it_stands, booking)
        return None

    async def check_in(
        self, reference: str, ticket: str, bags: tuple[Bag, ...]
    ) -> Accepted | DepartureRefused:
        return await asyncio.to_thread(self._check_in, reference, ticket, bags)

    async def take_back(self, reference: str) -> Accepted | DepartureRefused:
        return await asyncio.to_thread(self._take_back, reference)

    def _as_it_stands(self, booking: Booking) -> Booking:
        travellers = tuple(
            msgspec.structs.replace(one, checked=self._checked(one.ticket))
            for one in booking.travellers
        )
        today = day_text(self._clock.now_ms())
        return msgspec.structs.replace(booking, date=today, travellers=travellers)

    def _checked(self, ticket: str) -> tuple[Bag, ...]:
        columns = DEMO_CHECK_INS.c
        query = select(columns.bags).where(
            columns.ticket == ticket, columns.refused.is_(None), columns.taken_back == 0
        )
        with self._store.read() as connection:
            told = connection.execute(query).scalars().all()
        return tuple(bag for bags in told for bag in msgspec.convert(bags, list[Bag]))

    def _check_in(
        self, reference: str, ticket: str, bags: tuple[Bag, ...]
    ) -> Accepted | DepartureRefused:
        with self._store.write() as connection:
            row = _find(connection, reference)
            refused = row["refused"] if row else _judge(ticket)
            if row is None:
                new = {
                    "reference": reference,
                    "ticket": ticket,
                    "bags": msgspec.to_builtins(bags),
                    "refused": refused,
                    "taken_back": 0,
                }
                connection.execute(insert(DEMO_CHECK_INS), new)
        return _refused(refused) if refused else Accepted()

    def _take_back(self, reference: str) -> Accepted | DepartureRefused:
        barred = {"ticket": "", "bags": [], "refused": "taken_back", "taken_back": 1}
        with self._store.write() as connection:
            if _find(connection, reference) is None:
                row = {"reference": reference, **barred}
                connection.execute(insert(DEMO_CHECK_INS), row)
            here = DEMO_CHECK_INS.c.reference == reference
            connection.execute(update(DEMO_CHECK_INS).where(here).values(taken_back=1))
        return Accepted()


def _find(connection: Connection, reference: str) -> RowMapping | None:
    query = select(DEMO_CHECK_INS).where(DEMO_CHECK_INS.c.reference == reference)
    return connection.execute(query).mappings().one_or_none()


def _judge(ticket: str) -> str | None:
    for booking in BOOKINGS.values():
        if booking.traveller(ticket):
            return "flight_closed" if booking.locator == CLOSED else None
    return "ticket_unknown"


def _refused(code: str) -> DepartureRefused:
    return DepartureRefused(code, _REFUSALS[code])
