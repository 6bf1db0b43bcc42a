"""The decision: one account and one command in, one event out. Reads only.

Guards stand in a column, cheap and general ones first, one exit for each reason; then the
comment that says from where on the command must succeed. A decline is an event like any other.
The partition has looked up the idempotency key before, and has written due expiries.
"""

from ledger.account import BARRED, OPEN_HOLDS_MAX, Account, AccountStatus, Payment
from ledger.clock import SECOND_MS
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Change,
    CloseAccount,
    Deliver,
    FreezeAccount,
    Fund,
    Increase,
    OpenAccount,
    PaymentCommand,
    RecordDelivered,
    Refund,
    Relayed,
    ReturnTransfer,
    Reverse,
    SendTransfer,
    UnfreezeAccount,
    Void,
)
from ledger.decline import DeclineReason as R
from ledger.events import (
    AccountClosed,
    AccountClosing,
    AccountFrozen,
    AccountKind,
    AccountOpened,
    AccountUnfrozen,
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
    TransferDelivered,
    TransferReceived,
    TransferRefused,
    TransferReturned,
    TransferSent,
    Voided,
)
from ledger.legs import add, subtract, take, total
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS, Money
from ledger.payment import Move, after, refusal
from ledger.posting import Book, Legs

# A payment code is shown on a phone and lives one minute, as the large QR wallets do
# (terminals.md B1): long enough to find the scanner, short enough that a photographed
# code is worth little.
CODE_LIFE_MS = 60 * SECOND_MS
# Clocks of one installation agree within this; more means that one of them is wrong.
CLOCK_SKEW_MS = 5 * SECOND_MS


def decide(account: Account | None, command: Change | Relayed, at_ms: int) -> Event:
    match command:
        case Authorise():
            return _authorise(account, command, at_ms)
        case Capture() | Refund() | Void() | Increase():
            return _follow_up(account, command)
        case Deliver():
            return _deliver(account, command)
        case OpenAccount():
            return _open(account, command)
        case Fund():
            return _fund(account, command)
        case _ if account is None:
            return Declined(R.ACCOUNT_NOT_FOUND)
        case SendTransfer():
            return _send(account, command)
        case Reverse():
            return _reverse(account, command)
        case FreezeAccount():
            return _freeze(account)
        case UnfreezeAccount():
            return _unfreeze(account)
        case CloseAccount():
            return _close(account)
        case RecordDelivered() | ReturnTransfer():
            return _settle_transfer(account, command)


def expire(account: Account, ordinal: int) -> Event:
    """The hold's time is up: what is left of it goes back to the owner."""
    payment = account.payments[ordinal]
    amounts = _amounts(payment, Move.EXPIRE)
    return Expired(ordinal, payment.remaining, payment.sale.merchant, amounts)


def _open(account: Account | None, command: OpenAccount) -> Event:
    if account is not None:
        return Declined(R.ACCOUNT_EXISTS)
    return AccountOpened(command.kind, command.pots)


def _freeze(account: Account) -> Event:
    reason = _unusable(account)
    return Declined(reason) if reason else AccountFrozen()


def _unfreeze(account: Account) -> Event:
    if account.status is not AccountStatus.FROZEN:
        return Declined(_unusable(account) or R.ACCOUNT_NOT_FROZEN)
    return AccountUnfrozen()


def _close(account: Account) -> Event:
    if account.status in {AccountStatus.CLOSED, AccountStatus.CLOSING}:
        return Declined(_unusable(account) or R.ACCOUNT_CLOSED)
    return AccountClosed() if account.ended else AccountClosing()


def _unusable(account: Account) -> R | None:
    """Why the account makes no new payments, or None when it does."""
    match account.status:
        case AccountStatus.CLOSED:
            return R.ACCOUNT_CLOSED
        case AccountStatus.CLOSING:
            return R.ACCOUNT_CLOSING
        case AccountStatus.FROZEN:
            return R.ACCOUNT_FROZEN
        case AccountStatus.OPEN:
            return None


def _authorise(account: Account | None, command: Authorise, at_ms: int) -> Event:
    if account is None:
        return Declined(R.ACCOUNT_NOT_FOUND)
    legs = {command.amount.commodity: command.amount.amount_minor}
    code_id = command.code.code_id if command.code else b""
    ordinal = account.next_ordinal
    reason = _authorise_refusal(account, command, legs, at_ms)
    if reason:
        return PaymentDeclined(ordinal, reason, legs, command.sale, code_id)

    # After this point the authorisation must succeed.
    if command.capture is CaptureMode.AUTOMATIC:
        return Purchased(ordinal, legs, command.sale, code_id)
    return Authorised(ordinal, legs, command.sale, at_ms + command.hold_ms, code_id)


def _authorise_refusal(
    account: Account, command: Authorise, legs: Legs, at_ms: int
) -> R | None:
    unusable = _unusable(account)
    if unusable:
        return unusable
    if command.code:
        if command.code.code_id in account.codes:
            return R.CODE_USED
        if command.code.issued_at_ms + CODE_LIFE_MS <= at_ms:
            return R.CODE_EXPIRED
        if command.code.issued_at_ms > at_ms + CLOCK_SKEW_MS:
            return R.CODE_NOT_YET_VALID
    manual = command.capture is CaptureMode.MANUAL
    if manual and len(account.open_holds) >= OPEN_HOLDS_MAX:
        return R.TOO_MANY_HOLDS
    return _cannot_spend(account, command.amount, legs)


