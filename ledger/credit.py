"""Credit: what an agency or a company may spend beyond what it has, drawn and repaid by itself.

Operators grant a limit per pot. No pot goes below zero for it: when a payment lacks only money and
the limit covers what is missing, exactly that is drawn first, as an entry of its own before the
payment's, in the same commit. It debits *receivable* and credits *available*, so what the house is
owed is an asset in the books and backs what it owes in turn. Whatever comes back or comes in repays
it before anybody can spend it: after every command, an account has money or owes it, never both.

Drawing and limit are the account's own, and an account decides one command at a time; so two
payments cannot draw on one limit together.
"""

from ledger.account import Account, AccountStatus, Credit
from ledger.commands import Authorise, Change, GrantCredit, Increase, Relayed
from ledger.decline import DeclineReason as R
from ledger.events import (
    AccountKind,
    CreditDrawn,
    CreditGranted,
    CreditRepaid,
    Declined,
    Event,
    PaymentDeclined,
)
from ledger.guards import overflows, unusable
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS

# Businesses, whom a contract binds. What a consumer owes is a loan, and another trade.
_OF_BUSINESSES = frozenset({AccountKind.AGENT, AccountKind.COMPANY})


def grant(account: Account, command: GrantCredit) -> Event:
    limit = command.limit
    if account.status is not AccountStatus.FROZEN and (reason := unusable(account)):
        return Declined(reason)
    if account.kind not in _OF_BUSINESSES:
        return Declined(R.CREDIT_NOT_GRANTED)
    if limit.commodity not in account.pots or limit.commodity in POINTS_UNITS:
        return Declined(R.WRONG_CURRENCY)
    if not 0 <= limit.amount_minor <= AMOUNT_MINOR_MAX:
        return Declined(R.INVALID_AMOUNT)
    return CreditGranted(limit.commodity, limit.amount_minor, command.until_ms)


def draw_for(
    account: Account, command: Change | Relayed, event: Event, at_ms: int
) -> CreditDrawn | None:
    """What must be drawn so that this command, which would end in this event, succeeds instead.

    Want of money is the last guard of a payment: who is refused for it passed all the others.
    """
    if not isinstance(command, Authorise | Increase):
        return None
    if not isinstance(event, Declined | PaymentDeclined):
        return None
    credit = account.credits.get(command.amount.commodity)
    if event.reason is not R.INSUFFICIENT_FUNDS or credit is None:
        return None
    pot = command.amount.commodity
    missing_minor = command.amount.amount_minor - account.pots[pot].available_minor
    if missing_minor > left_of(credit, at_ms) or overflows(account, {pot: missing_minor}):
        return None
    return CreditDrawn(pot, missing_minor)


def repayment(account: Account) -> CreditRepaid | None:
    """What is there and owed in one pot; None once no pot has both."""
    for pot, credit in account.credits.items():
        minor = min(credit.drawn_minor, account.pots[pot].available_minor)
        if minor:
            return CreditRepaid(pot, minor)
    return None


def left_of(credit: Credit, at_ms: int) -> int:
    """What may still be drawn, in minor units. until_ms: 0 for no end."""
    if credit.until_ms and at_ms >= credit.until_ms:
        return 0
    return max(credit.limit_minor - credit.drawn_minor, 0)
