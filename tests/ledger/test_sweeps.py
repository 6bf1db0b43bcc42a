"""What the check of sweeps says of journals that nobody sound would write."""

from collections.abc import Iterable

from ledger.entry import Entry
from ledger.events import Amounts, Captured, Event, StripeCut, StripeSwept
from ledger.finding import Invariant
from ledger.ids import AccountId
from ledger.payment import PaymentState
from ledger.posting import Book, Posting
from ledger.sweeps import Sweeps

SOMEBODY = AccountId(bytes(16))


def entry(seq: int, event: Event, *lines: Posting) -> Entry:
    return Entry(seq, 1_000, SOMEBODY, 0, b"", b"", "", event, lines)


def took(seq: int, minor: int, owner: bytes = b"mer_1", pot: str = "QAR") -> Entry:
    legs = {pot: minor}
    after = Amounts(PaymentState.CAPTURED, legs, legs, {})
    event = Captured(1, legs, {}, "mer_1", after)
    return entry(seq, event, Posting(Book.MERCHANT, owner, pot, -minor))


def cut(seq: int) -> Entry:
    return entry(seq, StripeCut("mer_1", 0))


def swept(seq: int, minor: int, *, to: int, pot: str = "QAR") -> Entry:
    return entry(seq, StripeSwept(1, SOMEBODY, pot, minor, "mer_1", to))


def said(entries: Iterable[Entry]) -> list[tuple[Invariant, str]]:
    sweeps = Sweeps()
    return [finding for one in entries for finding in sweeps.broken_by(one)]


def test_what_was_taken_up_to_the_cut_is_swept_once() -> None:
    assert said([took(1, 70), cut(2), took(3, 5), swept(4, 70, to=2)]) == []
    again = "it sweeps 70 minor units of QAR, and 0 were taken"
    twice = [took(1, 70), cut(2), swept(3, 70, to=2), swept(4, 70, to=2)]
    assert said(twice) == [(Invariant.SWEEP, again)]


def test_of_a_wrong_sweep_the_next_one_is_not_accused() -> None:
    first = "it sweeps 71 minor units of QAR, and 70 were taken"
    journal = [took(1, 70), cut(2), swept(3, 71, to=2), took(4, 5), cut(5)]
    assert said([*journal, swept(6, 5, to=5)]) == [(Invariant.SWEEP, first)]


def test_a_sweep_without_a_cut_is_named() -> None:
    missing = "it sweeps to entry 2; the latest cut is 0"
    assert said([took(1, 70), swept(3, 70, to=2)]) == [(Invariant.SWEEP, missing)]


def test_of_what_was_never_taken_nothing_can_be_swept() -> None:
    early = "it sweeps 5 minor units of BHD, and 0 were taken"
    journal = [took(1, 70), cut(2), swept(3, 5, to=2, pot="BHD")]
    later = [took(4, 8, pot="BHD"), cut(5), swept(6, 8, to=5, pot="BHD")]
    assert said([*journal, *later]) == [(Invariant.SWEEP, early)]


def test_a_merchant_that_no_text_could_name_is_another_merchant() -> None:
    assert said([took(1, 70, b"\xff"), cut(2), swept(3, 0, to=2)]) == []
