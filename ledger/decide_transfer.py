"""Decisions about money between accounts: sent, delivered, refused. Reads only; see decide.py."""

from ledger.account import Account, AccountStatus
from ledger.commands import Deliver, Fund, RecordDelivered, ReturnTransfer, SendTransfer
from ledger.decline import DeclineReason as R
from ledger.events import (
    AccountKind,
    Declined,
    Event,
    TransferDelivered,
    TransferReceived,
    TransferRefused,
    TransferReturned,
    TransferSent,
)
from ledger.guards import cannot_spend, credit_book, overflows, unusable
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS
from ledger.posting import Book

# Nothing comes back to these: they hold no money.
_ONE_WAY = frozenset({AccountKind.FUNDING, AccountKind.STRIPE})


def fund(account: Account | None, command: Fund) -> Event:
    if account is not None and account.transfers:
        return Declined(R.EVIDENCE_USED)
    if command.amount.amount_minor <= 0:
        return Declined(R.INVALID_AMOUNT)
    if command.amount.amount_minor > AMOUNT_MINOR_MAX:
        return Declined(R.EXCEEDS_BALANCE_LIMIT)  # nor could a posting hold any amount
    points = command.amount.commodity in POINTS_UNITS
    debited = Book.POINTS_ISSUED if points else Book.SAFEGUARDED
    return _sent(1, command, debited)


def send(account: Account, command: SendTransfer) -> Event:
    reason = unusable(account)
    if account.status is AccountStatus.CLOSING:
        reason = None  # a closing account must be able to send its money away
    if reason:
        return Declined(reason)
    if command.target == account.id:
        return Declined(R.SAME_ACCOUNT)
    legs = {command.amount.commodity: command.amount.amount_minor}
    reason = cannot_spend(account, command.amount, legs)
    if reason:
        return Declined(reason)
    return _sent(account.next_ordinal, command, Book.AVAILABLE)


def _sent(ordinal: int, command: Fund | SendTransfer, debited: Book) -> Event:
    amount = command.amount
    return TransferSent(
        ordinal, command.target, amount.commodity, amount.amount_minor, debited
    )


def deliver(account: Account | None, command: Deliver) -> Event:
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
    if overflows(account, {command.pot: command.amount_minor}):
        return R.EXCEEDS_BALANCE_LIMIT
    return None


def settle_transfer(account: Account, command: RecordDelivered | ReturnTransfer) -> Event:
    transfer = account.transfers[command.ordinal]
    if isinstance(command, RecordDelivered):
        return TransferDelivered(command.ordinal, command.origin)
    legs = {transfer.pot: transfer.amount_minor}
    returnable = account.kind not in _ONE_WAY and not overflows(account, legs)
    credited = credit_book(account) if returnable else Book.UNCLAIMED
    return TransferReturned(
        command.ordinal, transfer.pot, transfer.amount_minor, credited, command.origin
    )
