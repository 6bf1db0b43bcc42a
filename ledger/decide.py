"""The decision: one account and one command in, one event out. Reads only.

Guards stand in a column, cheap and general ones first, one exit for each reason; then the
comment that says from where on the command must succeed. A decline is an event like any other.
The partition has looked up the idempotency key before, and has written due expiries.

Here are the accounts' own; payments, transfers and settlement have a file each.
"""

from ledger.account import Account, AccountStatus
from ledger.commands import (
    ApprovePayout,
    Authorise,
    CancelPayout,
    Capture,
    Change,
    CloseAccount,
    CutStripe,
    Deliver,
    DeliverSweep,
    FreezeAccount,
    Fund,
    GrantCredit,
    Increase,
    OpenAccount,
    PayOut,
    RecordDelivered,
    Refund,
    Relayed,
    RequestPayout,
    ReturnTransfer,
    Reverse,
    SendTransfer,
    Settle,
    SweepStripe,
    UnfreezeAccount,
    Void,
)
from ledger.credit import grant
from ledger.decide_payment import authorise, follow_up, reverse
from ledger.decide_settlement import (
    cut,
    deliver_sweep,
    follow_payout,
    request_payout,
    settle,
    sweep,
)
from ledger.decide_transfer import deliver, fund, send, settle_transfer
from ledger.decline import DeclineReason as R
from ledger.events import (
    AccountClosed,
    AccountClosing,
    AccountFrozen,
    AccountOpened,
    AccountUnfrozen,
    Declined,
    Event,
)
from ledger.guards import unusable


def decide(account: Account | None, command: Change | Relayed, at_ms: int) -> Event:
    match command:
        case Authorise():
            return authorise(account, command, at_ms)
        case Capture() | Refund() | Void() | Increase():
            return follow_up(account, command)
        case Deliver():
            return deliver(account, command)
        case OpenAccount():
            return _open(account, command)
        case Fund():
            return fund(account, command)
        case CutStripe():
            return cut(account, command)
        case DeliverSweep():
            return deliver_sweep(account, command)
        case _ if account is None:
            return Declined(R.ACCOUNT_NOT_FOUND)
        case SendTransfer():
            return send(account, command)
        case Reverse():
            return reverse(account, command)
        case FreezeAccount():
            return _freeze(account)
        case UnfreezeAccount():
            return _unfreeze(account)
        case CloseAccount():
            return _close(account)
        case RecordDelivered() | ReturnTransfer():
            return settle_transfer(account, command)
        case GrantCredit():
            return grant(account, command)
        case SweepStripe():
            return sweep(account, command)
        case Settle():
            return settle(account, command)
        case RequestPayout():
            return request_payout(account, command)
        case ApprovePayout() | CancelPayout() | PayOut():
            return follow_payout(account, command)


def _open(account: Account | None, command: OpenAccount) -> Event:
    if account is not None:
        return Declined(R.ACCOUNT_EXISTS)
    return AccountOpened(command.kind, command.pots)


def _freeze(account: Account) -> Event:
    reason = unusable(account)
    return Declined(reason) if reason else AccountFrozen()


def _unfreeze(account: Account) -> Event:
    if account.status is not AccountStatus.FROZEN:
        return Declined(unusable(account) or R.ACCOUNT_NOT_FROZEN)
    return AccountUnfrozen()


def _close(account: Account) -> Event:
    if account.status in {AccountStatus.CLOSED, AccountStatus.CLOSING}:
        return Declined(unusable(account) or R.ACCOUNT_CLOSED)
    return AccountClosed() if account.ended else AccountClosing()
