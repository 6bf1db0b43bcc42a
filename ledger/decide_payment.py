"""Decisions about payments: authorise, and what may follow. Reads only; see decide.py."""

from ledger.account import (
    BARRED,
    OPEN_HOLDS_MAX,
    Account,
    Payment,
)
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Increase,
    PaymentCommand,
    Refund,
    Reverse,
    Void,
)
from ledger.decline import DeclineReason as R
from ledger.events import (
    Amounts,
    Authorised,
    Captured,
    Declined,
    Event,
    Expired,
    Increased,
    PaymentDeclined,
    Purchased,
    Refunded,
    Reversed,
    Tombstoned,
    Voided,
)
from ledger.guards import (
    cannot_spend,
    credit_book,
    overflows,
    unusable,
    worn_code,
    worn_tap,
)
from ledger.legs import add, subtract, take, total
from ledger.money import Money
from ledger.payment import Move, after, refusal
from ledger.posting import Legs


def authorise(account: Account | None, command: Authorise, at_ms: int) -> Event:
    if account is None:
        return Declined(R.ACCOUNT_NOT_FOUND)
    legs = {command.amount.commodity: command.amount.amount_minor}
    code_id = command.code.code_id if command.code else b""
    card = command.card.use if command.card else None
    ordinal, sale = account.next_ordinal, command.sale
    reason = _authorise_refusal(account, command, legs, at_ms)
    if reason:
        return PaymentDeclined(ordinal, reason, legs, sale, code_id, card)

    # After this point the authorisation must succeed.
    if command.capture is CaptureMode.AUTOMATIC:
        return Purchased(ordinal, legs, sale, code_id, card)
    return Authorised(ordinal, legs, sale, at_ms + command.hold_ms, code_id, card)


def _authorise_refusal(
    account: Account, command: Authorise, legs: Legs, at_ms: int
) -> R | None:
    # Before anything that would use the code or tap up: another till may take it, and of a card
    # that proved nothing, nothing is taken.
    reason = command.refusal or (command.card and command.card.refusal)
    reason = reason or unusable(account)
    if reason is None and command.code and command.card:
        reason = worn_tap(account, command.card, command.code, at_ms)
    elif reason is None and command.code:
        reason = worn_code(account, command.code, at_ms)
    if reason:
        return reason
    manual = command.capture is CaptureMode.MANUAL
    if manual and len(account.open_holds) >= OPEN_HOLDS_MAX:
        return R.TOO_MANY_HOLDS
    return cannot_spend(account, command.amount, legs)


def follow_up(
    account: Account | None, command: Capture | Refund | Void | Increase
) -> Event:
    payment = find_payment(account, command)
    if account is None or payment is None:
        return Declined(R.PAYMENT_NOT_FOUND)
    match command:
        case Increase():
            return _increase(account, payment, command)
        case Capture():
            return _capture(payment, command)
        case Refund():
            return _refund(account, payment, command)
        case Void():
            return _void(account, payment, command)


def find_payment(account: Account | None, command: PaymentCommand) -> Payment | None:
    """The payment, or None: also when it is another merchant's, so that ids tell nothing."""
    payment = account.payments.get(command.ordinal) if account else None
    if payment and command.merchant not in {"", payment.sale.merchant}:
        return None
    return payment


def _increase(account: Account, payment: Payment, command: Increase) -> Event:
    reason = refusal(payment.state, Move.INCREASE) or unusable(account)
    if reason:
        return Declined(reason, command.ordinal)
    # Its cryptogram is over one amount, and its PIN was asked for or not because of that amount: a
    # small tap that grows would pay more than its holder agreed to.
    if payment.by_card:
        return Declined(R.CARD_REPLAYED, command.ordinal)
    legs = {command.amount.commodity: command.amount.amount_minor}
    if command.amount.commodity not in payment.authorised:
        return Declined(R.WRONG_CURRENCY, command.ordinal)
    whole_minor = total(payment.authorised, command.amount.commodity)
    whole_minor += command.amount.amount_minor
    if command.ceiling_minor is not None and whole_minor > command.ceiling_minor:
        return Declined(R.EXCEEDS_CHANNEL_LIMIT, command.ordinal)
    reason = cannot_spend(account, command.amount, legs)
    if reason:
        return Declined(reason, command.ordinal)

    # After this point the increase must succeed.
    amounts = _amounts(payment, Move.INCREASE, authorised=legs)
    return Increased(command.ordinal, legs, payment.sale.merchant, amounts)


