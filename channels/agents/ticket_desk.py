"""From what an agency asks, in JSON or in NDC, to a ticket; and the problems on that way.

Both wires meet here, so a rule holds for both: the offer costs what is paid, the number may pay it,
then the money is held, the airline asked, the money taken (services/ticketing.py).
"""

import asyncio

import msgspec

from channels.outcome import unavailable
from channels.problem import Problem, key_reused
from channels.route import Call
from ledger.clock import Clock
from ledger.decline import DeclineReason
from ledger.errors import Happened
from ledger.money import Money
from services.agencies import Agency
from services.airline import AirlineSilent, Passenger
from services.keyring import Keyring
from services.payment_numbers import (
    NumberRefused,
    PaymentNumber,
    find_number,
    require_usable,
)
from services.store import Store
from services.ticketing import NUMBER_USED, OfferRefused, Ticketing, TicketKeyReused
from services.tickets import NewTicket, Ticket, TicketStatus

_CONFLICT = frozenset({"number_cancelled", "number_expired", NUMBER_USED})


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """digits, expiration: of the payment number that pays, if one does. …_field: where it stood."""

    channel: str
    offer: str
    order: str
    amount: Money
    passengers: tuple[Passenger, ...]
    digits: str | None = None
    expiration: str | None = None
    number_field: str = "$.number"
    amount_field: str = "$.amount"
    offer_field: str = "$.offer"


class TicketDesk:
    def __init__(
        self, ticketing: Ticketing, store: Store, keyring: Keyring, clock: Clock
    ) -> None:
        self._ticketing = ticketing
        self._store = store
        self._keyring = keyring
        self._clock = clock

    async def issue(
        self, call: Call, agency: Agency, wanted: Wanted
    ) -> tuple[Ticket, bool]:
        """The ticket, issued, declined or not known yet. Raises the Problem of any refusal."""
        number = await self._number(agency, wanted) if wanted.digits else None
        if not await self._ticketing.knows(call.cause.key):
            await self._require_price(wanted)
            if number is not None:
                self._require_usable(number, wanted)
        new = NewTicket(
            agency=agency.id,
            account=agency.account,
            created_by=call.caller.id,
            channel=wanted.channel,
            merchant=self._ticketing.merchant,
            offer=wanted.offer,
            order_text=wanted.order,
            amount=wanted.amount,
            number=number.id if number else None,
            passengers=wanted.passengers,
            request=self._keyring.order_digest("request", call.cause.request.hex()),
        )
        try:
            ticket, replayed = await self._ticketing.issue(new, call.cause.key)
        except TicketKeyReused:
            raise key_reused("ticket") from None
        if ticket.status is TicketStatus.REFUSED:
            raise refusal("airline_refused", ticket.reason or "", "$", status=409)
        if ticket.reason == NUMBER_USED:
            text = "This payment number has paid once already."
            raise refusal(NUMBER_USED, text, wanted.number_field, status=409)
        return ticket, replayed

    async def _require_price(self, wanted: Wanted) -> None:
        try:
            await self._ticketing.require_price(wanted.offer, wanted.amount)
        except OfferRefused as error:
            wrong_amount = error.reason == "wrong_amount"
            field = wanted.amount_field if wrong_amount else wanted.offer_field
            raise refusal(error.reason, str(error), field) from None
        except AirlineSilent:
            raise unavailable(
                "The airline does not answer just now.", Happened.NO
            ) from None

    async def _number(self, agency: Agency, wanted: Wanted) -> PaymentNumber:
        try:
            return await asyncio.to_thread(
                find_number,
                self._store,
                self._keyring,
                agency=agency.id,
                digits=wanted.digits or "",
            )
        except NumberRefused as error:
            raise _unusable(error, wanted) from None

    def _require_usable(self, number: PaymentNumber, wanted: Wanted) -> None:
        try:
            require_usable(
                number, wanted.amount, wanted.expiration, now_ms=self._clock.now_ms()
            )
        except NumberRefused as error:
            raise _unusable(error, wanted) from None


def _unusable(error: NumberRefused, wanted: Wanted) -> Problem:
    status = 409 if error.reason in _CONFLICT else 422
    return refusal(error.reason, str(error), wanted.number_field, status=status)


def refusal(reason: str, text: str, field: str, *, status: int = 422) -> Problem:
    return Problem(status, "ticket-refused", text, field=field, extra={"reason": reason})


def decline_of(ticket: Ticket) -> DeclineReason | None:
    """Why the account declined it, if it did."""
    if ticket.status is not TicketStatus.DECLINED or ticket.reason is None:
        return None
    return DeclineReason(ticket.reason)
