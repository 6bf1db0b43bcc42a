"""Balances of all ledger accounts, from the postings alone, and the trial balance.

A ledger account is (book, owner, pot). Each partition keeps a stripe of those that only collect;
here the stripes are added up.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from ledger.entry import Entry, unseal
from ledger.ids import AccountId, account_text
from ledger.journal import Store
from ledger.money import format_minor
from ledger.posting import OF_ACCOUNTS, Book, commodity_of

PAGE = 1_000

Progress = Callable[[int], None]


class LedgerAccount(msgspec.Struct, frozen=True, order=True):
    book: Book
    owner: bytes
    pot: str

    @property
    def owner_text(self) -> str:
        if self.book in OF_ACCOUNTS:
            return account_text(AccountId(self.owner))
        return self.owner.decode("ascii", "backslashreplace")


class Balances(msgspec.Struct, frozen=True):
    """Debits are positive, credits negative: what the house owes to an owner is below zero."""

    by_account: Mapping[LedgerAccount, int]

    def totals(self) -> dict[str, dict[Book, int]]:
        """By commodity and book."""
        sums: dict[str, dict[Book, int]] = {}
        for account, minor in self.by_account.items():
            books = sums.setdefault(commodity_of(account.pot), {})
            books[account.book] = books.get(account.book, 0) + minor
        return {commodity: sums[commodity] for commodity in sorted(sums)}

    def trial_balance(self) -> dict[str, int]:
        """Debits less credits by commodity. Anything but zero: some entry does not balance."""
        return {
            commodity: sum(books.values()) for commodity, books in self.totals().items()
        }


def balances(store: Store, *, progress: Progress = lambda _entries: None) -> Balances:
    """Raises StoreUnreadable, or msgspec.DecodeError where a journal is damaged: verify says
    where. progress is told the entries done so far.
    """
    sums: dict[LedgerAccount, int] = {}
    done = 0
    for partition in store.partitions():
        for page in _pages(store, partition):
            for line in (line for entry in page for line in entry.postings):
                account = LedgerAccount(line.book, line.owner, line.pot)
                sums[account] = sums.get(account, 0) + line.amount_minor
            done += len(page)
            progress(done)
    return Balances(sums)


def balances_table(found: Balances) -> str:
    """For each commodity: its books and the ledger accounts in them, as debit or credit.

    Ledger accounts at zero are left out: every wallet that ever had a hold has one.
    """
    listed: dict[str, list[tuple[LedgerAccount, int]]] = {}
    for account in sorted(found.by_account):
        minor = found.by_account[account]
        if minor:
            listed.setdefault(commodity_of(account.pot), []).append((account, minor))
    sections = [
        _section(commodity, books, listed.get(commodity, []))
        for commodity, books in found.totals().items()
    ]
    return "\n\n".join(sections) or "No money has moved yet."


def _pages(store: Store, partition: int) -> Iterator[list[Entry]]:
    reader = store.reader(partition)
    try:
        after, end = 0, reader.tip().seq
        while after < end:
            page = reader.read(after, PAGE)
            yield [unseal(sealed.body) for sealed in page]
            after = page[-1].seq
    finally:
        reader.close()


def _section(
    commodity: str, books: dict[Book, int], listed: list[tuple[LedgerAccount, int]]
) -> str:
    rows: list[tuple[str, int]] = []
    for book in Book:
        if book in books:
            rows.append((book.name.lower().replace("_", " "), books[book]))
        for account, minor in listed:
            if account.book is book and account.owner:
                rows.append((_label(account), minor))
    debits = sum(minor for _, minor in listed if minor > 0)
    credits_ = sum(minor for _, minor in listed if minor < 0)
    cells = [_cells(commodity, label, minor) for label, minor in rows]
    total = ("total", format_minor(debits, commodity), format_minor(-credits_, commodity))
    return _aligned([(commodity, "debit", "credit"), *cells, total])


def _label(account: LedgerAccount) -> str:
    _, _, purpose = account.pot.partition("/")
    return f"  {account.owner_text}" + (f" {purpose}" if purpose else "")


def _cells(commodity: str, label: str, minor: int) -> tuple[str, str, str]:
    written = format_minor(abs(minor), commodity)
    return (label, written, "") if minor > 0 else (label, "", written)


def _aligned(rows: list[tuple[str, str, str]]) -> str:
    first, second, third = (
        max(len(cell) for cell in column) for column in zip(*rows, strict=True)
    )
    return "\n".join(
        f"{label:<{first}}  {debit:>{second}}  {credit:>{third}}".rstrip()
        for label, debit, credit in rows
    )