def _capture(payment: Payment, command: Capture) -> Event:
    reason = refusal(payment.state, Move.CAPTURE)
    if reason:
        return Declined(reason, command.ordinal)
    remaining = payment.remaining
    reason = _part_refusal(command.amount, payment.authorised, remaining, R.EXCEEDS_HOLD)
    if reason:
        return Declined(reason, command.ordinal)

    # After this point the capture must succeed.
    legs = _part(command.amount, remaining)
    rest = subtract(remaining, legs)
    move = Move.CAPTURE_LAST if command.final or not rest else Move.CAPTURE
    released = rest if move is Move.CAPTURE_LAST else {}
    amounts = _amounts(payment, move, captured=legs)
    return Captured(command.ordinal, legs, released, payment.sale.merchant, amounts)


def _refund(account: Account, payment: Payment, command: Refund) -> Event:
    reason = refusal(payment.state, Move.REFUND)
    if reason:
        return Declined(reason, command.ordinal)
    left = payment.refundable
    reason = _part_refusal(command.amount, payment.captured, left, R.EXCEEDS_CAPTURED)
    if reason is None and not left:
        reason = R.EXCEEDS_CAPTURED
    if reason:
        return Declined(reason, command.ordinal)
    legs = _part(command.amount, left)
    if overflows(account, legs):
        return Declined(R.EXCEEDS_BALANCE_LIMIT, command.ordinal)

    # After this point the refund must succeed.
    amounts = _amounts(payment, Move.REFUND, refunded=legs)
    merchant = payment.sale.merchant
    return Refunded(command.ordinal, legs, merchant, credit_book(account), amounts)


def _void(account: Account, payment: Payment, command: Void) -> Event:
    """Release what is uncaptured. The void of a captured payment is its full refund."""
    if not payment.remaining and refusal(payment.state, Move.REFUND) is None:
        return _refund(
            account, payment, Refund(account=account.id, ordinal=command.ordinal)
        )
    reason = refusal(payment.state, Move.VOID)
    if reason:
        return Declined(reason, command.ordinal)
    amounts = _amounts(payment, Move.VOID)
    return Voided(command.ordinal, payment.remaining, payment.sale.merchant, amounts)


def reverse(account: Account, command: Reverse) -> Event:
    use = account.keys.get(command.original)
    if use is None or use.ordinal == BARRED:
        return Tombstoned(command.original)
    payment = account.payments.get(use.ordinal)
    if payment is None or not use.attempt:
        return Declined(R.PAYMENT_NOT_FOUND)
    if command.merchant not in {"", payment.sale.merchant}:
        return Declined(R.PAYMENT_NOT_FOUND)
    reason = refusal(payment.state, Move.REVERSE)
    if reason:
        return Declined(reason, use.ordinal)
    refunded = payment.refundable
    if overflows(account, refunded):
        return Declined(R.EXCEEDS_BALANCE_LIMIT, use.ordinal)

    # After this point the reversal must succeed.
    return Reversed(
        ordinal=use.ordinal,
        released=payment.remaining,
        refunded=refunded,
        merchant=payment.sale.merchant,
        credited=credit_book(account),
        original=command.original,
        after=_amounts(payment, Move.REVERSE, refunded=refunded),
    )


def expire(account: Account, ordinal: int) -> Event:
    """The hold's time is up: what is left of it goes back to the owner."""
    payment = account.payments[ordinal]
    amounts = _amounts(payment, Move.EXPIRE)
    return Expired(ordinal, payment.remaining, payment.sale.merchant, amounts)


def _part_refusal(amount: Money | None, of: Legs, left: Legs, exceeds: R) -> R | None:
    """May this part (None: all) be taken of what is left?"""
    if amount is None:
        return None
    if amount.amount_minor <= 0:
        return R.INVALID_AMOUNT
    if not total(of, amount.commodity):
        return R.WRONG_CURRENCY
    if amount.amount_minor > total(left, amount.commodity):
        return exceeds
    return None


def _part(amount: Money | None, left: dict[str, int]) -> dict[str, int]:
    return left if amount is None else take(left, amount.commodity, amount.amount_minor)


def _amounts(
    payment: Payment,
    move: Move,
    *,
    authorised: Legs | None = None,
    captured: Legs | None = None,
    refunded: Legs | None = None,
) -> Amounts:
    """The payment after this move, which added these amounts."""
    return Amounts(
        state=after(payment.state, move),
        authorised=add(payment.authorised, authorised or {}),
        captured=add(payment.captured, captured or {}),
        refunded=add(payment.refunded, refunded or {}),
    )
