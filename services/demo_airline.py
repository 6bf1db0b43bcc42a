"""The airline of the demonstration: a few offers, and a book of what it issued.

It stands in for a host system behind the protocol of services/airline.py and keeps its promise: the
first answer to a reference is written down before it is given. Its tickets are numbered from the
airline code 000, which is nobody's, and its prices never change. Three offers exist to be refused.
"""

import asyncio
import hashlib

import msgspec
from sqlalchemy import Connection, RowMapping, func, insert, select, update

from ledger.money import Money
from services.airline import AirlineRefused, Done, Issued, TicketRequest
from services.document_numbers import document_number, printed
from services.store import Store
from services.tables import DEMO_TICKETS

AIRLINE_CODE = "000"
# Where its series of ticket numbers begins.
TICKETS_FROM = 240_000_000
DESIGNATOR = "XX"

OFFERS = {
    "DOH-LHR-FLEX": Money(1_230_000, "QAR"),
    "DOH-LHR-LIGHT": Money(243_500, "QAR"),
    "DOH-IST-LIGHT": Money(118_000, "QAR"),
    "LHR-DOH-FLEX": Money(298_000, "EUR"),
    # Always sold out, however often it is asked for.
    "DOH-SOLD-OUT": Money(90_000, "QAR"),
}
SOLD_OUT = "DOH-SOLD-OUT"

_REFUSALS = {
    "offer_unknown": "There is no such offer.",
    "wrong_price": "The offer costs something else.",
    "sold_out": "The offer is sold out.",
    "not_issued": "No ticket was issued under this reference.",
    "voided": "The ticket was voided.",
    "refunded": "A part of the ticket was refunded, so it cannot be voided.",
    "exceeds_price": "More would be refunded than was paid.",
}


class DemoAirline:
    def __init__(self, store: Store, merchant: str) -> None:
        self._store = store
        self.merchant = merchant
        self.designator = DESIGNATOR

    async def price(self, offer: str) -> Money | None:
        return OFFERS.get(offer)

    async def issue(self, request: TicketRequest) -> Issued | AirlineRefused:
        return await asyncio.to_thread(self._issue, request)

    async def void(self, reference: str) -> Done | AirlineRefused:
        return await asyncio.to_thread(self._void, reference)

    async def refund(
        self, reference: str, refund: str, amount: Money
    ) -> Done | AirlineRefused:
        return await asyncio.to_thread(self._refund, reference, refund, amount)

    def _issue(self, request: TicketRequest) -> Issued | AirlineRefused:
        digest = hashlib.sha256(msgspec.msgpack.encode(request)).digest()
        with self._store.write() as connection:
            row = _find(connection, request.reference)
            if row is None:
                _write(connection, request, digest)
                row = _find(connection, request.reference)
            assert row is not None, "it was written in this transaction"
            assert row["request"] == digest, "a reference names one request"
        if row["refused"]:
            return _refused(row["refused"])
        serials = range(row["serial"], row["serial"] + row["passengers"])
        return Issued(tuple(_ticket_number(serial) for serial in serials))

    def _void(self, reference: str) -> Done | AirlineRefused:
        with self._store.write() as connection:
            row = _find(connection, reference)
            if row is None or row["refused"]:
                return _refused("not_issued")
            if row["refunds"]:
                return _refused("refunded")
            connection.execute(
                update(DEMO_TICKETS)
                .where(DEMO_TICKETS.c.reference == reference)
                .values(voided=1)
            )
        return Done()

    def _refund(self, reference: str, refund: str, amount: Money) -> Done | AirlineRefused:
        with self._store.write() as connection:
            row = _find(connection, reference)
            if row is None or row["refused"]:
                return _refused("not_issued")
            refunds: dict[str, int] = dict(row["refunds"])
            if row["voided"]:
                return _refused("voided")
            refunds[refund] = amount.amount_minor
            if sum(refunds.values()) > row["amount_minor"]:
                return _refused("exceeds_price")
            connection.execute(
                update(DEMO_TICKETS)
                .where(DEMO_TICKETS.c.reference == reference)
                .values(refunds=refunds)
            )
        return Done()


def _find(connection: Connection, reference: str) -> RowMapping | None:
    query = select(DEMO_TICKETS).where(DEMO_TICKETS.c.reference == reference)
    return connection.execute(query).mappings().one_or_none()


def _write(connection: Connection, request: TicketRequest, digest: bytes) -> None:
    passengers = len(request.passengers)
    last = connection.execute(
        select(func.max(DEMO_TICKETS.c.serial + DEMO_TICKETS.c.passengers))
    ).scalar()
    row: dict[str, object] = {
        "reference": request.reference,
        "serial": last or 1,
        "request": digest,
        "refused": _judge(request),
        "passengers": passengers,
        "amount_minor": request.amount.amount_minor,
        "voided": 0,
        "refunds": {},
    }
    connection.execute(insert(DEMO_TICKETS), row)


def _judge(request: TicketRequest) -> str | None:
    price = OFFERS.get(request.offer)
    if price is None:
        return "offer_unknown"
    if price != request.amount:
        return "wrong_price"
    return "sold_out" if request.offer == SOLD_OUT else None


def _refused(code: str) -> AirlineRefused:
    return AirlineRefused(code, _REFUSALS[code])


def _ticket_number(serial: int) -> str:
    return printed(document_number(AIRLINE_CODE, TICKETS_FROM, serial))
