"""A ticket and its payment: both, or neither, whatever dies in between.

    hold the money ──> ask the airline ──> take the money
                            │ refused: give it back
                            │ silent: unknown. The hold stays, and the airline is asked again

Each step is asked under a key that derives from the ticket, and the ledger and the airline both
give the first answer to a key for ever (services/airline.py). So a step may be taken any number of
times, by whoever: the request that began it, its retry, or `resume` in any gateway after a crash.
Nothing is guessed: a silent airline leaves the ticket *issuing*, and only its answer ends that.

The order of steps is what keeps the house whole: money is set aside before anything is issued, and
is given back only after the airline has said that nothing was, or no longer is.
"""

import asyncio
from collections.abc import Callable

import msgspec

from actors.batcher import MailboxFull
from ledger.clock import Clock
from ledger.commands import Capture, CaptureMode, ReadPayment, Refund, Void
from ledger.decline import DeclineReason
from ledger.entry import Cause
from ledger.ids import Ref, parse_account, parse_payment, payment_text
from ledger.keys import key_digest, request_digest
from ledger.money import Money
from ledger.payment import PaymentState
from ledger.replies import DeclinedReply, PaymentReply, RefusalKind, Reply
from services.airline import Airline, AirlineRefused, AirlineSilent, TicketRequest
from services.asking import Accounts, Refused, Unanswered
from services.mint import mint
from services.own_cause import own_cause
from services.payment_numbers import get_number
from services.payments import HOLD_MS, Payer, PaymentRequest, Payments
from services.sales_day import end_of_day_ms
from services.store import Store, StoreUnavailable
from services.tickets import (
    NOTHING_NEW,
    Known,
    NewTicket,
    RefundStatus,
    Ticket,
    TicketRefund,
    TicketStatus,
    UnknownTicket,
    end_refund,
    find_refund,
    get_ticket,
    move,
    open_refund,
    open_ticket,
    unfinished,
    unfinished_refunds,
)

# A ticket that nobody has moved for this long is taken up again. Longer than any request waits, so
# that it is seldom asked for twice at once; that would be slow, not wrong.
RESUME_AFTER_MS = 10_000
# Taken up in one round: some 20 ms each, so a round is bounded too.
RESUME_MAX = 50
NUMBER_USED = "number_used"

# What failed on the way, and may work the next time; nothing is known to have happened.
ON_THE_WAY = (AirlineSilent, Unanswered, Refused, MailboxFull, StoreUnavailable)


