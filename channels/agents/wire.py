"""The JSON of the agents' channel, as structs; see channels/wire.py for the rules of both."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from channels.wire import (
    Amount,
    AmountView,
    Currency,
    DeclineView,
    In,
    Label,
    OrderReference,
    Out,
)
from ledger.money import AMOUNT_MINOR_MAX
from services.agencies import UTC_OFFSET_MIN_LEAST, UTC_OFFSET_MIN_MOST
from services.payment_numbers import DIGITS

AgencyText = Annotated[str, Meta(pattern="^agy_[a-z2-7]{24}$")]
PrincipalText = Annotated[str, Meta(pattern="^prn_[a-z2-7]{24}$")]
PaymentText = Annotated[str, Meta(pattern="^pay_[a-z2-7]{32}$")]
NumberText = Annotated[
    str,
    Meta(pattern=f"^0[0-9]{{{DIGITS - 1}}}$", description="a payment number, 16 digits"),
]
# What airlines write: an id of at most 64 characters, without spaces.
OfferText = Annotated[str, Meta(pattern="^[A-Za-z0-9._:-]{1,64}$")]
PersonName = Annotated[str, Meta(min_length=1, max_length=64)]
# From five minutes, for a fare that is held so long, to the month that a card would have.
# A year: a limit that nobody looks at for longer is nobody's decision any more.
CreditSeconds = Annotated[int, Meta(ge=60, le=366 * 86_400)]
ValidSeconds = Annotated[int, Meta(ge=300, le=31 * 86_400)]


class AgencyBody(In, frozen=True):
    """utc_offset_min: when its sales day begins; 180 for Doha."""

    name: Annotated[str, Meta(min_length=1, max_length=64)]
    iata_code: Annotated[
        str, Meta(pattern="^[0-9]{8}$", description="7 digits and those mod 7")
    ]
    currencies: Annotated[list[Currency], Meta(min_length=1, max_length=16)]
    utc_offset_min: Annotated[
        int, Meta(ge=UTC_OFFSET_MIN_LEAST, le=UTC_OFFSET_MIN_MOST)
    ] = 0


class UserBody(In, frozen=True):
    name: Annotated[Label, Meta(min_length=1)]


class DisableUserBody(In, frozen=True):
    user: PrincipalText


class ValidationBody(In, frozen=True):
    amount: Amount


class AlertBody(In, frozen=True):
    """Warn when less than this may be spent; 0 never warns."""

    below_minor: Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
    currency: Currency


class NumberBody(In, frozen=True):
    amount: Amount
    valid_s: ValidSeconds = 86_400


class PassengerBody(In, frozen=True):
    given_name: PersonName
    surname: PersonName


class TicketBody(In, frozen=True):
    """number: pays with it. Without one the agency's account is debited."""

    offer: OfferText
    amount: Amount
    order: OrderReference
    passengers: Annotated[list[PassengerBody], Meta(min_length=1, max_length=9)]
    number: NumberText | UnsetType = UNSET


class TicketRefundBody(In, frozen=True):
    """amount: all that is left when absent."""

    clearance_id: PaymentText
    amount: Amount | UnsetType = UNSET


class CreditBody(In, frozen=True):
    """What may be owed in a currency; 0 ends it. valid_s: for so long, or until it is changed."""

    limit_minor: Annotated[int, Meta(ge=0, le=AMOUNT_MINOR_MAX)]
    currency: Currency
    valid_s: CreditSeconds | UnsetType = UNSET


class AgencyPotView(Out, frozen=True):
    """spendable = available + what is left of the credit. low: less than `alert_below_minor` may
    be spent.
    """

    currency: str
    available_minor: int
    held_minor: int
    spendable_minor: int
    credit_limit_minor: int
    credit_drawn_minor: int
    credit_until: str | None
    alert_below_minor: int
    low: bool
    low_since: str | None


class AgencyView(Out, frozen=True):
    id: str
    name: str
    iata_code: str
    account: str
    status: str
    utc_offset_min: int
    pots: list[AgencyPotView]


class AgenciesView(Out, frozen=True):
    agencies: list[AgencyView]


class UserView(Out, frozen=True):
    id: str
    name: str
    disabled: bool


class AgencyDetailView(AgencyView, frozen=True, kw_only=True):
    users: list[UserView]


class NewUserView(UserView, frozen=True, kw_only=True):
    """api_key: shown this once."""

    api_key: str


class ReasonView(Out, frozen=True):
    reason: str
    text: str


class ValidationView(Out, frozen=True):
    """allowed: the agency may pay this now. It sets nothing aside."""

    allowed: bool
    amount: AmountView
    spendable_minor: int
    reasons: list[ReasonView]


class NumberView(Out, frozen=True):
    """number: masked; in full only in the answer that made it. ticket: the one that it was used
    for. expiration: MMYY, as a ticketing system wants it.
    """

    id: str
    number: str
    amount: AmountView
    status: str
    expiration: str
    expires_at: str
    created_at: str
    ticket: str | None


class NumbersView(Out, frozen=True):
    numbers: list[NumberView]


class TicketView(Out, frozen=True):
    """clearance_id: the payment, for a refund. number: masked. voidable_until: of one that can
    be voided still.
    """

    id: str
    status: str
    offer: str
    order: str
    amount: AmountView
    refunded_minor: int
    clearance_id: str | None
    number: str | None
    ticket_numbers: list[str]
    channel: str
    at: str
    voidable_until: str | None
    decline: DeclineView | None
    reason: str | None


class TicketsView(Out, frozen=True):
    tickets: list[TicketView]
    next: str | None


class TicketRefundView(Out, frozen=True):
    id: str
    status: str
    amount: AmountView
    clearance_id: str
    ticket: str
    at: str


class StatementLineView(Out, frozen=True):
    entry: str
    at: str
    kind: str
    amount_minor: int
    balance_minor: int
    payment: str | None
    transfer: str | None
    ticket: str | None
    order: str | None
    channel: str | None


class StatementView(Out, frozen=True):
    """opening + credits - debits = closing; credits and debits are the sums of the lines."""

    agency: str
    account: str
    currency: str
    since: str
    until: str
    opening_minor: int
    credits_minor: int
    debits_minor: int
    closing_minor: int
    lines: list[StatementLineView]
