"""A move that a payment does not make is an entry about that payment: its statement shows it."""

import pytest

from ledger.clock import DAY_MS
from ledger.commands import Capture, Change, Increase, Refund, Void
from ledger.decide import decide
from ledger.decline import DeclineReason as R
from ledger.events import Declined, Increased
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.payment import PaymentState as S
from tests.ledger.test_transitions import AMIRA, AT_MS, REVERSE, with_payment

MORE = Money(99_999, "QAR")
OTHER = Money(1, "AVIOS")
# Of 100.00 that are held.
ABOVE = Increase(account=AMIRA, ordinal=1, amount=Money(2, "QAR"), ceiling_minor=10_001)
WITHIN = Increase(account=AMIRA, ordinal=1, amount=Money(1, "QAR"), ceiling_minor=10_001)


@pytest.mark.parametrize(
    ("state", "command", "reason"),
    [
        (
            S.AUTHORISED,
            Increase(account=AMIRA, ordinal=1, amount=MORE),
            R.INSUFFICIENT_FUNDS,
        ),
        (S.AUTHORISED, Increase(account=AMIRA, ordinal=1, amount=OTHER), R.WRONG_CURRENCY),
        (S.AUTHORISED, ABOVE, R.EXCEEDS_CHANNEL_LIMIT),
        (S.AUTHORISED, Capture(account=AMIRA, ordinal=1, amount=MORE), R.EXCEEDS_HOLD),
        (S.AUTHORISED, Refund(account=AMIRA, ordinal=1, amount=MORE), R.NOTHING_CAPTURED),
        (S.CAPTURED, Refund(account=AMIRA, ordinal=1, amount=MORE), R.EXCEEDS_CAPTURED),
        (S.VOIDED, Void(account=AMIRA, ordinal=1), R.HOLD_VOIDED),
        (S.VOIDED, REVERSE, R.HOLD_VOIDED),
    ],
)
def test_its_decline_names_the_payment(state: S, command: Change, reason: R) -> None:
    assert decide(with_payment(state), command, AT_MS + DAY_MS) == Declined(reason, 1)


@pytest.mark.parametrize("command", [Refund(account=AMIRA, ordinal=1), REVERSE])
def test_money_for_which_there_is_no_room_names_the_payment_too(command: Change) -> None:
    account = with_payment(S.CAPTURED)
    account.pots["QAR"].available_minor = AMOUNT_MINOR_MAX

    assert decide(account, command, AT_MS) == Declined(R.EXCEEDS_BALANCE_LIMIT, 1)


def test_a_payment_may_grow_up_to_its_channel_s_ceiling() -> None:
    assert isinstance(decide(with_payment(S.AUTHORISED), WITHIN, AT_MS), Increased)


def test_what_a_card_agreed_to_does_not_grow_and_its_decline_names_the_payment() -> None:
    account = with_payment(S.AUTHORISED)
    account.payments[1].by_card = True

    assert decide(account, WITHIN, AT_MS) == Declined(R.CARD_REPLAYED, 1)
