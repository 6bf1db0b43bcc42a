"""The counter's charges, documents and shifts as JSON."""

import asyncio

from channels.api.scan_wire import MerchantCodeBody, MerchantCodeView
from channels.api.scans import drawn_code
from channels.counter.wire import (
    AllowanceView,
    BagView,
    BookingView,
    ChargeView,
    CouponView,
    DifferenceView,
    EmdView,
    ForWhomView,
    LineView,
    QuoteView,
    ShiftReportView,
    ShiftTotalView,
    ShiftView,
    TravellerView,
)
from channels.views import decline_view
from channels.wire import AmountView
from ledger.clock import Clock
from ledger.decline import DeclineReason
from ledger.money import Money
from ledger.time_text import time_text
from services.counter.charges import Charge, ChargeStatus
from services.counter.departures import (
    Bag,
    Booking,
    PieceAllowance,
    Traveller,
    WeightAllowance,
)
from services.counter.emds import CouponStatus, Emd, find_emds
from services.counter.pricing import Line, Quote
from services.counter.shifts import Report, Shift
from services.counter.tariff import RFIC
from services.counter.undoing import Undoing
from services.document_numbers import printed
from services.merchants import get_merchant
from services.orders import get_order
from services.store import Store


class CounterViews:
    def __init__(self, store: Store, undoing: Undoing, clock: Clock) -> None:
        self._store = store
        self._undoing = undoing
        self._clock = clock

    async def charge(self, charge: Charge, *, code: bool = False) -> ChargeView:
        """code: with what a phone scans, while it is awaited."""
        emds = await asyncio.to_thread(find_emds, self._store, [charge.id])
        drawn = None
        if code and charge.status is ChargeStatus.AWAITING and charge.order:
            drawn = await asyncio.to_thread(self._code, charge.merchant, charge.order)
        return self._charge(charge, emds.get(charge.id), drawn)

    async def report(self, report: Report, charges: list[Charge]) -> ShiftReportView:
        names = [charge.id for charge in charges]
        emds = await asyncio.to_thread(find_emds, self._store, names)
        return ShiftReportView(
            shift=shift_view(report.shift),
            emds=report.emds,
            unfinished=report.unfinished,
            ties=report.ties,
            totals=[
                ShiftTotalView(
                    currency=total.currency,
                    way=total.way,
                    charges=total.charges,
                    charged_minor=total.charged_minor,
                    voids=total.voids,
                    voided_minor=total.voided_minor,
                    refunds=total.refunds,
                    refunded_minor=total.refunded_minor,
                    net_minor=total.net_minor,
                )
                for total in report.totals
            ],
            differences=[
                DifferenceView(
                    one.charge,
                    one.payment,
                    one.what,
                    one.currency,
                    one.counter_minor,
                    one.ledger_minor,
                )
                for one in report.differences
            ],
            charges=[self._charge(one, emds.get(one.id), None) for one in charges],
        )

    def _charge(
        self, charge: Charge, emd: Emd | None, code: MerchantCodeView | None
    ) -> ChargeView:
        booking = charge.booking
        decline = None
        if charge.status is ChargeStatus.DECLINED and charge.reason:
            decline = decline_view(DeclineReason(charge.reason))
        gone = {CouponStatus.VOID, CouponStatus.REFUNDED}
        paid = charge.status is ChargeStatus.ISSUED
        coupons = emd.coupons if emd and paid else ()
        return ChargeView(
            id=charge.id,
            status=charge.status.value,
            way=charge.way.value,
            amount=amount_view(charge.amount),
            reference=charge.order_text,
            lines=[line_view(line) for line in charge.lines],
            booking=ForWhomView(
                locator=booking.locator,
                ticket=booking.ticket,
                given_name=booking.given_name,
                flight=booking.flight,
                date=booking.date,
                route=booking.route,
                bags=[bag_view(bag) for bag in booking.bags],
            ),
            payment=charge.payment,
            emd=self._emd(emd, charge.lines) if emd else None,
            refunded_minor=sum(c.amount_minor for c in coupons if c.status in gone),
            code=code,
            decline=decline,
            reason=None if decline else charge.reason,
            shift=charge.shift,
            at=time_text(charge.created_at_ms),
        )

    def _emd(self, emd: Emd, lines: tuple[Line, ...]) -> EmdView:
        until_ms = self._undoing.voidable_until_ms(emd)
        untouched = all(
            coupon.status is CouponStatus.OPEN and not coupon.undo for coupon in emd.coupons
        )
        voidable = untouched and self._clock.now_ms() < until_ms
        return EmdView(
            number=emd.number,
            printed=printed(emd.number),
            rfic=RFIC,
            status=emd.status.value,
            issued_at=time_text(emd.issued_at_ms),
            voidable_until=time_text(until_ms) if voidable else None,
            coupons=[
                CouponView(
                    number=coupon.number,
                    rfisc=line.rfisc,
                    text=dict(line.text),
                    quantity=line.quantity,
                    amount_minor=coupon.amount_minor,
                    status=coupon.status.value,
                )
                for coupon, line in zip(emd.coupons, lines, strict=True)
            ],
        )

    def _code(self, merchant: str, order: str) -> MerchantCodeView:
        """In a thread: two reads, and a picture."""
        return drawn_code(
            get_merchant(self._store, merchant),
            MerchantCodeBody(order=order),
            get_order(self._store, order),
        )


def booking_view(booking: Booking) -> BookingView:
    return BookingView(
        locator=booking.locator,
        flight=booking.flight,
        date=booking.date,
        origin=booking.origin,
        destination=booking.destination,
        travellers=[_traveller_view(one) for one in booking.travellers],
    )


def _traveller_view(traveller: Traveller) -> TravellerView:
    match traveller.allowance:
        case PieceAllowance(pieces, each_kg):
            allowance = AllowanceView("piece", pieces, each_kg)
        case WeightAllowance(kg):
            allowance = AllowanceView("weight", 0, kg)
    return TravellerView(
        ticket=traveller.ticket,
        given_name=traveller.given_name,
        tier=traveller.tier,
        allowance=allowance,
        checked=[bag_view(bag) for bag in traveller.checked],
    )


def bag_view(bag: Bag) -> BagView:
    return BagView(bag.weight_g, bag.item)


def line_view(line: Line) -> LineView:
    return LineView(
        charge=line.charge,
        rfisc=line.rfisc,
        text=dict(line.text),
        quantity=line.quantity,
        unit_minor=line.unit_minor,
        amount_minor=line.amount_minor,
        bags=list(line.bags),
        included=line.included,
    )


def quote_view(quote: Quote) -> QuoteView:
    lines = [line_view(line) for line in quote.lines]
    return QuoteView(RFIC, lines, amount_view(quote.total))


def shift_view(shift: Shift) -> ShiftView:
    closed = shift.closed_at_ms
    return ShiftView(
        id=shift.id,
        opened_at=time_text(shift.opened_at_ms),
        closed_at=time_text(closed) if closed is not None else None,
    )


def amount_view(amount: Money) -> AmountView:
    return AmountView(amount.amount_minor, amount.commodity)
