"""Charges over HTTP: price, charge, look, cancel; void, refund and use of the EMD."""

import asyncio

import msgspec
from msgspec import UNSET

from channels.access import merchant_scope
from channels.counter.desk import CounterDesk, Found, bags_of, refusal
from channels.counter.views import CounterViews, amount_view, booking_view, quote_view
from channels.counter.wire import (
    BookingBody,
    BookingView,
    ChargeBody,
    ChargeView,
    EmdBody,
    QuoteBody,
    QuoteView,
    RefundCouponsBody,
    UndoneView,
    UseBody,
)
from channels.payers import Payers
from channels.problem import key_reused, not_found
from channels.route import Answer, Call, NoBody, Route, scopes
from ledger.decline import DeclineReason
from ledger.ids import account_text
from ledger.keys import request_digest
from ledger.money import Money
from services.counter.charges import (
    UNFINISHED,
    Charge,
    ChargeStatus,
    ForWhom,
    NewCharge,
    Way,
    get_charge,
)
from services.counter.charging import CannotCancel, ChargeKeyReused, Charging
from services.counter.departures import Bag
from services.counter.emds import NotUsable, UnknownEmd, charge_of_emd, use
from services.counter.undoing import (
    CannotUndo,
    Undoing,
    UndoKeyReused,
    UndoKind,
    UndoStatus,
    Wanted,
)
from services.document_numbers import typed
from services.payments import Payer
from services.store import Store

_CHARGED = {201: ChargeView, 202: ChargeView, 402: ChargeView}
_UNDONE = {200: UndoneView, 202: UndoneView}


