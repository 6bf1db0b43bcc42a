"""Which ledger accounts an event debits and credits: a pure function of the event.

So an entry's lines can always be computed again, and `airside ledger verify` does.
"""

from ledger.events import (
    Authorised,
    Captured,
    CreditDrawn,
    CreditRepaid,
    Event,
    Expired,
    Increased,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Purchased,
    Refunded,
    Reversed,
    Settled,
    StripeSwept,
    SweepReceived,
    TransferReceived,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.ids import AccountId
from ledger.posting import Book, Posting, move

TRANSIT = (Book.TRANSIT, b"")


def postings_of(account: AccountId, event: Event) -> list[Posting]:
    """The balanced lines of this event on this account; empty when no money moves."""
    available, held = (Book.AVAILABLE, account), (Book.HELD, account)
    payout, settling = (Book.PAYOUT, account), (Book.SETTLING, account)
    match event:
        case Purchased():
            return move(event.legs, debit=available, credit=_merchant(event.sale.merchant))
        case Authorised() | Increased():
            return move(event.legs, debit=available, credit=held)
        case Captured():
            lines = move(event.legs, debit=held, credit=_merchant(event.merchant))
            return lines + move(event.released, debit=held, credit=available)
        case Voided() | Expired():
            return move(event.released, debit=held, credit=available)
        case Refunded():
            credit = _credited(event.credited, account)
            return move(event.legs, debit=_merchant(event.merchant), credit=credit)
        case Reversed():
            credit = _credited(event.credited, account)
            lines = move(event.released, debit=held, credit=available)
            return lines + move(
                event.refunded, debit=_merchant(event.merchant), credit=credit
            )
        case TransferSent():
            debit = _credited(event.debited, account)
            return move({event.pot: event.amount_minor}, debit=debit, credit=TRANSIT)
        case StripeSwept():
            debit = _merchant(event.merchant)
            return move({event.pot: event.amount_minor}, debit=debit, credit=TRANSIT)
        case SweepReceived():
            return move({event.pot: event.amount_minor}, debit=TRANSIT, credit=settling)
        case Settled():
            lines = move(event.fees, debit=settling, credit=(Book.FEES, b""))
            return lines + move(event.credited, debit=settling, credit=available)
        case PayoutHeld():
            return move({event.pot: event.amount_minor}, debit=available, credit=payout)
        case PayoutCancelled():
            return move({event.pot: event.amount_minor}, debit=payout, credit=available)
        case PayoutPaid():
            credit = (event.credited, b"")
            return move({event.pot: event.amount_minor}, debit=payout, credit=credit)
        case TransferReceived():
            return move({event.pot: event.amount_minor}, debit=TRANSIT, credit=available)
        case TransferReturned():
            credit = _credited(event.credited, account)
            return move({event.pot: event.amount_minor}, debit=TRANSIT, credit=credit)
        case CreditDrawn() | CreditRepaid():
            return _lent(account, event)
        case _:
            return []


def _lent(account: AccountId, event: CreditDrawn | CreditRepaid) -> list[Posting]:
    available, receivable = (Book.AVAILABLE, account), (Book.RECEIVABLE, account)
    legs = {event.pot: event.amount_minor}
    if isinstance(event, CreditDrawn):
        return move(legs, debit=receivable, credit=available)
    return move(legs, debit=available, credit=receivable)


def _merchant(merchant: str) -> tuple[Book, bytes]:
    return Book.MERCHANT, merchant.encode()


def _credited(book: Book, account: AccountId) -> tuple[Book, bytes]:
    return book, account if book is Book.AVAILABLE else b""
