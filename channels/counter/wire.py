"""The JSON of the airport counter. Names of bookings stand in bodies, never in a path."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from channels.api.scan_wire import MerchantCodeView
from channels.wire import (
    Amount,
    AmountView,
    CardText,
    CodeText,
    DeclineView,
    In,
    Out,
    ShortName,
)

# A record locator, or a ticket number with its dash.
BookingName = Annotated[str, Meta(min_length=4, max_length=20, pattern="^[A-Za-z0-9 -]*$")]
TicketText = Annotated[str, Meta(pattern="^[0-9]{13}$")]
ItemName = Annotated[str, Meta(pattern="^[a-z0-9_-]{1,24}$")]
# Scales end at 200 kg; what nobody lifts is refused by the tariff, with a sentence.
Grams = Annotated[int, Meta(ge=100, le=200_000)]
CouponNumber = Annotated[int, Meta(ge=1, le=4)]
EmdText = Annotated[str, Meta(min_length=13, max_length=16, pattern="^[0-9 -]*$")]


class BookingBody(In, frozen=True):
    booking: BookingName


class BagBody(In, frozen=True):
    weight_g: Grams
    item: ItemName = "bag"


Bags = Annotated[list[BagBody], Meta(min_length=1, max_length=12)]


class QuoteBody(In, frozen=True):
    ticket: TicketText
    bags: Bags


class CounterPayerBody(In, frozen=True):
    """Exactly one of the two. card: what the reader at this page typed."""

    code: CodeText | UnsetType = UNSET
    card: CardText | UnsetType = UNSET


class ChargeBody(In, frozen=True):
    """amount: what the passenger was told. payer: absent, it is paid by phone or at a till."""

    ticket: TicketText
    bags: Bags
    amount: Amount
    payer: CounterPayerBody | UnsetType = UNSET
    place: ShortName = ""


class RefundCouponsBody(In, frozen=True):
    """coupons: all that are open when absent."""

    coupons: Annotated[list[CouponNumber], Meta(min_length=1, max_length=4)] | UnsetType = (
        UNSET
    )


class UseBody(In, frozen=True):
    coupons: Annotated[list[CouponNumber], Meta(min_length=1, max_length=4)]


class EmdBody(In, frozen=True):
    number: EmdText


class BagView(Out, frozen=True):
    weight_g: int
    item: str


class AllowanceView(Out, frozen=True):
    """kind: `piece`, so many pieces of so many kilograms; or `weight`, so many in all."""

    kind: str
    pieces: int
    kg: int


class TravellerView(Out, frozen=True):
    ticket: str
    given_name: str
    tier: str
    allowance: AllowanceView
    checked: list[BagView]


class BookingView(Out, frozen=True):
    locator: str
    flight: str
    date: str
    origin: str
    destination: str
    travellers: list[TravellerView]


class LineView(Out, frozen=True):
    """charge: piece, heavy, kilogram or item. text: by language. bags: numbered from 1."""

    charge: str
    rfisc: str
    text: dict[str, str]
    quantity: int
    unit_minor: int
    amount_minor: int
    bags: list[int]
    included: int


class QuoteView(Out, frozen=True):
    rfic: str
    lines: list[LineView]
    amount: AmountView


class CouponView(Out, frozen=True):
    number: int
    rfisc: str
    text: dict[str, str]
    quantity: int
    amount_minor: int
    status: str


class EmdView(Out, frozen=True):
    """number: 13 digits; printed: as documents show it. voidable_until: null when it is not."""

    number: str
    printed: str
    rfic: str
    status: str
    issued_at: str
    voidable_until: str | None
    coupons: list[CouponView]


class ForWhomView(Out, frozen=True):
    """Empty once who paid was forgotten."""

    locator: str
    ticket: str
    given_name: str
    flight: str
    date: str
    route: str
    bags: list[BagView]


class ChargeView(Out, frozen=True):
    """reference: the order of its payment, to key in at a till. code: while it is awaited, for the
    passenger's phone. reason: why it ended without an EMD, unless it was declined.
    """

    id: str
    status: str
    way: str
    amount: AmountView
    reference: str
    lines: list[LineView]
    booking: ForWhomView
    payment: str | None
    emd: EmdView | None
    refunded_minor: int
    code: MerchantCodeView | None
    decline: DeclineView | None
    reason: str | None
    shift: str
    at: str


class UndoneView(Out, frozen=True):
    """status: done, or asked while its end is not known: ask again with the same key."""

    id: str
    kind: str
    status: str
    amount: AmountView
    coupons: list[int]
    charge: ChargeView


class ShiftTotalView(Out, frozen=True):
    """net = charged - voided - refunded."""

    currency: str
    way: str
    charges: int
    charged_minor: int
    voids: int
    voided_minor: int
    refunds: int
    refunded_minor: int
    net_minor: int


class DifferenceView(Out, frozen=True):
    """what: captured, given_back, or unknown_payment."""

    charge: str
    payment: str
    what: str
    currency: str
    counter_minor: int
    ledger_minor: int


class ShiftView(Out, frozen=True):
    id: str
    opened_at: str
    closed_at: str | None


class ShiftReportView(Out, frozen=True):
    """ties: the ledger has for each payment what the counter has. unfinished: not known yet."""

    shift: ShiftView
    emds: int
    unfinished: int
    ties: bool
    totals: list[ShiftTotalView]
    differences: list[DifferenceView]
    charges: list[ChargeView]


class ShiftsView(Out, frozen=True):
    """Newest first."""

    shifts: list[ShiftView]


class DemoBookingView(Out, frozen=True):
    locator: str
    given_names: list[str]
    route: str


class DeskView(Out, frozen=True):
    """items: special kinds of bag, by language. demo: bookings to try, in a demonstration."""

    agent: str
    merchant_name: str
    tariff: str
    carry_max_kg: int
    items: dict[str, dict[str, str]]
    shift: ShiftView | None
    demo: list[DemoBookingView]
