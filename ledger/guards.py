"""What more than one decision asks of an account, and the answers. Reads only."""

from ledger.account import CLOCK_SKEW_MS, CODE_LIFE_MS, Account, AccountStatus
from ledger.commands import PresentedCard, ScannedCode
from ledger.decline import DeclineReason as R
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.posting import Book, Legs


def unusable(account: Account) -> R | None:
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


def worn_code(account: Account, code: ScannedCode, at_ms: int) -> R | None:
    """Why this code pays no more, or not yet."""
    if code.code_id in account.codes:
        return R.CODE_USED
    if code.issued_at_ms + CODE_LIFE_MS <= at_ms:
        return R.CODE_EXPIRED
    if code.issued_at_ms > at_ms + CLOCK_SKEW_MS:
        return R.CODE_NOT_YET_VALID
    return None


def worn_tap(
    account: Account, card: PresentedCard, tap: ScannedCode, at_ms: int
) -> R | None:
    """Why this tap of a card pays no more. A card counts up, so an old counter is a copy's."""
    if tap.code_id in account.codes:
        return R.CARD_REPLAYED
    if 0 < card.use.counter <= account.cards.get(card.use.card, 0):
        return R.CARD_COUNTER_OLD
    fresh = at_ms - CODE_LIFE_MS < tap.issued_at_ms <= at_ms + CLOCK_SKEW_MS
    return None if fresh else R.CARD_TAP_EXPIRED


def cannot_spend(account: Account, amount: Money, legs: Legs) -> R | None:
    if amount.amount_minor <= 0:
        return R.INVALID_AMOUNT
    if amount.commodity not in account.pots:
        return R.WRONG_CURRENCY
    if not account.covers(legs):
        return R.INSUFFICIENT_FUNDS
    return None


def credit_book(account: Account) -> Book:
    """Where money goes that comes back: what arrives after the close is nobody's yet."""
    closed = account.status is AccountStatus.CLOSED
    return Book.UNCLAIMED if closed else Book.AVAILABLE


def overflows(account: Account, legs: Legs) -> bool:
    """Would a pot hold more than a JSON reader can count? Then the money stays where it is."""
    if account.status is AccountStatus.CLOSED:
        return False
    return any(
        account.pots[pot].available_minor + account.pots[pot].held_minor + minor
        > AMOUNT_MINOR_MAX
        for pot, minor in legs.items()
    )
