"""Postings: one debit or credit line on one ledger account.

A ledger account is a book, an owner within it, and a pot. Debits are positive and credits
negative, so the lines of an entry balance when they sum to zero for each commodity.
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

import msgspec

from ledger.ids import AccountId, account_text

# Amounts by pot. A pot's key is its commodity, or commodity/name for money that may only be
# spent in some way; so an amount is never without its commodity.
Legs = Mapping[str, int]


class Book(IntEnum):
    """The kinds of ledger account. Numbers are in the journal: never renumber."""

    AVAILABLE = 1  # what the owner may spend. Constrained: never below zero
    HELD = 2  # set aside by open holds. Constrained
    MERCHANT = 3  # earned by a merchant: this partition's stripe. Collects, may go negative
    SAFEGUARDED = 4  # money at the bank that backs the wallets (an asset)
    POINTS_ISSUED = 5  # points that the programme owes (no bank holds them)
    TRANSIT = 6  # sent by an account here or elsewhere, and not yet delivered
    UNCLAIMED = 7  # came for an account that could no longer take it
    SETTLING = 8  # swept from a merchant's stripes, and not settled yet. May go negative
    FEES = 9  # what merchants paid for their payments
    PAYOUT = 10  # set aside to be paid out by the bank, and owed until it has been
    RECEIVABLE = 11  # credit that an account has drawn and not repaid (an asset)


CONSTRAINED = frozenset({Book.AVAILABLE, Book.HELD})
# Those whose owner is an account.
OF_ACCOUNTS = CONSTRAINED | {Book.SETTLING, Book.PAYOUT, Book.RECEIVABLE}


def commodity_of(pot: str) -> str:
    return pot.partition("/")[0]


class Posting(msgspec.Struct, frozen=True, array_like=True):
    """amount_minor > 0 debits the ledger account, < 0 credits it."""

    book: Book
    owner: bytes
    pot: str
    amount_minor: int

    @property
    def ledger_account(self) -> str:
        """As people read it: `available:acc_…:QAR`."""
        if self.book in OF_ACCOUNTS:
            owner = account_text(AccountId(self.owner))
        else:
            owner = self.owner.decode("ascii", "backslashreplace")
        parts = [self.book.name.lower(), owner, self.pot]
        return ":".join(part for part in parts if part)


class Unbalanced(ValueError):
    """Debits and credits of an entry differ."""

    def __init__(self, commodity: str, difference: int) -> None:
        super().__init__(f"postings in {commodity} are off by {difference} minor units")


def move(
    legs: Legs, *, debit: tuple[Book, bytes], credit: tuple[Book, bytes]
) -> list[Posting]:
    """The lines that move these legs from the debited ledger account to the credited one."""
    lines = []
    for pot, amount_minor in legs.items():
        lines.append(Posting(debit[0], debit[1], pot, amount_minor))
        lines.append(Posting(credit[0], credit[1], pot, -amount_minor))
    return lines


def require_balance(postings: Iterable[Posting]) -> None:
    """Raise Unbalanced unless the lines sum to zero for each commodity."""
    sums: dict[str, int] = {}
    for line in postings:
        commodity = commodity_of(line.pot)
        sums[commodity] = sums.get(commodity, 0) + line.amount_minor
    for commodity, difference in sums.items():
        if difference:
            raise Unbalanced(commodity, difference)
