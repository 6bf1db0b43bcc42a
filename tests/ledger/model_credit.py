"""The auditor's credit: what is lent, drawn for a payment that lacks only money, and paid back."""

from ledger.account import AccountStatus
from ledger.commands import GrantCredit
from ledger.decline import DeclineReason as R
from ledger.events import AccountKind
from ledger.money import Money
from tests.ledger.model_wallet import MOST, Asked, Purse, Wallet, about_account, declined

BUSINESSES = {AccountKind.AGENT, AccountKind.COMPANY}
ENDED = {AccountStatus.CLOSING: R.ACCOUNT_CLOSING, AccountStatus.CLOSED: R.ACCOUNT_CLOSED}


def grant(wallet: Wallet, command: GrantCredit) -> Asked:
    minor, pot = command.limit.amount_minor, command.limit.commodity
    reason = ENDED.get(wallet.status)
    if not reason and wallet.kind not in BUSINESSES:
        reason = R.CREDIT_NOT_GRANTED
    if not reason and (pot not in wallet.purses or pot == "AVIOS"):
        reason = R.WRONG_CURRENCY
    if not reason and (minor < 0 or minor > MOST):
        reason = R.INVALID_AMOUNT
    if reason:
        return declined(reason)
    wallet.purses[pot].limit = minor
    wallet.purses[pot].until_ms = command.until_ms
    return about_account(wallet)


def draw(wallet: Wallet, amount: Money, at_ms: int) -> bool:
    """For a payment of this amount that is refused for want of money, and for nothing else."""
    purse = wallet.purses[amount.commodity]
    missing = amount.amount_minor - purse.free
    if missing > lendable(purse, at_ms) or not wallet.has_room(amount.commodity, missing):
        return False
    purse.free += missing
    purse.drawn += missing
    return True


def lendable(purse: Purse, at_ms: int) -> int:
    over = purse.until_ms and at_ms >= purse.until_ms
    return 0 if over else max(0, purse.limit - purse.drawn)


def owing(wallet: Wallet) -> list[Purse]:
    """Purses that could pay something back."""
    return [purse for purse in wallet.purses.values() if purse.drawn and purse.free]


def pay_back(purse: Purse) -> None:
    minor = min(purse.drawn, purse.free)
    purse.drawn -= minor
    purse.free -= minor
