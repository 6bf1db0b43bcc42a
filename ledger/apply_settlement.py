"""What the entries of settlement make of an account: see apply.py, whose rules hold here too."""

from ledger.account import Account, Earnings, Stripe, Transfer, TransferStatus
from ledger.entry import Entry
from ledger.events import (
    PayoutApproved,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Settled,
    StripeCut,
    StripeSwept,
    SweepReceived,
)
from ledger.ids import AccountId
from ledger.legs import add


def write_earnings(
    account: Account, entry: Entry, event: StripeCut | StripeSwept | SweepReceived | Settled
) -> None:
    match event:
        case StripeCut():
            stripe = account.stripe or Stripe(event.merchant, 0, {})
            assert stripe.merchant == event.merchant, "a stripe is of one merchant"
            assert stripe.cut == event.previous, "each cut names the one before"
            stripe.cut = entry.seq
            account.stripe = stripe
        case StripeSwept():
            _write_swept(account, entry, event)
        case SweepReceived():
            earnings = account.earnings or Earnings({}, {})
            earnings.arrived = add(earnings.arrived, {event.pot: event.amount_minor})
            account.earnings = earnings
        case Settled():
            assert event.gross == (account.earnings.arrived if account.earnings else {}), (
                "what is settled has arrived"
            )
            account.earnings = Earnings({}, event.carried)


def _write_swept(account: Account, entry: Entry, event: StripeSwept) -> None:
    stripe = account.stripe
    assert stripe is not None, "a stripe is cut before it is swept"
    assert stripe.swept.get(event.pot, 0) < event.cut == stripe.cut, "a cut is swept once"
    stripe.swept[event.pot] = event.cut
    transfer = Transfer(
        TransferStatus.SENT, entry.at_ms, event.target, event.pot, event.amount_minor
    )
    _add(account, entry, event.ordinal, transfer)


def write_payout(
    account: Account,
    entry: Entry,
    event: PayoutHeld | PayoutApproved | PayoutCancelled | PayoutPaid,
) -> None:
    if isinstance(event, PayoutHeld):
        nobody = AccountId(b"")
        payout = Transfer(
            TransferStatus.HELD, entry.at_ms, nobody, event.pot, event.amount_minor
        )
        payout.by = event.by
        _add(account, entry, event.ordinal, payout)
        return
    payout = account.transfers[event.ordinal]
    account.changed(payout.chapter, entry.seq)
    match event:
        case PayoutApproved():
            assert payout.status is TransferStatus.HELD, "a payout is approved once"
            assert event.by != payout.by, "two persons agree on a payout"
            payout.status = TransferStatus.APPROVED
            payout.approved_by = event.by
        case PayoutCancelled():
            assert payout.status in {TransferStatus.HELD, TransferStatus.APPROVED}, (
                "a payout ends once"
            )
            payout.status = TransferStatus.CANCELLED
            account.undelivered -= 1
        case PayoutPaid():
            assert payout.status is TransferStatus.APPROVED, (
                "only an approved payout is paid"
            )
            payout.status = TransferStatus.PAID
            payout.evidence = event.evidence
            account.undelivered -= 1


def _add(account: Account, entry: Entry, ordinal: int, transfer: Transfer) -> None:
    assert ordinal == account.next_ordinal, "ordinals count up without gaps"
    account.next_ordinal += 1
    account.undelivered += 1
    account.add_transfer(ordinal, transfer, entry.seq)
