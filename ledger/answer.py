"""The answer to a command, read from the entry that decided it.

The first answer and every later one for the same key come from here, from the same entry, so
they cannot differ. Balances are not part of a payment's answer: they move on.
"""

from ledger.account import Account, Credit, Pot
from ledger.decline import DeclineReason
from ledger.entry import Entry
from ledger.events import (
    AccountKind,
    Amounts,
    Authorised,
    Captured,
    Declined,
    Expired,
    Increased,
    PaymentDeclined,
    PayoutApproved,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Purchased,
    Refunded,
    Reversed,
    Settled,
    StripeCut,
    StripeSwept,
    Tombstoned,
    TransferSent,
    Voided,
)
from ledger.ids import Ref
from ledger.payment import PaymentState
from ledger.replies import (
    AccountReply,
    CutReply,
    DeclinedReply,
    PaymentReply,
    PotBalance,
    Reply,
    ReverseOutcome,
    ReverseReply,
    SettledReply,
    TransferReply,
)

_ENDED = frozenset(
    {
        DeclineReason.PAYMENT_DECLINED,
        DeclineReason.HOLD_VOIDED,
        DeclineReason.HOLD_EXPIRED,
        DeclineReason.PAYMENT_REVERSED,
    }
)


def answer(
    account: Account, entry: Entry, *, reverse: bool, replayed: bool = False
) -> Reply:
    """reverse: the command was a reversal, whose answer names its outcome."""
    if reverse:
        return _reversal(account, entry, replayed=replayed)
    match entry.event:
        case Purchased() | Authorised() | PaymentDeclined():
            return _attempt(account, entry, entry.event, replayed=replayed)
        case Captured() | Voided() | Expired() | Increased() | Refunded():
            return _after(account, entry, entry.event, replayed=replayed)
        case Declined():
            return DeclinedReply(entry.event.reason, replayed)
        case (
            TransferSent()
            | StripeSwept()
            | PayoutHeld()
            | PayoutApproved()
            | PayoutCancelled()
            | PayoutPaid()
        ):
            return transfer_answer(account, entry.event.ordinal, replayed=replayed)
        case StripeCut():
            return CutReply(account.id, entry.seq, entry.event.previous, replayed)
        case Settled(gross=gross, fees=fees, credited=credited, carried=carried):
            return SettledReply(account.id, gross, fees, credited, carried, replayed)
        case _:
            return account_answer(account, replayed=replayed)


def account_answer(account: Account, *, replayed: bool = False) -> AccountReply:
    pots = {
        name: _balance(pot, account.credits.get(name)) for name, pot in account.pots.items()
    }
    return AccountReply(
        account.id,
        account.kind,
        account.status,
        account.opened_at_ms,
        pots,
        replayed,
        account.last_seq,
    )


def _balance(pot: Pot, credit: Credit | None) -> PotBalance:
    if credit is None:
        return PotBalance(pot.available_minor, pot.held_minor)
    return PotBalance(
        pot.available_minor,
        pot.held_minor,
        credit.limit_minor,
        credit.drawn_minor,
        credit.until_ms,
    )


def payment_answer(account: Account, ordinal: int, *, seq: int = 0) -> PaymentReply:
    """The payment as it stands now. seq: of the entry that is answered, if one is."""
    payment = account.payments[ordinal]
    amounts = Amounts(payment.state, payment.authorised, payment.captured, payment.refunded)
    return _payment(account, ordinal, amounts, seq=seq)


def transfer_answer(
    account: Account, ordinal: int, *, replayed: bool = False
) -> TransferReply:
    """The transfer as it stands now."""
    transfer = account.transfers[ordinal]
    return TransferReply(
        Ref(account.id, ordinal),
        transfer.status,
        transfer.target,
        transfer.pot,
        transfer.amount_minor,
        transfer.at_ms,
        account.kind is AccountKind.FUNDING,
        replayed,
        transfer.by,
        transfer.approved_by,
    )


def _attempt(
    account: Account,
    entry: Entry,
    event: Purchased | Authorised | PaymentDeclined,
    *,
    replayed: bool,
) -> PaymentReply:
    match event:
        case Purchased():
            amounts = Amounts(PaymentState.CAPTURED, event.legs, event.legs, {})
        case Authorised():
            amounts = Amounts(PaymentState.AUTHORISED, event.legs, {}, {})
        case PaymentDeclined():
            amounts = Amounts(PaymentState.DECLINED, event.legs, {}, {})
    return _payment(account, event.ordinal, amounts, seq=entry.seq, replayed=replayed)


def _after(
    account: Account,
    entry: Entry,
    event: Captured | Voided | Expired | Increased | Refunded | Reversed,
    *,
    replayed: bool,
) -> PaymentReply:
    return _payment(account, event.ordinal, event.after, seq=entry.seq, replayed=replayed)


def _payment(
    account: Account,
    ordinal: int,
    amounts: Amounts,
    *,
    seq: int = 0,
    replayed: bool = False,
) -> PaymentReply:
    payment = account.payments[ordinal]
    return PaymentReply(
        Ref(account.id, ordinal),
        amounts.state,
        amounts.authorised,
        amounts.captured,
        amounts.refunded,
        payment.sale,
        payment.at_ms,
        payment.expires_at_ms,
        payment.decline,
        seq or account.last_seq,
        replayed,
    )


def _reversal(account: Account, entry: Entry, *, replayed: bool) -> Reply:
    match entry.event:
        case Reversed():
            payment = _after(account, entry, entry.event, replayed=replayed)
            return ReverseReply(ReverseOutcome.REVERSED, payment, replayed)
        case Tombstoned():
            return ReverseReply(ReverseOutcome.TOMBSTONED, None, replayed)
        case Declined(reason=reason, ordinal=ordinal) if reason in _ENDED:
            payment = payment_answer(account, ordinal, seq=entry.seq)
            return ReverseReply(ReverseOutcome.NOTHING_TO_REVERSE, payment, replayed)
        case Declined(reason=reason):
            return DeclinedReply(reason, replayed)
        case _:
            raise AssertionError("a reversal ends reversed, tombstoned or declined")
