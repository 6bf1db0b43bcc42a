"""What apply() asserts, shown with entries that decide.py would never make."""

import pytest

from ledger.apply import apply
from ledger.commands import (
    ApprovePayout,
    CancelPayout,
    PayOut,
    RequestPayout,
    SendTransfer,
)
from ledger.decline import DeclineReason
from ledger.entry import Place, build
from ledger.events import (
    AccountClosed,
    AccountKind,
    AccountOpened,
    Amounts,
    CardUse,
    Event,
    Increased,
    Origin,
    PartitionOpened,
    PaymentDeclined,
    Purchased,
    StripeCut,
    StripeSwept,
    TransferDelivered,
)
from ledger.ids import AccountId
from ledger.money import Money
from ledger.payment import PaymentState
from tests.books import account_of, sale
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


def test_each_payout_that_is_not_paid_or_cancelled_counts() -> None:
    """Else a closing account would close with money set aside, or never."""
    account = with_payment(PaymentState.VOIDED)
    asked = RequestPayout(account=AMIRA, amount=Money(100, "QAR"), by="olga")
    for _ in range(5):
        account = obeyed(account, asked)
    assert account.undelivered == 5

    def left_after(command: ApprovePayout | CancelPayout | PayOut) -> int:
        return obeyed(account, command).undelivered

    assert left_after(CancelPayout(account=AMIRA, ordinal=2, by="olga")) == 4
    assert left_after(ApprovePayout(account=AMIRA, ordinal=3, by="piet")) == 4
    assert left_after(PayOut(account=AMIRA, ordinal=3, evidence=b"bank-1")) == 3


def tapped(ordinal: int, counter: int) -> Purchased:
    code = bytes([ordinal])
    return Purchased(ordinal, {}, sale("lounge", "A-18"), code, CardUse(b"blue", counter))


@pytest.mark.parametrize("counter", [4, 5])
def test_a_card_that_does_not_count_up_pays_nothing(counter: int) -> None:
    account = written(with_payment(PaymentState.AUTHORISED), tapped(2, 5))

    with pytest.raises(AssertionError, match="a card's counter goes up"):
        written(account, tapped(3, counter))


def test_a_decline_leaves_the_highest_counter_that_was_shown() -> None:
    account = written(with_payment(PaymentState.AUTHORISED), tapped(2, 5))
    older = tapped(3, 4)
    frozen = DeclineReason.ACCOUNT_FROZEN
    declined = PaymentDeclined(3, frozen, {}, older.sale, older.code_id, older.card)

    assert written(account, declined).cards == {b"blue": 5}


def test_a_cut_is_swept_once_for_each_pot() -> None:
    account = written(with_payment(PaymentState.VOIDED), StripeCut("mer_lounge", 0))
    cut = account.last_seq

    def swept(ordinal: int, pot: str) -> StripeSwept:
        return StripeSwept(ordinal, BILAL, pot, 5, "mer_lounge", cut)

    account = written(written(account, swept(2, "QAR")), swept(3, "AVIOS"))

    with pytest.raises(AssertionError, match="a cut is swept once"):
        written(account, swept(4, "QAR"))
