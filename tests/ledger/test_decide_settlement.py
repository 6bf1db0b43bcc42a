"""What no story shows of a settlement: the very event that is decided."""

import pytest

from ledger.account import Account, AccountStatus, Earnings, Pot
from ledger.commands import ApprovePayout, DeliverSweep, RequestPayout, Settle
from ledger.decide_settlement import deliver_sweep, follow_payout, settle
from ledger.decline import DeclineReason
from ledger.events import (
    AccountKind,
    Declined,
    Origin,
    Settled,
    SweepReceived,
    TransferRefused,
)
from ledger.ids import AccountId, Ref
from ledger.money import AMOUNT_MINOR_MAX, Money
from ledger.payment import PaymentState
from tests.ledger.test_transitions import AMIRA, obeyed, with_payment

LOUNGE = AccountId(bytes(15) + b"\x01")
SOURCE = Ref(AccountId(bytes(16)), 1)
ORIGIN = Origin(1, 7)


def lounge(status: AccountStatus, *, arrived: int = 0) -> Account:
    earnings = Earnings({"QAR": arrived}, {}) if arrived else None
    pots = {"QAR": Pot(0, 0)}
    return Account(LOUNGE, AccountKind.MERCHANT, status, 1_000, pots, earnings=earnings)


@pytest.mark.parametrize("status", AccountStatus)
def test_a_sweep_arrives_at_every_account_that_did_not_close(status: AccountStatus) -> None:
    brought = DeliverSweep(
        account=LOUNGE, source=SOURCE, pot="QAR", amount_minor=5, origin=ORIGIN
    )
    event = deliver_sweep(lounge(status), brought)

    if status is AccountStatus.CLOSED:
        closed = DeclineReason.ACCOUNT_CLOSED
        assert event == TransferRefused(SOURCE, LOUNGE, closed, ORIGIN)
    else:
        assert event == SweepReceived(SOURCE, "QAR", 5, ORIGIN)


@pytest.mark.parametrize(
    ("arrived", "fee", "credited", "carried"),
    [
        (2, 1, {"QAR": 1}, {}),
        (1, 1, {}, {}),
        (1, 2, {}, {"QAR": -1}),
    ],
)
def test_what_is_left_is_credited_or_carried_to_the_last_minor_unit(
    arrived: int, fee: int, credited: dict[str, int], carried: dict[str, int]
) -> None:
    gross, fees = (Money(arrived, "QAR"),), (Money(fee, "QAR"),)
    command = Settle(account=LOUNGE, gross=gross, fees=fees)

    event = settle(lounge(AccountStatus.OPEN, arrived=arrived), command)

    assert event == Settled({"QAR": arrived}, {"QAR": fee}, credited, carried)


@pytest.mark.parametrize("arrived", [AMOUNT_MINOR_MAX, AMOUNT_MINOR_MAX + 1])
def test_a_new_pot_takes_what_any_other_could_hold(arrived: int) -> None:
    account = lounge(AccountStatus.OPEN)
    account.earnings = Earnings({"USD": arrived}, {})
    command = Settle(account=LOUNGE, gross=(Money(arrived, "USD"),))

    event = settle(account, command)

    if arrived > AMOUNT_MINOR_MAX:
        assert event == Declined(DeclineReason.EXCEEDS_BALANCE_LIMIT)
    else:
        assert event == Settled({"USD": arrived}, {}, {"USD": arrived}, {})


def test_the_decline_of_a_step_of_a_payout_names_the_payout() -> None:
    asked = RequestPayout(account=AMIRA, amount=Money(100, "QAR"), by="olga")
    account = obeyed(with_payment(PaymentState.VOIDED), asked)

    event = follow_payout(account, ApprovePayout(account=AMIRA, ordinal=2, by="olga"))

    assert event == Declined(DeclineReason.SAME_PERSON, 2)
