"""The journals as a plain text ledger, for accounting tools that other people wrote: hledger's
format (hledger.org/hledger.html, "Journal format"), which ledger-cli reads too.

One transaction for each entry that moves money; its lines are the entry's postings as they stand,
so the tool adds up what we add up, by its own code. Accounts are named as in
`Posting.ledger_account`: the book, the owner's id, the pot. There are no people in it.

Entries are written as they are read: nothing is held but one page.
"""

from collections.abc import Iterator
from contextlib import closing

from ledger.entry import Entry, unseal
from ledger.errors import JournalDamaged
from ledger.events import (
    PayoutCancelled,
    PayoutHeld,
    PayoutPaid,
    StripeSwept,
    TransferReturned,
    TransferSent,
)
from ledger.ids import Ref, payment_text, transfer_text
from ledger.journal import Reader, Store
from ledger.money import exponent
from ledger.posting import Book, Posting, commodity_of
from ledger.time_text import day_text, time_text

PAGE = 1_000

_OfTransfer = (
    TransferSent
    | TransferReturned
    | StripeSwept
    | PayoutHeld
    | PayoutPaid
    | PayoutCancelled
)

# As accountants call them, from the house's side: A asset, L liability, R revenue, E equity. Points
# have no bank behind them, so what was issued stands against equity.
_TYPES = {
    Book.AVAILABLE: "L",
    Book.HELD: "L",
    Book.MERCHANT: "L",
    Book.SAFEGUARDED: "A",
    Book.POINTS_ISSUED: "E",
    Book.TRANSIT: "L",
    Book.UNCLAIMED: "L",
    Book.SETTLING: "L",
    Book.FEES: "R",
    Book.PAYOUT: "L",
    Book.RECEIVABLE: "A",
}


def plain_text(store: Store, days: range | None = None) -> Iterator[str]:
    """Lines, without their ends. days: milliseconds, of entries that are wanted; None for all.

    Raises StoreUnreadable, JournalDamaged.
    """
    yield "; Written by `airside ledger export`. Debits are positive, credits negative."
    yield "decimal-mark ."
    for book in Book:
        yield f"account {book.name.lower()}  ; type: {_TYPES[book]}"
    for partition in store.partitions():
        with closing(store.reader(partition)) as reader:
            yield from _entries_of(partition, reader, days)


def _entries_of(partition: int, reader: Reader, days: range | None) -> Iterator[str]:
    seq, end = 0, reader.tip().seq
    while seq < end:
        for sealed in reader.read(seq, PAGE):
            seq = sealed.seq
            try:
                entry = unseal(sealed.body)
            except ValueError:
                raise JournalDamaged(partition, f"entry {seq} cannot be decoded") from None
            if days is not None and entry.at_ms >= days.stop:
                return  # a partition's time never runs backwards
            if entry.postings and (days is None or entry.at_ms in days):
                yield from _transaction(partition, entry)


def _transaction(partition: int, entry: Entry) -> Iterator[str]:
    yield ""
    yield f"{day_text(entry.at_ms)} * ({partition}-{entry.seq}) {_description(entry)}"
    yield f"    ; at: {time_text(entry.at_ms)}"
    for line in entry.postings:
        yield f"    {line.ledger_account}  {_amount(line)}"


def _description(entry: Entry) -> str:
    kind = "".join(
        f" {letter.lower()}" if letter.isupper() else letter
        for letter in type(entry.event).__name__
    ).strip()
    ordinal = getattr(entry.event, "ordinal", 0)
    if not ordinal:
        return kind
    ref = Ref(entry.account, ordinal)
    transfer = isinstance(entry.event, _OfTransfer)
    return f"{kind} {transfer_text(ref) if transfer else payment_text(ref)}"


def _amount(line: Posting) -> str:
    """Without separators of thousands. A name with digits or signs would need quotes: ours are
    capital letters only.
    """
    commodity = commodity_of(line.pot)
    places = exponent(commodity)
    whole, part = divmod(abs(line.amount_minor), 10**places)
    sign = "-" if line.amount_minor < 0 else ""
    decimals = f".{part:0{places}d}" if places else ""
    return f"{sign}{whole}{decimals} {commodity}"
