"""Decisions about what merchants earned: cut, swept, settled, paid out. Reads only; see decide.py.

A stripe only collects and is never spent. A cut fixes up to where it counts; a sweep sends what it
took up to there, be it below zero, to the merchant's own account. What has arrived from all
partitions is settled in one entry, less fees: only then may it be spent. A payout is set aside, and
leaves when another person has approved it and the bank has paid.
"""

from collections.abc import Iterable

from ledger.account import Account, AccountStatus, Transfer, TransferStatus
from ledger.commands import (
    ApprovePayout,
    CancelPayout,
    CutStripe,
    DeliverSweep,
    PayOut,
    RequestPayout,
    Settle,
    SweepStripe,
)
from ledger.decline import DeclineReason as R
from ledger.events import (
    Declined,
    Event,
    PayoutApproved,
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    Settled,
    StripeCut,
    StripeSwept,
    SweepReceived,
    TransferRefused,
)
from ledger.guards import cannot_spend, overflows, unusable
from ledger.legs import add, subtract
from ledger.money import AMOUNT_MINOR_MAX, POINTS_UNITS, Money
from ledger.posting import Book, commodity_of

_PAYOUTS = frozenset(
    {
        TransferStatus.HELD,
        TransferStatus.APPROVED,
        TransferStatus.CANCELLED,
        TransferStatus.PAID,
    }
)
_UNDECIDED = frozenset({TransferStatus.HELD, TransferStatus.APPROVED})


def cut(account: Account | None, command: CutStripe) -> Event:
    stripe = account.stripe if account else None
    if account is not None and (stripe is None or stripe.merchant != command.merchant):
        return Declined(R.ACCOUNT_EXISTS)
    return StripeCut(command.merchant, stripe.cut if stripe else 0)


def sweep(account: Account, command: SweepStripe) -> Event:
    stripe = account.stripe
    if stripe is None or command.cut != stripe.cut:
        return Declined(R.CUT_SWEPT)
    if stripe.swept.get(command.pot, 0) >= command.cut:
        return Declined(R.CUT_SWEPT)
    if not command.amount_minor:
        return Declined(R.INVALID_AMOUNT)
    return StripeSwept(
        account.next_ordinal,
        command.target,
        command.pot,
        command.amount_minor,
        stripe.merchant,
        command.cut,
    )


def deliver_sweep(account: Account | None, command: DeliverSweep) -> Event:
    """In any currency: a pot is made when it is settled."""
    reason = R.ACCOUNT_NOT_FOUND if account is None else None
    if account is not None and account.status is AccountStatus.CLOSED:
        reason = R.ACCOUNT_CLOSED
    if reason:
        return TransferRefused(command.source, command.account, reason, command.origin)
    return SweepReceived(command.source, command.pot, command.amount_minor, command.origin)


def settle(account: Account, command: Settle) -> Event:
    if account.status is AccountStatus.CLOSED:
        return Declined(R.ACCOUNT_CLOSED)
    earnings = account.earnings
    arrived = earnings.arrived if earnings else {}
    if _legs(command.gross) != arrived:
        return Declined(R.SWEEPS_MISSING)
    if any(fee.amount_minor <= 0 for fee in command.fees):
        return Declined(R.INVALID_AMOUNT)
    fees = _legs(command.fees)
    carried = earnings.carried if earnings else {}
    left = subtract(add(arrived, carried), fees)
    credited = {pot: minor for pot, minor in left.items() if minor > 0}
    if _overflows(account, credited):
        return Declined(R.EXCEEDS_BALANCE_LIMIT)
    owed = {pot: minor for pot, minor in left.items() if minor < 0}
    return Settled(arrived, fees, credited, owed)


def _legs(sums: Iterable[Money]) -> dict[str, int]:
    legs: dict[str, int] = {}
    for money in sums:
        legs = add(legs, {money.commodity: money.amount_minor})
    return legs


def _overflows(account: Account, credited: dict[str, int]) -> bool:
    known = {pot: minor for pot, minor in credited.items() if pot in account.pots}
    return overflows(account, known) or any(
        minor > AMOUNT_MINOR_MAX for minor in credited.values()
    )


def request_payout(account: Account, command: RequestPayout) -> Event:
    reason = unusable(account)
    if account.status is AccountStatus.CLOSING:
        reason = None  # a closing account must be able to pay its money out
    legs = {command.amount.commodity: command.amount.amount_minor}
    reason = reason or cannot_spend(account, command.amount, legs)
    if reason:
        return Declined(reason)
    amount = command.amount
    return PayoutHeld(
        account.next_ordinal, amount.commodity, amount.amount_minor, command.by
    )


def follow_payout(
    account: Account, command: ApprovePayout | CancelPayout | PayOut
) -> Event:
    ordinal = command.ordinal
    payout = account.transfers.get(ordinal)
    if payout is None or payout.status not in _PAYOUTS:
        return Declined(R.TRANSFER_NOT_FOUND)
    reason = _cannot_follow(account, payout, command)
    if reason:
        return Declined(reason, ordinal)
    match command:
        case ApprovePayout():
            return PayoutApproved(ordinal, command.by)
        case CancelPayout():
            return PayoutCancelled(ordinal, payout.pot, payout.amount_minor, command.by)
        case PayOut():
            points = commodity_of(payout.pot) in POINTS_UNITS
            credited = Book.POINTS_ISSUED if points else Book.SAFEGUARDED
            return PayoutPaid(
                ordinal, payout.pot, payout.amount_minor, command.evidence, credited
            )


def _cannot_follow(
    account: Account, payout: Transfer, command: ApprovePayout | CancelPayout | PayOut
) -> R | None:
    if payout.status not in _UNDECIDED:
        return R.PAYOUT_DECIDED
    match command:
        case ApprovePayout():
            if payout.status is not TransferStatus.HELD:
                return R.PAYOUT_DECIDED
            return R.SAME_PERSON if command.by == payout.by else None
        case CancelPayout():
            legs = {payout.pot: payout.amount_minor}
            return R.EXCEEDS_BALANCE_LIMIT if overflows(account, legs) else None
        case PayOut():
            if payout.status is not TransferStatus.APPROVED:
                return R.PAYOUT_NOT_APPROVED
            others = account.transfers.values()
            used = any(other.evidence == command.evidence for other in others)
            return R.EVIDENCE_USED if used else None
