"""Tickets in JSON: issue, look, void on the same day, refund by clearance id."""

import asyncio

from channels.agents.access import AgencyFinder
from channels.agents.ticket_desk import TicketDesk, Wanted, decline_of, refusal
from channels.agents.wire import (
    TicketBody,
    TicketRefundBody,
    TicketRefundView,
    TicketsView,
    TicketView,
)
from channels.problem import key_reused, not_found
from channels.query import number
from channels.route import Answer, Call, NoBody, Route, scopes
from channels.views import decline_view
from channels.wire import AmountView
from ledger.clock import Clock
from ledger.money import Money
from ledger.time_text import time_text
from services.agencies import Agency
from services.airline import Passenger
from services.payment_numbers import PaymentNumber, get_number
from services.store import Store
from services.ticketing import CannotUndo, Ticketing, TicketKeyReused, void_until_ms
from services.tickets import (
    PAGE_MAX,
    RefundStatus,
    Ticket,
    TicketRefund,
    TicketStatus,
    UnknownTicket,
    get_ticket,
    list_tickets,
    ticket_of_payment,
)

ISSUED = {201: TicketView, 202: TicketView, 402: TicketView}
_STATUSES = {TicketStatus.ISSUED: 201, TicketStatus.DECLINED: 402}


class TicketViews:
    def __init__(self, ticketing: Ticketing, store: Store, clock: Clock) -> None:
        self._ticketing = ticketing
        self._store = store
        self._clock = clock

    async def view(self, ticket: Ticket, agency: Agency) -> TicketView:
        refunded_minor = 0
        if ticket.status in {TicketStatus.ISSUED, TicketStatus.VOIDED}:
            left = await self._ticketing.refundable(ticket)
            refunded_minor = ticket.amount.amount_minor - left.amount_minor
        decline = decline_of(ticket)
        return TicketView(
            id=ticket.id,
            status=ticket.status.value,
            offer=ticket.offer,
            order=ticket.order_text,
            amount=AmountView(ticket.amount.amount_minor, ticket.amount.commodity),
            refunded_minor=refunded_minor,
            clearance_id=ticket.payment,
            number=await self._masked(ticket),
            ticket_numbers=list(ticket.ticket_numbers),
            channel=ticket.channel,
            at=time_text(ticket.created_at_ms),
            voidable_until=self._voidable_until(ticket, agency),
            decline=decline_view(decline) if decline else None,
            reason=None if decline else ticket.reason,
        )

    async def _masked(self, ticket: Ticket) -> str | None:
        if ticket.number is None:
            return None
        number: PaymentNumber = await asyncio.to_thread(
            get_number, self._store, ticket.number
        )
        return number.masked

    def _voidable_until(self, ticket: Ticket, agency: Agency) -> str | None:
        until_ms = void_until_ms(ticket, agency.utc_offset_min)
        open_still = self._clock.now_ms() < until_ms
        issued = ticket.status is TicketStatus.ISSUED
        return time_text(until_ms) if issued and open_still else None


