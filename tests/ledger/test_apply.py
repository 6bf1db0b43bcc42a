"""What apply() asserts, shown with entries that decide.py would never make."""

import pytest

from ledger.apply import apply
from ledger.commands import SendTransfer
from ledger.entry import Place, build
from ledger.events import (
    AccountClosed,
    AccountKind,
    AccountOpened,
    Amounts,
    Event,
    Increased,
    Origin,
    PartitionOpened,
    TransferDelivered,
)
from ledger.ids import AccountId
from ledger.money import Money
from ledger.payment import PaymentState
from tests.books import account_of
from tests.ledger.test_transitions import AMIRA, AT_MS, obeyed, with_payment, written

BILAL = account_of("bilal")
OPENED = AccountOpened(AccountKind.WALLET, ("QAR",))
HELD, TAKEN = {"QAR": 10_000}, {"QAR": 2_000}


def after(captured: dict[str, int], refunded: dict[str, int]) -> Event:
    """The payment stands so now, and no money has moved."""
    amounts = Amounts(PaymentState.PARTIALLY_CAPTURED, HELD, captured, refunded)
    return Increased(1, {}, "mer_lounge", amounts)


@pytest.mark.parametrize(
    ("promise", "event"),
    [
        ("refunds never exceed captures", after(TAKEN, {"QAR": 2_001})),
        ("captures never exceed the hold", after({"QAR": 10_001}, {})),
        ("captures never exceed the hold", after({"AVIOS": 1}, {})),
        ("only captures are refunded", after({}, {"QAR": 1})),
        ("opens once", OPENED),
        ("closes empty", AccountClosed()),
        ("is not an event of an account", PartitionOpened(0, b"token", 1, 1)),
    ],
)
def test_a_broken_promise_is_not_applied(promise: str, event: Event) -> None:
    account = with_payment(PaymentState.AUTHORISED)

    with pytest.raises(AssertionError, match=promise):
        written(account, event)


def test_what_just_keeps_the_promises_is_applied() -> None:
    account = written(with_payment(PaymentState.AUTHORISED), after(HELD, HELD))

    assert account.payments[1].refunded == HELD


def test_an_entry_of_an_account_follows_its_last() -> None:
    account = with_payment(PaymentState.AUTHORISED)
    elsewhere = build(AMIRA, after({}, {}), Place(account.last_seq + 1, AT_MS, 1))

    with pytest.raises(AssertionError, match="form one line"):
        apply(account, elsewhere)


def test_nothing_is_written_to_an_account_that_never_opened() -> None:
    entry = build(AccountId(b"nobody"), TransferDelivered(1, Origin(0, 1)), Place(1, AT_MS))

    with pytest.raises(AssertionError, match="an account that is open"):
        apply(None, entry)


def test_each_transfer_on_its_way_counts() -> None:
    """Else a closing account would close when the first of them has arrived."""
    account = with_payment(PaymentState.AUTHORISED)
    sending = SendTransfer(account=AMIRA, target=BILAL, amount=Money(100, "QAR"))

    for _ in range(3):
        account = obeyed(account, sending)

    assert account.undelivered == 3
