"""The life of a payment, walked completely: every state meets every move.

What the table has happens, and leads where the table says. What it does not have is refused with a
reason, and nothing happens.
"""

import pytest

from ledger.account import Account
from ledger.apply import apply
from ledger.clock import DAY_MS
from ledger.commands import (
    Authorise,
    Capture,
    CaptureMode,
    Change,
    Deliver,
    Increase,
    OpenAccount,
    Refund,
    Relayed,
    Reverse,
    Void,
)
from ledger.decide import decide
from ledger.decide_payment import expire
from ledger.decline import DeclineReason as R
from ledger.entry import Cause, Place, build
from ledger.events import AccountKind, Declined, Event, Origin
from ledger.ids import Ref
from ledger.images import draw_whole
from ledger.money import Money
from ledger.payment import OPEN_STATES, TRANSITIONS, Move, PaymentState, after, refusal
from tests.books import account_of, sale

AMIRA = account_of("amira")
AT_MS = 1_795_305_600_000
KEY = b"key of A-17"

S, M = PaymentState, Move

# What a payment goes through to be in each state; a payment is number 1 of its account.
TWENTY = Money(2_000, "QAR")
HOLD = Authorise(
    account=AMIRA,
    amount=Money(10_000, "QAR"),
    sale=sale("lounge", "A-17"),
    capture=CaptureMode.MANUAL,
    hold_ms=DAY_MS,
)
TOO_MUCH = Authorise(
    account=AMIRA,
    amount=Money(99_999, "QAR"),
    sale=sale("lounge", "A-17"),
    capture=CaptureMode.MANUAL,
    hold_ms=DAY_MS,
)
PART = Capture(account=AMIRA, ordinal=1, amount=TWENTY, final=False)
REVERSE = Reverse(account=AMIRA, original=KEY)
VOID = Void(account=AMIRA, ordinal=1)
PATHS: dict[PaymentState, list[Change | str]] = {
    S.DECLINED: [TOO_MUCH],
    S.AUTHORISED: [HOLD],
    S.PARTIALLY_CAPTURED: [HOLD, PART],
    S.CAPTURED: [HOLD, Capture(account=AMIRA, ordinal=1, amount=TWENTY)],
    S.VOIDED: [HOLD, VOID],
    S.EXPIRED: [HOLD, "expire"],
    S.REVERSED: [HOLD, REVERSE],
}

# The moves that somebody can ask for. The void of a captured payment asks for a refund.
COMMANDS: dict[Move, Change] = {
    M.INCREASE: Increase(account=AMIRA, ordinal=1, amount=TWENTY),
    M.CAPTURE: PART,
    M.CAPTURE_LAST: Capture(account=AMIRA, ordinal=1, amount=TWENTY),
    M.VOID: VOID,
    M.REFUND: Refund(account=AMIRA, ordinal=1, amount=Money(1_000, "QAR")),
    M.REVERSE: REVERSE,
}


def written(account: Account | None, event: Event, key: bytes = b"") -> Account:
    last = account.last_seq if account else 0
    place = Place(last + 1, AT_MS, last)
    return apply(account, build(AMIRA, event, place, Cause(key)))


def obeyed(account: Account | None, command: Change | Relayed, key: bytes = b"") -> Account:
    return written(account, decide(account, command, AT_MS), key)


def with_payment(state: PaymentState) -> Account:
    """An account that had 200.00, and whose first payment is in this state."""
    opening = OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",))
    account = obeyed(None, opening)
    delivery = Deliver(
        account=AMIRA,
        source=Ref(account_of("bank"), 1),
        pot="QAR",
        amount_minor=20_000,
        origin=Origin(0, 1),
    )
    account = obeyed(account, delivery)
    for number, step in enumerate(PATHS[state]):
        if isinstance(step, str):
            account = written(account, expire(account, 1))
        else:
            account = obeyed(account, step, KEY if number == 0 else b"")
    return account


def allowed(state: PaymentState, move: Move) -> bool:
    return move in TRANSITIONS[state]


every_state = pytest.mark.parametrize("state", PATHS)
every_move = pytest.mark.parametrize("move", COMMANDS)


def test_every_state_that_is_written_down_can_be_reached() -> None:
    assert set(PATHS) == set(S) - {S.REQUESTED}
    for state in PATHS:
        assert with_payment(state).payments[1].state is state


def test_every_move_is_a_command_or_the_beginning_or_the_clock() -> None:
    assert set(COMMANDS) == set(M) - {M.AUTHORISE, M.PURCHASE, M.DECLINE, M.EXPIRE}


@every_state
@every_move
def test_what_the_table_has_leads_where_it_says(state: PaymentState, move: Move) -> None:
    if not allowed(state, move):
        return
    account = with_payment(state)

    account = obeyed(account, COMMANDS[move])

    assert account.payments[1].state is TRANSITIONS[state][move]
    assert account.payments[1].state is after(state, move)
    assert (1 in account.open_holds) is (account.payments[1].state in OPEN_STATES)


@every_state
@every_move
def test_what_the_table_lacks_is_refused_and_nothing_happens(
    state: PaymentState, move: Move
) -> None:
    if allowed(state, move) or (move is M.VOID and allowed(state, M.REFUND)):
        return
    account = with_payment(state)
    before = draw_whole(account)

    event = decide(account, COMMANDS[move], AT_MS)

    assert event == Declined(refusal(state, move) or R.INVALID_AMOUNT, 1)
    assert draw_whole(account) == before
    account = written(account, event)
    account.last_seq -= 1
    assert draw_whole(account) == before


@every_state
def test_the_void_of_what_was_captured_is_a_refund(state: PaymentState) -> None:
    if allowed(state, M.VOID) or not allowed(state, M.REFUND):
        return

    account = obeyed(with_payment(state), VOID)

    assert account.payments[1].refunded == account.payments[1].captured


@every_state
def test_only_an_open_hold_expires(state: PaymentState) -> None:
    account = with_payment(state)
    if allowed(state, M.EXPIRE):
        account = written(account, expire(account, 1))
        assert account.payments[1].state is TRANSITIONS[state][M.EXPIRE]
    else:
        with pytest.raises(AssertionError, match="not open"):
            expire(account, 1)


@every_state
def test_money_is_neither_made_nor_lost(state: PaymentState) -> None:
    account = with_payment(state)
    payment, pot = account.payments[1], account.pots["QAR"]
    earned = sum(payment.captured.values()) - sum(payment.refunded.values())

    assert pot.available_minor + pot.held_minor + earned == 20_000


def test_every_state_and_move_has_an_answer() -> None:
    """A move that can be asked for is in the table, or its refusal has a reason."""
    for state in PATHS:
        for move in COMMANDS:
            assert allowed(state, move) or isinstance(refusal(state, move), R)


def test_a_hold_that_has_ended_never_opens_again() -> None:
    ended = set(S) - OPEN_STATES - {S.REQUESTED}
    for state in ended:
        assert not set(TRANSITIONS[state].values()) & OPEN_STATES
