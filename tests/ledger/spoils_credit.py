"""Ways to break what a business may owe; see tests/ledger/spoils.py."""

from ledger.events import CreditDrawn, CreditGranted, CreditRepaid, Purchased
from ledger.finding import Invariant
from ledger.sqlite_store import SqliteStore
from tests.ledger.forge import GULF, Forger
from tests.ledger.spoils import Where, spoils


@spoils(Invariant.CREDIT)
def credit_is_drawn_after_its_end(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    forger.tell(forger.of(CreditGranted, GULF), until_ms=1)
    forger.write()
    return 1, forger.of(CreditDrawn, GULF)


@spoils(Invariant.CREDIT)
def more_credit_is_drawn_than_the_payment_lacks(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    forger.tell(forger.of(CreditDrawn, GULF), amount_minor=20_001)
    forger.write()
    return 1, forger.of(Purchased, GULF)


@spoils(Invariant.REPLAY)
def more_credit_is_drawn_than_was_granted(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    forger.tell(forger.of(CreditGranted, GULF), limit_minor=19_999)
    forger.write()
    return 1, forger.of(CreditDrawn, GULF)


@spoils(Invariant.REPLAY)
def more_is_repaid_than_was_drawn(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    seq = forger.of(CreditRepaid, GULF)
    forger.tell(seq, amount_minor=20_001)
    forger.write()
    return 1, seq


@spoils(Invariant.CUSTODY)
def points_are_lent(store: SqliteStore) -> Where:
    forger = Forger(store, 1)
    seq = forger.of(CreditDrawn, GULF)
    forger.tell(seq, pot="AVIOS")
    forger.write()
    return 1, seq
