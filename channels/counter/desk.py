"""What every route of the counter needs: the booking, its price, the agent's shift and charges.

What is another merchant's is not there, as everywhere (channels/access.py).
"""

import asyncio

import msgspec

from channels.access import merchant_scope
from channels.counter.wire import BagBody
from channels.outcome import unavailable
from channels.problem import Problem, not_found
from channels.route import Call
from ledger.errors import Happened
from services.counter.charges import Charge, UnknownCharge, get_charge
from services.counter.departures import (
    Bag,
    Booking,
    DepartureControl,
    DeparturesSilent,
    Traveller,
)
from services.counter.emds import COUPONS_MAX
from services.counter.pricing import NoPrice, Quote, price
from services.counter.shifts import (
    Shift,
    UnknownShift,
    current_shift,
    get_shift,
)
from services.counter.tariff import Tariff
from services.document_numbers import is_document_number, typed
from services.store import Store


class Airline(msgspec.Struct, frozen=True):
    """Whose counters these are. demo: bookings to show; none outside of a demonstration."""

    departures: DepartureControl
    tariff: Tariff
    demo: tuple[Booking, ...] = ()


class Found(msgspec.Struct, frozen=True):
    booking: Booking
    traveller: Traveller


class CounterDesk:
    def __init__(self, store: Store, airline: Airline) -> None:
        self._store = store
        self._departures = airline.departures
        self.tariff = airline.tariff
        self.demo = airline.demo

    async def booking(self, name: str) -> Booking:
        """By locator or ticket number. Raises Problem 404, 422, 503."""
        digits = typed(name)
        if digits.isdigit() and not is_document_number(digits):
            detail = "This is no ticket number: a digit is missing or mistyped."
            raise refusal("ticket_malformed", detail, "$.booking")
        try:
            booking = await self._departures.find(name)
        except DeparturesSilent:
            detail = "Departure control does not answer just now."
            raise unavailable(detail, Happened.NO) from None
        if booking is None:
            # What was asked for may be somebody's name in a wrong field: it is not repeated.
            raise Problem(404, "not-found", "There is no such booking.", field="$.booking")
        return booking

    async def found(self, ticket: str) -> Found:
        """Whose bags these are. Raises Problem 404, 422, 503."""
        booking = await self.booking(ticket)
        traveller = booking.traveller(ticket)
        if traveller is None:
            raise Problem(404, "not-found", "There is no such ticket.", field="$.ticket")
        return Found(booking, traveller)

    def quote(self, found: Found, bags: tuple[Bag, ...]) -> Quote:
        """Raises Problem 422."""
        try:
            quote = price(self.tariff, found.booking, found.traveller, bags)
        except NoPrice as error:
            raise refusal(error.reason, str(error), "$.bags") from None
        if len(quote.lines) > COUPONS_MAX:
            detail = (
                f"An EMD has {COUPONS_MAX} coupons, and this is {len(quote.lines)} lines:"
                " charge some of the bags first."
            )
            raise refusal("too_many_lines", detail, "$.bags")
        return quote

    async def shift(self, call: Call) -> Shift:
        """The agent's open one. Raises Problem 409."""
        shift = await asyncio.to_thread(current_shift, self._store, call.caller.id)
        if shift is None:
            raise Problem(409, "no-shift", "Open a shift first.")
        return shift

    async def named_shift(self, call: Call) -> Shift:
        """The one of the path: only its own agent sees it. Raises Problem 404."""
        wanted = call.path["id"]
        try:
            shift = await asyncio.to_thread(get_shift, self._store, wanted)
        except UnknownShift:
            shift = None
        if shift is None or shift.agent != call.caller.id:
            raise not_found("shift", wanted)
        return shift

    async def charge(self, call: Call) -> Charge:
        """The one of the path, if it is of the caller's merchant. Raises Problem 404."""
        wanted = call.path["id"]
        try:
            charge = await asyncio.to_thread(get_charge, self._store, wanted)
        except UnknownCharge:
            charge = None
        if charge is None or charge.merchant != merchant_scope(call.caller):
            raise not_found("charge", wanted)
        return charge


def bags_of(bags: list[BagBody]) -> tuple[Bag, ...]:
    return tuple(Bag(bag.weight_g, bag.item) for bag in bags)


def refusal(reason: str, text: str, field: str, *, status: int = 422) -> Problem:
    return Problem(status, "counter-refused", text, field=field, extra={"reason": reason})
