"""What no story shows of a settlement: the very event that is decided."""

import pytest

from ledger.account import Account, AccountStatus, Earnings, Pot
from ledger.commands import DeliverSweep, Settle
from ledger.decide_settlement import deliver_sweep, settle
from ledger.decline import DeclineReason
from ledger.events import AccountKind, Origin, Settled, SweepReceived, TransferRefused
from ledger.ids import AccountId, Ref
from ledger.money import Money

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
