"""The JSON of settlements, fees and payouts."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from channels.wire import Amount, AmountView, Evidence, In, MerchantText, Out, ShortName
from services.fees import BASIS_POINTS_MAX


class SettlementBody(In, frozen=True):
    merchant: MerchantText


class FeeBody(In, frozen=True):
    """channel: empty for all that have no rate of their own."""

    merchant: MerchantText
    basis_points: Annotated[int, Meta(ge=0, le=BASIS_POINTS_MAX)]
    channel: ShortName = ""


class PayoutBody(In, frozen=True):
    """merchant: for operators, who say whose."""

    amount: Amount
    merchant: MerchantText | UnsetType = UNSET


class PaidBody(In, frozen=True):
    evidence: Evidence


class FeeView(Out, frozen=True, rename={"from_": "from"}):
    merchant: str
    channel: str
    basis_points: int
    from_: str


class FeesView(Out, frozen=True):
    """rounding: how a fee of a part of a minor unit becomes whole."""

    fees: list[FeeView]
    rounding: str


class CutView(Out, frozen=True):
    """The entries of this partition after `after`, up to `upto`, which is the cut."""

    partition: int
    after: int
    upto: int


class SettlementTotalView(Out, frozen=True):
    """gross: payments less refunds. carried_before and gross, less fees, are credited and carried.
    Below zero is what the merchant owes: refunds and fees came to more than was taken.
    """

    currency: str
    payments_minor: int
    refunds_minor: int
    gross_minor: int
    fees_minor: int
    carried_before_minor: int
    credited_minor: int
    carried_minor: int


class SettlementView(Out, frozen=True):
    id: str
    merchant: str
    merchant_name: str | None
    number: int
    status: str
    account: str
    opened_at: str
    settled_at: str | None
    cuts: list[CutView]
    totals: list[SettlementTotalView]


class SettlementsView(Out, frozen=True):
    settlements: list[SettlementView]


class SettlementLineView(Out, frozen=True):
    """entry: of the journal, partition and number. amount_minor: below zero for a refund."""

    entry: str
    at: str
    kind: str
    payment: str
    order: str | None
    channel: str
    currency: str
    amount_minor: int
    fee_minor: int


class SettlementLinesView(Out, frozen=True):
    """In the order of the journals. next: the `after` of the next page; null when there is none."""

    lines: list[SettlementLineView]
    next: str | None


class PayoutView(Out, frozen=True):
    """status: held, until another person approves it; approved, paid, or cancelled."""

    id: str
    merchant: str | None
    merchant_name: str | None
    amount: AmountView
    status: str
    asked_by: str
    decided_by: str | None
    at: str


class PayoutsView(Out, frozen=True):
    payouts: list[PayoutView]
