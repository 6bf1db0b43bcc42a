"""The auditor's telling of settlement: what a merchant took is cut, swept, settled and paid out.

A stripe is told from the payments themselves: all that they captured less all that they refunded,
as it stood at the cut, less all that was swept before.
"""

from ledger.account import AccountStatus, TransferStatus
from ledger.commands import (
    ApprovePayout,
    CancelPayout,
    CutStripe,
    PayOut,
    RequestPayout,
    Settle,
    SweepStripe,
)
from ledger.decline import DeclineReason as R
from ledger.ids import AccountId
from ledger.replies import CutReply, Reply, SettledReply
from tests.ledger.model_wallet import (
    MOST,
    Asked,
    Purse,
    Wallet,
    Wire,
    about_transfer,
    declined,
)

Sums = dict[str, int]


def add_to(sums: Sums, pot: str, minor: int) -> None:
    sums[pot] = sums.get(pot, 0) + minor


def cut(wallet: Wallet, command: CutStripe, taken: Sums, seq: int) -> Asked:
    stripe = wallet.stripe
    if stripe is None or stripe.merchant != command.merchant:
        return declined(R.ACCOUNT_EXISTS)
    previous, stripe.cut = stripe.cut, seq
    stripe.at_cut = taken
    return Asked(lambda again: CutReply(wallet.id, seq, previous, again))


def due(stripe: Wallet, pot: str) -> int:
    """What a sweep of this pot must send: the auditor's own sum."""
    assert stripe.stripe is not None, "only a stripe is swept"
    return stripe.stripe.at_cut.get(pot, 0) - stripe.stripe.sent.get(pot, 0)


def sweep(wallet: Wallet, command: SweepStripe, at_ms: int) -> Asked:
    stripe = wallet.stripe
    if stripe is None or stripe.cut != command.cut:
        return declined(R.CUT_SWEPT)
    if stripe.swept_to.get(command.pot) == stripe.cut:
        return declined(R.CUT_SWEPT)
    if command.amount_minor == 0:
        return declined(R.INVALID_AMOUNT)
    stripe.swept_to[command.pot] = stripe.cut
    add_to(stripe.sent, command.pot, command.amount_minor)
    minor = command.amount_minor
    asked = _sent(wallet, Wire(command.target, command.pot, minor, at_ms, sweep=True))
    asked.sent = max(wallet.wires)
    return asked


def _sent(wallet: Wallet, wire: Wire) -> Asked:
    ordinal = wallet.next_ordinal
    wallet.wires[ordinal] = wire
    return about_transfer(wallet, ordinal)


def settle(wallet: Wallet, command: Settle) -> Asked:
    if wallet.status is AccountStatus.CLOSED:
        return declined(R.ACCOUNT_CLOSED)
    gross = _without_zeros(wallet.arrived)
    claimed: Sums = {}
    for money in command.gross:
        add_to(claimed, money.commodity, money.amount_minor)
    if _without_zeros(claimed) != gross:
        return declined(R.SWEEPS_MISSING)
    fees: Sums = {}
    for fee in command.fees:
        add_to(fees, fee.commodity, fee.amount_minor)
    if any(fee.amount_minor < 1 for fee in command.fees):
        return declined(R.INVALID_AMOUNT)
    left = dict(gross)
    for pot, minor in wallet.carried.items():
        add_to(left, pot, minor)
    for pot, minor in fees.items():
        add_to(left, pot, -minor)
    credited = {pot: minor for pot, minor in left.items() if minor > 0}
    for pot, minor in credited.items():
        purse = wallet.purses.get(pot, Purse())
        if purse.free + purse.held + minor > MOST:
            return declined(R.EXCEEDS_BALANCE_LIMIT)
    for pot, minor in credited.items():
        wallet.purses.setdefault(pot, Purse()).free += minor
    for pot, minor in fees.items():
        add_to(wallet.fees, pot, minor)
    carried = {pot: minor for pot, minor in left.items() if minor < 0}
    wallet.arrived, wallet.carried = {}, carried

    def answer(again: bool) -> Reply:  # noqa: FBT001 — one flag, and it has a name
        return SettledReply(wallet.id, gross, fees, credited, carried, again)

    return Asked(answer)


def _without_zeros(sums: Sums) -> Sums:
    return {pot: minor for pot, minor in sums.items() if minor}


def request_payout(wallet: Wallet, command: RequestPayout, at_ms: int) -> Asked:
    closing = wallet.status is AccountStatus.CLOSING
    reason = None if closing else wallet.unusable
    reason = reason or wallet.cannot_spend(command.amount)
    if reason:
        return declined(reason)
    minor, pot = command.amount.amount_minor, command.amount.commodity
    wallet.purses[pot].free -= minor
    nobody = AccountId(b"")
    wire = Wire(nobody, pot, minor, at_ms, status=TransferStatus.HELD, by=command.by)
    return _sent(wallet, wire)


def follow_payout(wallet: Wallet, command: ApprovePayout | CancelPayout | PayOut) -> Asked:
    wire = wallet.wires.get(command.ordinal)
    if wire is None or not wire.by:
        return declined(R.TRANSFER_NOT_FOUND)
    reason = None
    if wire.status not in {TransferStatus.HELD, TransferStatus.APPROVED}:
        reason = R.PAYOUT_DECIDED
    else:
        match command:
            case ApprovePayout():
                reason = _approve(wire, command.by)
            case CancelPayout():
                reason = _cancel(wallet, wire)
            case PayOut():
                reason = _pay(wallet, wire, command.evidence)
    return declined(reason) if reason else about_transfer(wallet, command.ordinal)


def _approve(wire: Wire, by: str) -> R | None:
    if wire.approved_by:
        return R.PAYOUT_DECIDED
    if wire.by == by:
        return R.SAME_PERSON
    wire.status, wire.approved_by = TransferStatus.APPROVED, by
    return None


def _cancel(wallet: Wallet, wire: Wire) -> R | None:
    if not wallet.has_room(wire.pot, wire.minor):
        return R.EXCEEDS_BALANCE_LIMIT
    wire.status = TransferStatus.CANCELLED
    wallet.purses[wire.pot].free += wire.minor
    return None


def _pay(wallet: Wallet, wire: Wire, evidence: bytes) -> R | None:
    if not wire.approved_by:
        return R.PAYOUT_NOT_APPROVED
    if evidence in {other.evidence for other in wallet.wires.values()}:
        return R.EVIDENCE_USED
    wire.status, wire.evidence = TransferStatus.PAID, evidence
    return None
