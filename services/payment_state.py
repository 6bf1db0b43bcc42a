"""A payment as the store shows it, and what each entry of the journal makes of it.

The same telling serves the list of payments, the lines of a statement and the news that merchants
get; so they cannot tell different stories.
"""

from typing import get_args

import msgspec

from ledger.entry import Entry
from ledger.events import (
    Amounts,
    Authorised,
    Captured,
    Event,
    Expired,
    Increased,
    PaymentDeclined,
    Purchased,
    Refunded,
    Reversed,
    Sale,
    Voided,
)
from ledger.ids import Ref, account_text, payment_text
from ledger.payment import PaymentState
from ledger.posting import Legs, commodity_of

Attempt = Purchased | Authorised | PaymentDeclined
FollowUp = Increased | Captured | Voided | Expired | Refunded | Reversed
OfPayment = Attempt | FollowUp


class PaymentRow(msgspec.Struct, kw_only=True):
    """As it stands after entry `seq`. currency: of its first pot; amounts are of all pots."""

    id: str
    merchant: str
    account: str
    channel: str
    place: str
    terminal: str
    order_digest: bytes
    currency: str
    status: str
    authorised_minor: int
    captured_minor: int
    refunded_minor: int
    decline: str
    at_ms: int
    expires_at_ms: int
    seq: int


def kind_of(entry: Entry) -> str:
    return _kind(type(entry.event))


def _kind(event: type) -> str:
    """The event's name as the API spells it: TransferSent → transfer_sent."""
    name = event.__name__.removeprefix("Payment")
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


# All that there are.
KINDS = frozenset(_kind(event) for event in get_args(Event))


def payment_of(entry: Entry, event: OfPayment) -> str:
    """The payment that the entry, with this event, is about."""
    return payment_text(Ref(entry.account, event.ordinal))


def opened_row(entry: Entry, event: Attempt) -> PaymentRow:
    """The payment as its first entry leaves it."""
    sale: Sale = event.sale
    state, captured, expires_at_ms, decline = _first(event)
    authorised = _total(event.legs)
    return PaymentRow(
        id=payment_of(entry, event),
        merchant=sale.merchant,
        account=account_text(entry.account),
        channel=sale.channel,
        place=sale.place,
        terminal=sale.terminal,
        order_digest=sale.order,
        currency=commodity_of(next(iter(event.legs), "")),
        status=state.value,
        authorised_minor=authorised,
        captured_minor=authorised if captured else 0,
        refunded_minor=0,
        decline=decline,
        at_ms=entry.at_ms,
        expires_at_ms=expires_at_ms,
        seq=entry.seq,
    )


def _first(event: Attempt) -> tuple[PaymentState, bool, int, str]:
    """State, whether it is captured at once, when a hold expires, why it was declined."""
    match event:
        case Purchased():
            return PaymentState.CAPTURED, True, 0, ""
        case Authorised():
            return PaymentState.AUTHORISED, False, event.expires_at_ms, ""
        case PaymentDeclined():
            return PaymentState.DECLINED, False, 0, event.reason.value


def follow(row: PaymentRow, entry: Entry, after: Amounts) -> None:
    """Bring the row to what the entry says that the payment is now."""
    row.status = after.state.value
    row.authorised_minor = _total(after.authorised)
    row.captured_minor = _total(after.captured)
    row.refunded_minor = _total(after.refunded)
    row.seq = entry.seq


def _total(legs: Legs) -> int:
    return sum(legs.values())