class OfferRefused(Exception):
    """The airline would not sell this at this price; nothing was asked of the account."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class TicketKeyReused(Exception):
    """The idempotency key came with another ticket before."""


class CannotUndo(Exception):
    """The ticket cannot be voided or refunded as it stands; nothing was changed."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Ticketing:
    def __init__(
        self,
        accounts: Accounts,
        payments: Payments,
        store: Store,
        *,
        airline: Airline,
        clock: Clock,
    ) -> None:
        self._accounts = accounts
        self._payments = payments
        self._store = store
        self._airline = airline
        self._clock = clock

    @property
    def merchant(self) -> str:
        return self._airline.merchant

    @property
    def designator(self) -> str:
        return self._airline.designator

    async def require_price(self, offer: str, amount: Money) -> None:
        """A courtesy: what the airline would refuse is refused before money is set aside.

        Raises OfferRefused, AirlineSilent.
        """
        price = await self._airline.price(offer)
        if price is None:
            raise OfferRefused("offer_unknown", f"There is no offer {offer[:64]!r}.")
        if price != amount:
            raise OfferRefused("wrong_amount", f"The offer costs {price}, not {amount}.")

    async def knows(self, key: bytes) -> bool:
        """Was a ticket asked for under this key? Then nothing is judged anew: it has its answer."""
        try:
            await asyncio.to_thread(get_ticket, self._store, _name(key))
        except UnknownTicket:
            return False
        return True

    async def issue(self, new: NewTicket, key: bytes) -> tuple[Ticket, bool]:
        """The ticket as far as it got, and whether it was asked for before under this key.

        Raises TicketKeyReused, and what asking an account raises.
        """
        ticket, replayed = await asyncio.to_thread(
            open_ticket, self._store, _name(key), new, now_ms=self._clock.now_ms()
        )
        if ticket.request != new.request:
            raise TicketKeyReused
        return await self.advance(ticket), replayed

    async def advance(self, ticket: Ticket) -> Ticket:
        """Go on from where it is, as far as it goes."""
        if ticket.status is TicketStatus.PAYING:
            ticket = await self._pay(ticket)
        if ticket.status is TicketStatus.ISSUING:
            ticket = await self._ask_airline(ticket)
        if ticket.status is TicketStatus.VOIDING:
            ticket = await self._void(ticket)
        return ticket

    async def _pay(self, ticket: Ticket) -> Ticket:
        request = PaymentRequest(
            payer=Payer(parse_account(ticket.account)),
            amount=ticket.amount,
            merchant=ticket.merchant,
            order=ticket.id,
            channel=ticket.channel,
            terminal=ticket.created_by,
            capture=CaptureMode.MANUAL,
            hold_ms=HOLD_MS,
        )
        try:
            reply = await self._payments.authorise(request, await self._hold_cause(ticket))
        except Refused as error:
            if ticket.number is None or error.kind is not RefusalKind.KEY_REUSED:
                raise
            return await self._move(
                ticket, TicketStatus.DECLINED, Known(reason=NUMBER_USED)
            )
        if isinstance(reply, DeclinedReply):
            return await self._move(
                ticket, TicketStatus.DECLINED, Known(reason=reply.reason)
            )
        assert isinstance(reply, PaymentReply), "an authorisation ends approved or declined"
        payment = payment_text(reply.ref)
        if reply.state is PaymentState.DECLINED:
            assert reply.decline is not None, "a declined payment says why"
            return await self._move(
                ticket, TicketStatus.DECLINED, Known(payment=payment, reason=reply.decline)
            )
        return await self._move(ticket, TicketStatus.ISSUING, Known(payment=payment))

    async def _hold_cause(self, ticket: Ticket) -> Cause:
        """A payment number's own key, if one pays: that is what makes it pay once."""
        if ticket.number is None:
            return self._cause(ticket, "hold")
        number = await asyncio.to_thread(get_number, self._store, ticket.number)
        request = request_digest(msgspec.msgpack.encode(["ticket", ticket.id]))
        return Cause(number.key, request, ticket.created_by)

    async def _ask_airline(self, ticket: Ticket) -> Ticket:
        request = TicketRequest(
            reference=ticket.id,
            offer=ticket.offer,
            amount=ticket.amount,
            passengers=ticket.passengers,
        )
        try:
            outcome = await self._airline.issue(request)
        except AirlineSilent:
            return ticket
        if isinstance(outcome, AirlineRefused):
            await self._change(Void, ticket, "release")
            return await self._move(
                ticket, TicketStatus.REFUSED, Known(reason=outcome.text)
            )
        taken = await self._change(Capture, ticket, "capture")
        ended = TicketStatus.ISSUED
        reason = None
        if isinstance(taken, DeclinedReply):
            ended, reason = TicketStatus.UNPAID, taken.reason.text
        known = Known(ticket_numbers=outcome.numbers, reason=reason)
        return await self._move(ticket, ended, known)

    # Undoing

    async def void(self, ticket: Ticket, utc_offset_min: int) -> Ticket:
        """Undo it on the day of its sale. Raises CannotUndo."""
        if ticket.status in {TicketStatus.VOIDED, TicketStatus.VOIDING}:
            return await self.advance(ticket)
        if ticket.status is not TicketStatus.ISSUED:
            raise CannotUndo("not_issued", f"The ticket is {ticket.status}, not issued.")
        if self._clock.now_ms() >= void_until_ms(ticket, utc_offset_min):
            raise CannotUndo(
                "sales_day_over", "Its sales day is over: the ticket can be refunded now."
            )
        return await self.advance(await self._move(ticket, TicketStatus.VOIDING))

    async def _void(self, ticket: Ticket) -> Ticket:
        try:
            outcome = await self._airline.void(ticket.id)
        except AirlineSilent:
            return ticket
        if isinstance(outcome, AirlineRefused):
            await self._move(ticket, TicketStatus.ISSUED)
            raise CannotUndo("airline_refused", outcome.text)
        given_back = await self._change(Void, ticket, "void")
        if isinstance(given_back, DeclinedReply) and (
            given_back.reason is not DeclineReason.EXCEEDS_CAPTURED
        ):
            return ticket  # the money is not back, so this has not ended
        return await self._move(ticket, TicketStatus.VOIDED)

    async def refund(
        self, ticket: Ticket, amount: Money | None, key: bytes
    ) -> tuple[TicketRefund, bool]:
        """Give back a part, or all that is left (None). Raises CannotUndo before it is asked."""
        name = mint("rfd", lambda count: key_digest("refund", key.hex())[:count])
        refund = await asyncio.to_thread(find_refund, self._store, name)
        replayed = refund is not None
        if refund is None:
            refund = await self._open_refund(name, ticket, amount)
        if refund.ticket != ticket.id or amount not in {None, refund.amount}:
            raise TicketKeyReused
        return await self._give_back(refund, ticket), replayed

    async def _open_refund(
        self, name: str, ticket: Ticket, amount: Money | None
    ) -> TicketRefund:
        if ticket.status is not TicketStatus.ISSUED:
            raise CannotUndo("not_issued", f"The ticket is {ticket.status}, not issued.")
        left = await self.refundable(ticket)
        wanted = amount or left
        if wanted.commodity != left.commodity:
            raise CannotUndo("wrong_currency", f"The ticket was paid in {left.commodity}.")
        if not 0 < wanted.amount_minor <= left.amount_minor:
            raise CannotUndo("exceeds_captured", f"At most {left} is left to refund.")
        return await asyncio.to_thread(
            open_refund, self._store, name, ticket, wanted, now_ms=self._clock.now_ms()
        )

    async def refundable(self, ticket: Ticket) -> Money:
        """What was taken for it and not given back."""
        if ticket.payment is None:
            return Money(0, ticket.amount.commodity)
        ref = parse_payment(ticket.payment)
        reply = await self._accounts.read(
            ReadPayment(account=ref.account, ordinal=ref.ordinal), ticket.created_by
        )
        assert isinstance(reply, PaymentReply), "a ticket names a payment that is there"
        left_minor = sum(reply.captured.values()) - sum(reply.refunded.values())
        return Money(left_minor, ticket.amount.commodity)

    async def _give_back(self, refund: TicketRefund, ticket: Ticket) -> TicketRefund:
        if refund.status is not RefundStatus.ASKED:
            return refund
        try:
            outcome = await self._airline.refund(ticket.id, refund.id, refund.amount)
        except AirlineSilent:
            return refund
        if isinstance(outcome, AirlineRefused):
            return await self._end(refund, RefundStatus.REFUSED, outcome.text)
        ref = _payment_of(ticket)
        command = Refund(account=ref.account, ordinal=ref.ordinal, amount=refund.amount)
        cause = own_cause("ticket refund", refund.id, ticket.created_by)
        reply = await self._accounts.change(command, cause)
        if isinstance(reply, DeclinedReply):
            return await self._end(refund, RefundStatus.REFUSED, reply.reason.text)
        return await self._end(refund, RefundStatus.REFUNDED)

    # After a crash

    async def resume(self) -> int:
        """Take up what was left in the middle. How many were seen."""
        before_ms = self._clock.now_ms() - RESUME_AFTER_MS
        tickets = await asyncio.to_thread(
            unfinished, self._store, before_ms=before_ms, limit=RESUME_MAX
        )
        for ticket in tickets:
            try:
                await self.advance(ticket)
            except (*ON_THE_WAY, CannotUndo):
                continue  # as it is: the next round, or its own caller, asks again
        refunds = await asyncio.to_thread(
            unfinished_refunds, self._store, before_ms=before_ms, limit=RESUME_MAX
        )
        for refund in refunds:
            try:
                ticket = await asyncio.to_thread(get_ticket, self._store, refund.ticket)
                await self._give_back(refund, ticket)
            except ON_THE_WAY:
                continue
        return len(tickets) + len(refunds)

    # Small parts

    async def _change(
        self, kind: Callable[..., Capture | Void], ticket: Ticket, step: str
    ) -> Reply:
        ref = _payment_of(ticket)
        command = kind(account=ref.account, ordinal=ref.ordinal)
        return await self._accounts.change(command, self._cause(ticket, step))

    def _cause(self, ticket: Ticket, step: str) -> Cause:
        name = f"{ticket.id}.{step}"
        return own_cause("ticket", name, ticket.created_by, ticket.id, step)

    async def _move(
        self, ticket: Ticket, status: TicketStatus, known: Known = NOTHING_NEW
    ) -> Ticket:
        return await asyncio.to_thread(
            move, self._store, ticket, status, known, now_ms=self._clock.now_ms()
        )

    async def _end(
        self, refund: TicketRefund, status: RefundStatus, reason: str | None = None
    ) -> TicketRefund:
        return await asyncio.to_thread(
            end_refund,
            self._store,
            refund,
            status,
            now_ms=self._clock.now_ms(),
            reason=reason,
        )


def void_until_ms(ticket: Ticket, utc_offset_min: int) -> int:
    """Midnight after its sale, where the agency is."""
    return end_of_day_ms(ticket.created_at_ms, utc_offset_min)


def _name(key: bytes) -> str:
    """The id of the ticket that is asked for under this key."""
    return mint("tkt", lambda count: key_digest("ticket", key.hex())[:count])


def _payment_of(ticket: Ticket) -> Ref:
    assert ticket.payment is not None, "a ticket that was held has a payment"
    return parse_payment(ticket.payment)
