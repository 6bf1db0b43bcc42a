"""`airside ledger …`: what can be read of an installation's journals without a running gateway."""

import sys

from ledger.balances import balances, balances_table
from ledger.journal import Store
from ledger.report_text import verify_text
from ledger.store_address import StoreAddress
from ledger.stores import open_journals
from ledger.verify import verify

# A line of progress each so many entries: about one a second.
PROGRESS_ENTRIES = 50_000


def verify_journals(where: StoreAddress) -> int:
    """0 when every invariant holds, 1 when one does not, 2 when there is nothing to check."""
    store = store_at(where)
    if store is None:
        return 2
    report = verify(store, progress=progress)
    sys.stdout.write(verify_text(report) + "\n")
    return 1 if report.findings else 0


def show_balances(where: StoreAddress) -> int:
    store = store_at(where)
    if store is None:
        return 2
    sys.stdout.write(balances_table(balances(store, progress=progress)) + "\n")
    return 0


def store_at(where: StoreAddress) -> Store | None:
    store = open_journals(where)
    if store.partitions():
        return store
    sys.stderr.write(f"airside: there are no journals in {where}\n")
    return None


def progress(entries: int) -> None:
    if entries and entries % PROGRESS_ENTRIES == 0:
        sys.stderr.write(f"{entries:,} entries\n")
