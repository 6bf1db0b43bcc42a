"""The writing half: one event onto one account. Replay is this file alone.

apply() takes no decision and knows no time but the entry's. What it asserts is promised by
decide.py; a broken promise stops the account (actors/partition.py), never money.
"""

from itertools import takewhile

from ledger.account import (
    BARRED,
    CLOCK_SKEW_MS,
    CODE_LIFE_MS,
    Account,
    AccountStatus,
    BoundCode,
    Credit,
    KeyUse,
    Payment,
    Pot,
    Transfer,
    TransferStatus,
)
from ledger.apply_settlement import write_earnings, write_payout
from ledger.decline import DeclineReason
from ledger.entry import Entry
from ledger.events import (
    AccountClosed,
    AccountClosing,
    AccountFrozen,
    AccountKind,
    AccountOpened,
    AccountUnfrozen,
    Amounts,
    AnswerRepeated,
    Authorised,
    Captured,
    CreditDrawn,
    CreditGranted,
    CreditRepaid,
    Declined,
    Event,
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
    SweepReceived,
    Tombstoned,
    TransferDelivered,
    TransferReceived,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.payment import OPEN_STATES, PaymentState
from ledger.posting import Book

# A code is forgotten only when its age alone refuses it.
CODE_MEMORY_MS = CODE_LIFE_MS + CLOCK_SKEW_MS

_NEVER_BOUND = frozenset(
    {
        DeclineReason.CODE_USED,
        DeclineReason.CODE_EXPIRED,
        DeclineReason.CODE_NOT_YET_VALID,
        DeclineReason.CARD_NOT_AUTHENTIC,
        DeclineReason.CARD_LOST,
        DeclineReason.CARD_BLOCKED,
        DeclineReason.CARD_REPLAYED,
        DeclineReason.CARD_COUNTER_OLD,
        DeclineReason.CARD_TAP_EXPIRED,
        DeclineReason.CARD_PIN_NEEDED,
        DeclineReason.EXCEEDS_CHANNEL_LIMIT,
        DeclineReason.NOT_SOLD_IN_CHANNEL,
    }
)


# What asks for a payment: the first time, or once more for the same order.
_Attempt = Purchased | Authorised | PaymentDeclined | AnswerRepeated


def apply(account: Account | None, entry: Entry) -> Account:
    """The account as this entry leaves it. Opens it when the entry does."""
    event = entry.event
    if isinstance(event, AccountOpened):
        assert account is None, "an account opens once"
        account = _opened(entry, event)
    assert account is not None, "an entry is about an account that is open"
    if isinstance(event, Settled):
        _make_pots(account, event)
    assert entry.previous == account.last_seq, "an account's entries form one line"
    _move_money(account, entry)
    _write(account, entry, event)
    account.last_seq = entry.seq
    if entry.key:
        ordinal = getattr(event, "ordinal", 0)
        attempt = isinstance(event, _Attempt)
        account.remember(entry.key, KeyUse(entry.seq, ordinal, attempt))
    return account


def _opened(entry: Entry, event: AccountOpened) -> Account:
    pots = {pot: Pot() for pot in event.pots}
    return Account(entry.account, event.kind, AccountStatus.OPEN, entry.at_ms, pots)


def _make_pots(account: Account, event: Settled) -> None:
    """A merchant's account has a pot of what it has earned, whatever it was opened with."""
    for pot in event.credited:
        account.pots.setdefault(pot, Pot())


def _move_money(account: Account, entry: Entry) -> None:
    """Credits raise what an owner has: the house owes it to them."""
    for line in entry.postings:
        if line.book is Book.AVAILABLE:
            pot = account.pots[line.pot]
            pot.available_minor -= line.amount_minor
            assert pot.available_minor >= 0, "available money is never below zero"
        elif line.book is Book.HELD:
            pot = account.pots[line.pot]
            pot.held_minor -= line.amount_minor
            assert pot.held_minor >= 0, "held money is never below zero"
        elif line.book is Book.RECEIVABLE:
            credit = account.credits[line.pot]
            credit.drawn_minor += line.amount_minor
            assert credit.drawn_minor >= 0, "no more is repaid than was drawn"


def _write(account: Account, entry: Entry, event: Event) -> None:
    match event:
        case Purchased() | Authorised() | PaymentDeclined():
            _write_payment(account, entry, event)
        case Captured() | Voided() | Expired() | Increased() | Refunded() | Reversed():
            _write_amounts(account, entry.seq, event.ordinal, event.after)
        case TransferSent():
            _write_sent(account, entry, event)
        case TransferDelivered():
            _end_transfer(account, entry.seq, event.ordinal, TransferStatus.DELIVERED)
        case TransferReturned():
            _end_transfer(account, entry.seq, event.ordinal, TransferStatus.RETURNED)
        case StripeCut() | StripeSwept() | SweepReceived() | Settled():
            write_earnings(account, entry, event)
        case PayoutHeld() | PayoutApproved() | PayoutCancelled() | PayoutPaid():
            write_payout(account, entry, event)
        case CreditGranted():
            credit = account.credits.setdefault(event.pot, Credit(0, 0))
            credit.limit_minor, credit.until_ms = event.limit_minor, event.until_ms
        case CreditDrawn():
            credit = account.credits[event.pot]
            assert credit.drawn_minor <= credit.limit_minor, "credit stays within its limit"
        case Tombstoned():
            account.remember(event.original, KeyUse(entry.seq, BARRED, attempt=True))
        case AccountFrozen():
            account.status = AccountStatus.FROZEN
        case AccountUnfrozen():
            account.status = AccountStatus.OPEN
        case AccountClosing():
            account.status = AccountStatus.CLOSING
        case AccountClosed():
            assert account.ended, "an account closes empty"
            account.status = AccountStatus.CLOSED
        case AccountOpened() | Declined() | TransferReceived() | AnswerRepeated():
            pass
        case CreditRepaid():
            pass
        case _:
            raise AssertionError(f"{type(event).__name__} is not an event of an account")


def _write_payment(
    account: Account, entry: Entry, event: Purchased | Authorised | PaymentDeclined
) -> None:
    assert event.ordinal == account.next_ordinal, "ordinals count up without gaps"
    account.next_ordinal += 1
    payment = Payment(
        state=PaymentState.DECLINED,
        at_ms=entry.at_ms,
        expires_at_ms=0,
        sale=event.sale,
        key=entry.key,
        authorised=event.legs,
        captured={},
        refunded={},
        by_card=event.card is not None,
    )
    match event:
        case Purchased():
            payment.state = PaymentState.CAPTURED
            payment.captured = event.legs
        case Authorised():
            payment.state = PaymentState.AUTHORISED
            payment.expires_at_ms = event.expires_at_ms
            account.open_holds[event.ordinal] = event.expires_at_ms
        case PaymentDeclined():
            payment.decline = event.reason
    account.add_payment(event.ordinal, payment, entry.seq)
    if event.code_id and not _leaves_code(account, event):
        _bind_code(account, entry, event)
        if event.card and event.card.counter:
            shown = account.cards.get(event.card.card, 0)
            paid = not isinstance(event, PaymentDeclined)
            assert event.card.counter > shown or not paid, "a card's counter goes up"
            account.cards[event.card.card] = max(shown, event.card.counter)


def _leaves_code(account: Account, event: Purchased | Authorised | PaymentDeclined) -> bool:
    """Does this decline bind the code to nothing, or find it bound (on a frozen account, say)?"""
    if not isinstance(event, PaymentDeclined):
        return False
    return event.reason in _NEVER_BOUND or event.code_id in account.codes


def _bind_code(
    account: Account, entry: Entry, event: Purchased | Authorised | PaymentDeclined
) -> None:
    assert event.code_id not in account.codes, "one code, one payment"
    # Codes stand in the order of their time, so the first that is not stale ends the search: an
    # account with thousands of codes in their minute would be slow otherwise.
    stale = takewhile(lambda use: use[1].forget_at_ms < entry.at_ms, account.codes.items())
    for code in [code for code, _ in stale]:
        del account.codes[code]
    sale, until = event.sale, entry.at_ms + CODE_MEMORY_MS
    account.codes[event.code_id] = BoundCode(
        entry.seq, sale.merchant, sale.order, event.legs, until
    )


def _write_amounts(account: Account, seq: int, ordinal: int, after: Amounts) -> None:
    payment = account.payments[ordinal]
    account.changed(payment.chapter, seq)
    payment.state = after.state
    payment.authorised = after.authorised
    payment.captured = after.captured
    payment.refunded = after.refunded
    for pot, minor in payment.captured.items():
        assert payment.refunded.get(pot, 0) <= minor, "refunds never exceed captures"
        assert minor <= payment.authorised.get(pot, 0), "captures never exceed the hold"
    assert payment.refunded.keys() <= payment.captured.keys(), "only captures are refunded"
    if payment.state not in OPEN_STATES:
        account.open_holds.pop(ordinal, None)


def _write_sent(account: Account, entry: Entry, event: TransferSent) -> None:
    assert event.ordinal == account.next_ordinal, "ordinals count up without gaps"
    assert account.kind is not AccountKind.FUNDING or not account.transfers, (
        "evidence is used once"
    )
    account.next_ordinal += 1
    account.undelivered += 1
    transfer = Transfer(
        TransferStatus.SENT, entry.at_ms, event.target, event.pot, event.amount_minor
    )
    account.add_transfer(event.ordinal, transfer, entry.seq)


def _end_transfer(account: Account, seq: int, ordinal: int, status: TransferStatus) -> None:
    transfer = account.transfers[ordinal]
    assert transfer.status is TransferStatus.SENT, "a transfer ends once"
    account.changed(transfer.chapter, seq)
    transfer.status = status
    account.undelivered -= 1