class TicketsApi:
    def __init__(
        self,
        finder: AgencyFinder,
        desk: TicketDesk,
        ticketing: Ticketing,
        views: TicketViews,
        store: Store,
    ) -> None:
        self._finder = finder
        self._desk = desk
        self._ticketing = ticketing
        self._views = views
        self._store = store

    def routes(self) -> list[Route]:
        agent = scopes("agency")
        page = {
            "limit": f"tickets of one page, {PAGE_MAX} at most",
            "before": "the `next` of the page before",
        }
        return [
            Route(
                method="POST", path="/v1/agency/tickets", handler=self.issue, scopes=agent,
                summary="Issue a ticket, debited in the same moment", body=TicketBody,
                keyed=True, answers=ISSUED, problems=(404, 409),
            ),
            Route(
                method="GET", path="/v1/agency/tickets", handler=self.own, scopes=agent,
                summary="The agency's tickets, newest first", answers={200: TicketsView},
                problems=(400, 404), query=page, texts=frozenset({"before"}),
            ),
            Route(
                method="GET", path="/v1/agencies/{id}/tickets", handler=self.named,
                scopes=scopes("accounts"), summary="An agency's tickets, newest first",
                answers={200: TicketsView}, problems=(400,), query=page,
                texts=frozenset({"before"}),
            ),
            Route(
                method="GET", path="/v1/agency/tickets/{id}", handler=self.read, scopes=agent,
                summary="A ticket as it stands", answers={200: TicketView},
            ),
            Route(
                method="POST", path="/v1/agency/tickets/{id}/void", handler=self.void,
                scopes=agent, summary="Undo a ticket on the day of its sale", body=NoBody,
                answers={200: TicketView, 202: TicketView}, problems=(409,),
            ),
            Route(
                method="POST", path="/v1/agency/refunds", handler=self.refund, scopes=agent,
                summary="Refund a ticket, all or a part, by its clearance id",
                body=TicketRefundBody, keyed=True,
                answers={201: TicketRefundView, 202: TicketRefundView}, problems=(404, 409),
            ),
        ]  # fmt: skip

    async def issue(self, call: Call) -> Answer:
        body: TicketBody = call.body
        agency = await self._finder.own(call)
        wanted = Wanted(
            channel="agent",
            offer=body.offer,
            order=body.order,
            amount=Money(body.amount.amount_minor, body.amount.currency),
            passengers=tuple(Passenger(p.given_name, p.surname) for p in body.passengers),
            digits=body.number or None,
        )
        ticket, replayed = await self._desk.issue(call, agency, wanted)
        view = await self._views.view(ticket, agency)
        # Voided since, or still on its way: it was issued, or may be.
        made = bool(ticket.ticket_numbers)
        status = _STATUSES.get(ticket.status, 201 if made else 202)
        return Answer(status, view, replayed)

    async def own(self, call: Call) -> Answer:
        return await self._listed(call, await self._finder.own(call))

    async def named(self, call: Call) -> Answer:
        return await self._listed(call, await self._finder.named(call))

    async def _listed(self, call: Call, agency: Agency) -> Answer:
        limit = max(1, number(call, "limit", default=50, most=PAGE_MAX))
        before = call.query.get("before")
        try:
            tickets = await asyncio.to_thread(
                list_tickets, self._store, agency.id, limit=limit, before=before
            )
        except UnknownTicket:
            raise not_found("ticket", before or "", "before") from None
        views = [await self._views.view(ticket, agency) for ticket in tickets]
        following = views[-1].id if len(views) == limit else None
        return Answer(200, TicketsView(views, following))

    async def read(self, call: Call) -> Answer:
        agency = await self._finder.own(call)
        ticket = await self._ticket(agency, call.path["id"])
        return Answer(200, await self._views.view(ticket, agency))

    async def void(self, call: Call) -> Answer:
        agency = await self._finder.own(call)
        ticket = await self._ticket(agency, call.path["id"])
        before = ticket.status
        try:
            ticket = await self._ticketing.void(ticket, agency.utc_offset_min)
        except CannotUndo as error:
            raise refusal(error.reason, str(error), "id", status=409) from None
        status = 200 if ticket.status is TicketStatus.VOIDED else 202
        view = await self._views.view(ticket, agency)
        return Answer(status, view, replayed=before is TicketStatus.VOIDED)

    async def refund(self, call: Call) -> Answer:
        body: TicketRefundBody = call.body
        agency = await self._finder.own(call)
        ticket = await self._by_clearance(agency, body.clearance_id)
        amount = body.amount or None
        wanted = Money(amount.amount_minor, amount.currency) if amount else None
        try:
            refund, replayed = await self._ticketing.refund(ticket, wanted, call.cause.key)
        except TicketKeyReused:
            raise key_reused("refund") from None
        except CannotUndo as error:
            raise refusal(error.reason, str(error), "$.amount", status=409) from None
        if refund.status is RefundStatus.REFUSED:
            text = refund.reason or "The airline refused the refund."
            raise refusal("airline_refused", text, "$.clearance_id", status=409)
        status = 201 if refund.status is RefundStatus.REFUNDED else 202
        return Answer(status, _refund_view(refund, ticket), replayed)

    async def _ticket(self, agency: Agency, name: str) -> Ticket:
        try:
            ticket = await asyncio.to_thread(get_ticket, self._store, name)
        except UnknownTicket:
            ticket = None
        if ticket is None or ticket.agency != agency.id:
            raise not_found("ticket", name)
        return ticket

    async def _by_clearance(self, agency: Agency, payment: str) -> Ticket:
        try:
            ticket = await asyncio.to_thread(ticket_of_payment, self._store, payment)
        except UnknownTicket:
            ticket = None
        if ticket is None or ticket.agency != agency.id:
            raise not_found("ticket cleared by", payment, "$.clearance_id")
        return ticket


def _refund_view(refund: TicketRefund, ticket: Ticket) -> TicketRefundView:
    assert ticket.payment is not None, "what was refunded was paid"
    return TicketRefundView(
        id=refund.id,
        status=refund.status.value,
        amount=AmountView(refund.amount.amount_minor, refund.amount.commodity),
        clearance_id=ticket.payment,
        ticket=ticket.id,
        at=time_text(refund.created_at_ms),
    )
