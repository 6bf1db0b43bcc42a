"""The life of a payment: one table. Whatever affects it lives in this file.

A hold ends in exactly one way: captured, voided, expired or reversed. Partial captures and
refunds are amounts beside the state, not more states; that refunds never exceed captures,
nor captures the hold, is judged in decide.py and asserted in apply.py.
"""

from collections.abc import Mapping
from enum import StrEnum

from ledger.decline import DeclineReason


class PaymentState(StrEnum):
    REQUESTED = "requested"
    DECLINED = "declined"
    AUTHORISED = "authorised"
    PARTIALLY_CAPTURED = "partially_captured"  # the hold is open, a part is taken
    CAPTURED = "captured"
    VOIDED = "voided"
    EXPIRED = "expired"
    REVERSED = "reversed"


class Move(StrEnum):
    AUTHORISE = "authorise"
    PURCHASE = "purchase"  # authorise and capture in one
    DECLINE = "decline"
    INCREASE = "increase"
    CAPTURE = "capture"  # the hold stays open for more
    CAPTURE_LAST = "capture_last"  # the rest of the hold is released
    VOID = "void"
    EXPIRE = "expire"
    REFUND = "refund"
    REVERSE = "reverse"


S, M = PaymentState, Move

TRANSITIONS: Mapping[PaymentState, Mapping[Move, PaymentState]] = {
    S.REQUESTED: {
        M.AUTHORISE: S.AUTHORISED,
        M.PURCHASE: S.CAPTURED,
        M.DECLINE: S.DECLINED,
    },
    S.AUTHORISED: {
        M.INCREASE: S.AUTHORISED,
        M.CAPTURE: S.PARTIALLY_CAPTURED,
        M.CAPTURE_LAST: S.CAPTURED,
        M.VOID: S.VOIDED,
        M.EXPIRE: S.EXPIRED,
        M.REVERSE: S.REVERSED,
    },
    # What was captured stays captured, however the rest of the hold ends.
    S.PARTIALLY_CAPTURED: {
        M.INCREASE: S.PARTIALLY_CAPTURED,
        M.CAPTURE: S.PARTIALLY_CAPTURED,
        M.CAPTURE_LAST: S.CAPTURED,
        M.VOID: S.CAPTURED,
        M.EXPIRE: S.CAPTURED,
        M.REFUND: S.PARTIALLY_CAPTURED,
        M.REVERSE: S.REVERSED,
    },
    S.CAPTURED: {M.REFUND: S.CAPTURED, M.REVERSE: S.REVERSED},
    S.DECLINED: {},
    S.VOIDED: {},
    S.EXPIRED: {},
    S.REVERSED: {},
}

OPEN_STATES = frozenset({S.AUTHORISED, S.PARTIALLY_CAPTURED})

# What a caller is told who asks for a move that the table does not have.
_REFUSALS = {
    S.DECLINED: DeclineReason.PAYMENT_DECLINED,
    S.AUTHORISED: DeclineReason.NOTHING_CAPTURED,
    S.CAPTURED: DeclineReason.HOLD_CAPTURED,
    S.VOIDED: DeclineReason.HOLD_VOIDED,
    S.EXPIRED: DeclineReason.HOLD_EXPIRED,
    S.REVERSED: DeclineReason.PAYMENT_REVERSED,
}


def refusal(state: PaymentState, move: Move) -> DeclineReason | None:
    """Why this move is not open to a payment in this state, or None when it is."""
    return None if move in TRANSITIONS[state] else _REFUSALS[state]


def after(state: PaymentState, move: Move) -> PaymentState:
    """The state that the move leads to. Asking for a move that the table lacks is our bug."""
    assert move in TRANSITIONS[state], f"{move} is not open to a payment that is {state}"
    return TRANSITIONS[state][move]
