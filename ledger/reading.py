"""What a journal entry says about its payment, for people."""

import msgspec

from ledger.entry import Entry
from ledger.events import (
    Authorised,
    Captured,
    Expired,
    Increased,
    PaymentDeclined,
    Purchased,
    Refunded,
    Reversed,
    Voided,
)
from ledger.ids import Ref, payment_text
from ledger.money import format_minor
from ledger.payment import PaymentState
from ledger.posting import commodity_of
from ledger.time_text import time_text

# The events that say how a payment stands: what was refused, or answered again, changed nothing.
OfPayment = (
    Purchased
    | Authorised
    | PaymentDeclined
    | Increased
    | Captured
    | Voided
    | Expired
    | Refunded
    | Reversed
)


class NoPayment(ValueError):
    """The entry is about something else."""


class Reading(msgspec.Struct, frozen=True):
    """What the entry says, for people. Amounts as of this entry: `240.00 QAR`, or none."""

    payment: str
    state: str
    amount: str
    captured: str
    refunded: str
    decline: str
    merchant: str
    at: str
    entry: str


def reading_of(entry: Entry, partition: int) -> Reading:
    """Raises NoPayment, UnknownCommodity."""
    event = entry.event
    captured: dict[str, int] = {}
    refunded: dict[str, int] = {}
    decline = ""
    match event:
        case Purchased(sale=sale, legs=legs):
            state, merchant, captured = PaymentState.CAPTURED, sale.merchant, legs
        case Authorised(sale=sale, legs=legs):
            state, merchant = PaymentState.AUTHORISED, sale.merchant
        case PaymentDeclined(sale=sale, legs=legs, reason=reason):
            state, merchant, decline = PaymentState.DECLINED, sale.merchant, reason.value
        case (
            Increased(merchant=merchant, after=after)
            | Captured(merchant=merchant, after=after)
            | Voided(merchant=merchant, after=after)
            | Expired(merchant=merchant, after=after)
            | Refunded(merchant=merchant, after=after)
            | Reversed(merchant=merchant, after=after)
        ):
            state, legs = after.state, after.authorised
            captured, refunded = after.captured, after.refunded
        case _:
            raise NoPayment
    return Reading(
        payment=payment_text(Ref(entry.account, event.ordinal)),
        state=state.value,
        amount=_amounts(legs),
        captured=_amounts(captured),
        refunded=_amounts(refunded),
        decline=decline,
        merchant=merchant,
        at=time_text(entry.at_ms),
        entry=f"{partition}-{entry.seq}",
    )


def _amounts(legs: dict[str, int]) -> str:
    """By commodity: pots of one are added up."""
    sums: dict[str, int] = {}
    for pot, minor in legs.items():
        sums[commodity_of(pot)] = sums.get(commodity_of(pot), 0) + minor
    return ", ".join(
        f"{format_minor(minor, commodity)} {commodity}" for commodity, minor in sums.items()
    )