def _cannot_spend(account: Account, amount: Money, legs: Legs) -> R | None:
    if amount.amount_minor <= 0:
        return R.INVALID_AMOUNT
    if amount.commodity not in account.pots:
        return R.WRONG_CURRENCY
    if not account.covers(legs):
        return R.INSUFFICIENT_FUNDS
    return None


def _follow_up(
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
    reason = refusal(payment.state, Move.INCREASE) or _unusable(account)
    if reason:
        return Declined(reason, command.ordinal)
    legs = {command.amount.commodity: command.amount.amount_minor}
    if command.amount.commodity not in payment.authorised:
        return Declined(R.WRONG_CURRENCY, command.ordinal)
    reason = _cannot_spend(account, command.amount, legs)
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
    if _overflows(account, legs):
        return Declined(R.EXCEEDS_BALANCE_LIMIT, command.ordinal)

    # After this point the refund must succeed.
    amounts = _amounts(payment, Move.REFUND, refunded=legs)
    merchant = payment.sale.merchant
    return Refunded(command.ordinal, legs, merchant, _credit_book(account), amounts)


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


def _reverse(account: Account, command: Reverse) -> Event:
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
    if _overflows(account, refunded):
        return Declined(R.EXCEEDS_BALANCE_LIMIT, use.ordinal)

    # After this point the reversal must succeed.
    return Reversed(
        ordinal=use.ordinal,
        released=payment.remaining,
        refunded=refunded,
        merchant=payment.sale.merchant,
        credited=_credit_book(account),
        original=command.original,
        after=_amounts(payment, Move.REVERSE, refunded=refunded),
    )


def _fund(account: Account | None, command: Fund) -> Event:
    if account is not None and account.transfers:
        return Declined(R.EVIDENCE_USED)
    if command.amount.amount_minor <= 0:
        return Declined(R.INVALID_AMOUNT)
    if command.amount.amount_minor > AMOUNT_MINOR_MAX:
        return Declined(R.EXCEEDS_BALANCE_LIMIT)  # nor could a posting hold any amount
    points = command.amount.commodity in POINTS_UNITS
    debited = Book.POINTS_ISSUED if points else Book.SAFEGUARDED
    return _sent(1, command, debited)


def _send(account: Account, command: SendTransfer) -> Event:
    reason = _unusable(account)
    if account.status is AccountStatus.CLOSING:
        reason = None  # a closing account must be able to send its money away
    if reason:
        return Declined(reason)
    if command.target == account.id:
        return Declined(R.SAME_ACCOUNT)
    legs = {command.amount.commodity: command.amount.amount_minor}
    reason = _cannot_spend(account, command.amount, legs)
    if reason:
        return Declined(reason)
    return _sent(account.next_ordinal, command, Book.AVAILABLE)


def _sent(ordinal: int, command: Fund | SendTransfer, debited: Book) -> Event:
    amount = command.amount
    return TransferSent(
        ordinal, command.target, amount.commodity, amount.amount_minor, debited
    )


def _deliver(account: Account | None, command: Deliver) -> Event:
    reason = _cannot_receive(account, command)
    if reason:
        return TransferRefused(command.source, command.account, reason, command.origin)
    return TransferReceived(
        command.source, command.pot, command.amount_minor, command.origin
    )


def _cannot_receive(account: Account | None, command: Deliver) -> R | None:
    if account is None:
        return R.ACCOUNT_NOT_FOUND
    if account.status is AccountStatus.CLOSED:
        return R.ACCOUNT_CLOSED
    if command.pot not in account.pots:
        return R.WRONG_CURRENCY
    if _overflows(account, {command.pot: command.amount_minor}):
        return R.EXCEEDS_BALANCE_LIMIT
    return None


def _settle_transfer(account: Account, command: RecordDelivered | ReturnTransfer) -> Event:
    transfer = account.transfers[command.ordinal]
    if isinstance(command, RecordDelivered):
        return TransferDelivered(command.ordinal, command.origin)
    legs = {transfer.pot: transfer.amount_minor}
    returnable = account.kind is not AccountKind.FUNDING and not _overflows(account, legs)
    credited = _credit_book(account) if returnable else Book.UNCLAIMED
    return TransferReturned(
        command.ordinal, transfer.pot, transfer.amount_minor, credited, command.origin
    )


def _credit_book(account: Account) -> Book:
    """Where money goes that comes back: what arrives after the close is nobody's yet."""
    closed = account.status is AccountStatus.CLOSED
    return Book.UNCLAIMED if closed else Book.AVAILABLE


def _overflows(account: Account, legs: Legs) -> bool:
    """Would a pot hold more than a JSON reader can count? Then the money stays where it is."""
    if account.status is AccountStatus.CLOSED:
        return False
    return any(
        account.pots[pot].available_minor + account.pots[pot].held_minor + minor
        > AMOUNT_MINOR_MAX
        for pot, minor in legs.items()
    )


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
