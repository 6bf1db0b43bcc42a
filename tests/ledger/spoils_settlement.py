"""Ways to break what is promised about merchants' money: see spoils.py."""

from ledger.events import PayoutPaid, Settled, StripeCut, StripeSwept, SweepReceived
from ledger.finding import Invariant
from ledger.posting import Book
from ledger.sqlite_store import SqliteStore
from tests.ledger.forge import Forger
from tests.ledger.spoils import Where, spoils


@spoils(Invariant.SWEEP)
def a_sweep_sends_more_than_was_taken(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    seq = forger.of(StripeSwept)
    forger.tell(seq, amount_minor=2_401)
    forger.write()
    return 1, seq


@spoils(Invariant.SWEEP)
def a_sweep_reaches_beyond_its_cut(store: SqliteStore) -> Where:
    """A cut that stands after the payment which follows it."""
    forger = Forger(store, 1)
    cut, seq = forger.of(StripeCut), forger.of(StripeSwept)
    forger.tell(seq, cut=cut + 1)
    forger.write()
    return 1, seq


@spoils(Invariant.SWEEP)
def more_is_settled_than_was_swept(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Settled)
    forger.tell(seq, credited={"QAR": 4_801})
    forger.write()
    return 0, seq


@spoils(Invariant.SWEEP)
def what_is_the_merchants_to_spend_is_kept_back(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(Settled)
    forger.tell(seq, credited={"QAR": 4_600}, carried={"QAR": 100})
    forger.write()
    return 0, seq


@spoils(Invariant.TRANSFER)
def a_payout_pays_more_than_was_asked_for(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(PayoutPaid)
    forger.tell(seq, amount_minor=1_001)
    forger.write()
    return 0, seq


@spoils(Invariant.TRANSFER)
def a_sweep_arrives_as_more_than_it_was(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(SweepReceived)
    forger.tell(seq, amount_minor=2_401)
    forger.write()
    return 0, seq


@spoils(Invariant.EVIDENCE)
def a_payout_takes_from_what_nobody_claims(store: SqliteStore) -> Where:
    forger = Forger(store, 0)
    seq = forger.of(PayoutPaid)
    forger.tell(seq, credited=Book.UNCLAIMED)
    forger.write()
    return 0, seq
