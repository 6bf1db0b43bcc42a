"""The checker of the torture finds what it is for: each test doctors a history or a journal."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from ledger.entry import NOBODY, Cause, Entry, Place, build
from ledger.events import (
    Amounts,
    Authorised,
    Captured,
    Event,
    Expired,
    Origin,
    Purchased,
    TransferReceived,
    TransferSent,
    Voided,
)
from ledger.ids import Ref
from ledger.payment import PaymentState
from ledger.posting import Book
from tests.books import account_of, sale
from tests.torture.history import Ask, Deed, Fact, History, JournalBook, Purse

AMIRA, JONAS = account_of("amira"), account_of("jonas")
FUNDS_MINOR = 1_000
SALE = sale("dutyfree", "A-17")
PURCHASE = Ask("buy", Deed.PURCHASE, AMIRA, 240, "/v1/payments", {})
HOLD = Ask("hold", Deed.HOLD, AMIRA, 100, "/v1/payments", {})
CAPTURE = Ask("capture", Deed.CAPTURE, AMIRA, 60, "/v1/payments/…/capture", {}, 100)
TRANSFER = Ask("send", Deed.TRANSFER, AMIRA, 50, "/v1/transfers", {}, target=JONAS)
ALL = [PURCHASE, HOLD, CAPTURE, TRANSFER]

CAPTURED = Captured(
    2,
    {"QAR": 60},
    {"QAR": 40},
    "mer",
    Amounts(PaymentState.CAPTURED, {"QAR": 100}, {"QAR": 60}, {}),
)
VOIDED = Voided(
    2, {"QAR": 40}, "mer", Amounts(PaymentState.CAPTURED, {"QAR": 100}, {"QAR": 60}, {})
)
SENT = TransferSent(3, JONAS, "QAR", 50, Book.AVAILABLE)
RECEIVED = TransferReceived(Ref(AMIRA, 3), "QAR", 50, Origin(0, 4))
JOURNAL: list[tuple[Ask | None, Event]] = [
    (PURCHASE, Purchased(1, {"QAR": 240}, SALE)),
    (HOLD, Authorised(2, {"QAR": 100}, SALE, 1)),
    (CAPTURE, CAPTURED),
    (TRANSFER, SENT),
    (None, RECEIVED),
]


def entries(journal: Sequence[tuple[Ask | None, Event]]) -> list[Entry]:
    found = []
    for seq, (ask, event) in enumerate(journal, 1):
        cause = Cause(ask.digest) if ask else NOBODY
        account = JONAS if isinstance(event, TransferReceived) else AMIRA
        found.append(build(account, event, Place(seq, 0), cause))
    return found


def findings(
    journal: Sequence[tuple[Ask | None, Event]], asks: Sequence[Ask] = ALL
) -> list[str]:
    book = JournalBook()
    book.read(entries(journal))
    return history(asks).check(book, [AMIRA, JONAS])


def history(asks: Sequence[Ask] = ALL) -> History:
    told = History()
    for ask in asks:
        told.note(ask, answer(id=ask.key))
    return told


def answer(**fields: Any) -> bytes:
    return msgspec.json.encode({"order": "A-17", "status": "captured"} | fields)


def test_a_true_journal_has_no_findings() -> None:
    assert findings(JOURNAL) == []


@pytest.mark.parametrize("gone", range(4))
def test_a_lost_acknowledged_deed_is_found(gone: int) -> None:
    ask, _ = JOURNAL[gone]
    assert ask
    doctored = [row for row in JOURNAL if row[0] is not ask]

    assert f"lost: {ask.deed} of {ask.amount_minor} under {ask.key}" in findings(doctored)


def test_a_doubled_payment_is_found() -> None:
    doctored = [*JOURNAL, (PURCHASE, Purchased(4, {"QAR": 240}, SALE))]

    assert findings(doctored) == ["done too often: purchase of 240 under buy"]


def test_a_payment_of_another_amount_is_found() -> None:
    doctored = [(PURCHASE, Purchased(1, {"QAR": 241}, SALE)), *JOURNAL[1:]]

    assert findings(doctored) == [
        "lost: purchase of 240 under buy",
        "done too often: purchase of 241 under buy",
    ]


def test_a_payment_that_nobody_asked_for_is_found() -> None:
    assert findings(JOURNAL, ALL[1:]) == [
        "done too often: purchase of 240 under a key that nobody used"
    ]


@pytest.mark.parametrize(
    "again", [VOIDED, Expired(2, {"QAR": 40}, "mer", VOIDED.after)], ids=["void", "expiry"]
)
def test_a_hold_that_ends_twice_is_found(again: Voided | Expired) -> None:
    found = findings([*JOURNAL, (None, again)])

    assert any(finding.endswith(" 2: ended 2 times") for finding in found)


def test_money_that_arrives_twice_is_found() -> None:
    found = findings([*JOURNAL, (None, RECEIVED)])

    assert any(finding.endswith(" 3: arrived 2 times") for finding in found)


def test_money_that_stays_in_transit_is_found() -> None:
    assert findings(JOURNAL[:-1]) == ["-50 QAR are in transit, at rest"]


def test_a_changed_answer_is_found() -> None:
    told = history()
    told.note(PURCHASE, answer(id="another"))

    assert len(told.findings) == 1
    assert told.findings[0].startswith("buy: first answered ")


@pytest.mark.parametrize("ask", [PURCHASE, HOLD])
def test_of_a_payment_every_byte_of_the_answer_counts(ask: Ask) -> None:
    told = history()
    told.note(ask, answer(id=ask.key, order=None))

    assert len(told.findings) == 1


def test_the_label_of_an_order_may_be_lost_from_a_later_answer_and_is_counted() -> None:
    told = history()
    told.note(CAPTURE, answer(id=CAPTURE.key, order=None))

    assert (told.findings, told.labels_lost) == ([], 1)
    told.note(CAPTURE, answer(id=CAPTURE.key, status="voided"))
    assert len(told.findings) == 1


def test_a_wallet_has_what_follows_from_the_answers() -> None:
    assert history().purse(AMIRA, FUNDS_MINOR) == Purse(1_000 - 240 - 60 - 50, 0)
    assert history().purse(JONAS, FUNDS_MINOR) == Purse(1_050, 0)
    assert history([HOLD]).purse(AMIRA, FUNDS_MINOR) == Purse(900, 100)


def test_what_a_key_did_is_told_apart_from_what_another_did() -> None:
    book = JournalBook()
    book.read(entries(JOURNAL))

    assert book.facts[Fact(AMIRA, PURCHASE.digest, Deed.PURCHASE, 240)] == 1
    assert book.facts[Fact(AMIRA, HOLD.digest, Deed.PURCHASE, 240)] == 0