class ChargesApi:
    def __init__(
        self,
        desk: CounterDesk,
        charging: Charging,
        undoing: Undoing,
        views: CounterViews,
        payers: Payers,
        store: Store,
    ) -> None:
        self._desk = desk
        self._charging = charging
        self._undoing = undoing
        self._views = views
        self._payers = payers
        self._store = store

    def routes(self) -> list[Route]:
        agent = scopes("counter")
        one = "/v1/counter/charges/{id}"
        return [
            Route(
                method="POST", path="/v1/counter/bookings", handler=self.booking, scopes=agent,
                summary="A booking by record locator or ticket number", body=BookingBody,
                answers={200: BookingView}, problems=(404, 422),
            ),
            Route(
                method="POST", path="/v1/counter/quotes", handler=self.quote, scopes=agent,
                summary="What these bags cost, and why", body=QuoteBody,
                answers={200: QuoteView}, problems=(404, 422),
            ),
            Route(
                method="POST", path="/v1/counter/charges", handler=self.open, scopes=agent,
                summary="Charge these bags, and issue their EMD", body=ChargeBody, keyed=True,
                answers=_CHARGED, problems=(404, 409),
            ),
            Route(
                method="GET", path=one, handler=self.read, scopes=agent,
                summary="A charge as it stands", answers={200: ChargeView},
            ),
            Route(
                method="POST", path=f"{one}/cancel", handler=self.cancel, scopes=agent,
                summary="Wait no longer for its payment", body=NoBody,
                answers={200: ChargeView}, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/void", handler=self.void, scopes=agent,
                summary="Void its EMD on the day of its sale", body=NoBody, keyed=True,
                answers=_UNDONE, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/refund", handler=self.refund, scopes=agent,
                summary="Refund its EMD, or some of its coupons", body=RefundCouponsBody,
                keyed=True, answers=_UNDONE, problems=(409,),
            ),
            Route(
                method="POST", path=f"{one}/use", handler=self.use, scopes=agent,
                summary="The bags of these coupons flew", body=UseBody,
                answers={200: ChargeView}, problems=(409,),
            ),
            Route(
                method="POST", path="/v1/counter/emds", handler=self.emd, scopes=agent,
                summary="The charge of an EMD, by its number", body=EmdBody,
                answers={200: ChargeView}, problems=(404,),
            ),
        ]  # fmt: skip

    async def booking(self, call: Call) -> Answer:
        return Answer(200, booking_view(await self._desk.booking(call.body.booking)))

    async def quote(self, call: Call) -> Answer:
        body: QuoteBody = call.body
        found = await self._desk.found(body.ticket)
        return Answer(200, quote_view(self._desk.quote(found, bags_of(body.bags))))

    async def open(self, call: Call) -> Answer:
        body: ChargeBody = call.body
        self._payers.require_left(call.caller)
        payer = None
        if body.payer:
            payer = await self._payers.scanned(
                call.caller, body.payer.code, body.payer.card
            )
        known = await self._charging.known(call.cause.key)
        new = self._again(known, call) if known else await self._new(call, payer)
        try:
            charge, replayed = await self._charging.open(new, payer, call.cause.key)
        except ChargeKeyReused:
            raise key_reused("charge") from None
        return await self._answer(call, charge, replayed=replayed)

    def _again(self, known: Charge, call: Call) -> NewCharge:
        """What was priced once is not priced anew: the bags may be checked by now."""
        fields = {name: getattr(known, name) for name in NewCharge.__struct_fields__}
        return NewCharge(**{**fields, "request": _request(call)})

    async def _new(self, call: Call, payer: Payer | None) -> NewCharge:
        body: ChargeBody = call.body
        shift = await self._desk.shift(call)
        found, bags = await self._desk.found(body.ticket), bags_of(body.bags)
        quote = self._desk.quote(found, bags)
        told = Money(body.amount.amount_minor, body.amount.currency)
        if not quote.lines:
            raise refusal(
                "nothing_to_pay", "These bags are included in the fare.", "$.bags"
            )
        if told != quote.total:
            detail = f"These bags cost {quote.total}, not {told}: look at the price again."
            raise refusal("wrong_amount", detail, "$.amount")
        return NewCharge(
            merchant=merchant_scope(call.caller),
            agent=call.caller.id,
            shift=shift.id,
            way=_way(body),
            amount=quote.total,
            lines=quote.lines,
            booking=_for_whom(found, bags),
            account=account_text(payer.account) if payer else None,
            request=_request(call),
        )

    async def _answer(self, call: Call, charge: Charge, *, replayed: bool) -> Answer:
        if charge.status is ChargeStatus.REFUSED:
            raise refusal("departure_refused", charge.reason or "", "$.bags", status=409)
        declined = charge.status is ChargeStatus.DECLINED
        if declined and not replayed and charge.reason:
            self._payers.note(call.caller, DeclineReason(charge.reason))
        view = await self._views.charge(charge, code=True)
        if declined:
            return Answer(402, view, replayed)
        unknown = charge.status in UNFINISHED - {ChargeStatus.AWAITING}
        return Answer(202 if unknown else 201, view, replayed)

    async def read(self, call: Call) -> Answer:
        """It goes on as far as it can: whoever looks brings it forward."""
        charge = await self._charging.advance(await self._desk.charge(call))
        return Answer(200, await self._views.charge(charge, code=True))

    async def cancel(self, call: Call) -> Answer:
        charge = await self._desk.charge(call)
        try:
            charge = await self._charging.cancel(charge)
        except CannotCancel as error:
            raise refusal("not_awaiting", str(error), "id", status=409) from None
        return Answer(200, await self._views.charge(charge))

    async def void(self, call: Call) -> Answer:
        return await self._undo(call, UndoKind.VOID, ())

    async def refund(self, call: Call) -> Answer:
        body: RefundCouponsBody = call.body
        coupons = tuple(sorted(set(body.coupons or ())))
        return await self._undo(call, UndoKind.REFUND, coupons)

    async def _undo(self, call: Call, kind: UndoKind, coupons: tuple[int, ...]) -> Answer:
        charge = await self._desk.charge(call)
        shift = await self._desk.shift(call)
        wanted = Wanted(kind=kind, coupons=coupons, shift=shift.id, agent=call.caller.id)
        try:
            undo, replayed = await self._undoing.undo(charge, wanted, call.cause.key)
        except UndoKeyReused:
            raise key_reused("void or refund") from None
        except CannotUndo as error:
            raise refusal(error.reason, str(error), "id", status=409) from None
        if undo.status is UndoStatus.REFUSED:
            raise refusal("undo_refused", undo.reason or "", "id", status=409)
        view = UndoneView(
            id=undo.id,
            kind=undo.kind.value,
            status=undo.status.value,
            amount=amount_view(Money(undo.amount_minor, charge.amount.commodity)),
            coupons=list(undo.coupons),
            charge=await self._views.charge(charge),
        )
        return Answer(200 if undo.status is UndoStatus.DONE else 202, view, replayed)

    async def use(self, call: Call) -> Answer:
        charge = await self._desk.charge(call)
        if charge.status is not ChargeStatus.ISSUED:
            detail = f"The charge is {charge.status}: it has no EMD to use."
            raise refusal("not_issued", detail, "id", status=409)
        try:
            await asyncio.to_thread(use, self._store, charge.id, call.body.coupons)
        except NotUsable as error:
            raise refusal("coupon_not_open", str(error), "$.coupons", status=409) from None
        return Answer(200, await self._views.charge(charge))

    async def emd(self, call: Call) -> Answer:
        body: EmdBody = call.body
        number = typed(body.number)
        merchant = merchant_scope(call.caller)
        try:
            name = await asyncio.to_thread(charge_of_emd, self._store, number, merchant)
        except UnknownEmd:
            raise not_found("EMD", number, "$.number") from None
        charge = await asyncio.to_thread(get_charge, self._store, name)
        return Answer(200, await self._views.charge(charge))


def _way(body: ChargeBody) -> Way:
    if not body.payer:
        return Way.AWAITED
    return Way.SCAN if body.payer.code is not UNSET else Way.CARD


def _request(call: Call) -> bytes:
    """A digest of all that was asked, but not of a code's digits: those are nobody's to keep."""
    body: ChargeBody = call.body
    asked = [body.ticket, body.bags, body.amount, _way(body).value]
    return request_digest(msgspec.msgpack.encode(asked))


def _for_whom(found: Found, bags: tuple[Bag, ...]) -> ForWhom:
    booking, traveller = found.booking, found.traveller
    return ForWhom(
        locator=booking.locator,
        ticket=traveller.ticket,
        given_name=traveller.given_name,
        flight=booking.flight,
        date=booking.date,
        route=f"{booking.origin}-{booking.destination}",
        bags=bags,
    )
