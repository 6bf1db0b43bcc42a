"""`airside ledger …`: what can be read of a data folder without a running gateway."""

import sys
from pathlib import Path

from gateway.layout import Layout
from ledger.balances import balances, balances_table
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify

# A line of progress each so many entries: about one a second.
PROGRESS_ENTRIES = 50_000


def verify_folder(folder: Path) -> int:
    """0 when every invariant holds, 1 when one does not, 2 when there is nothing to check."""
    store = _store(folder)
    if store is None:
        return 2
    report = verify(store, progress=_progress)
    sys.stdout.write(verify_text(report) + "\n")
    return 1 if report.findings else 0


def show_balances(folder: Path) -> int:
    store = _store(folder)
    if store is None:
        return 2
    sys.stdout.write(balances_table(balances(store, progress=_progress)) + "\n")
    return 0


def _store(folder: Path) -> SqliteStore | None:
    store = SqliteStore(Layout(folder).journals)
    if store.partitions():
        return store
    sys.stderr.write(f"airside: there are no journals in {folder}\n")
    return None


def _progress(entries: int) -> None:
    if entries and entries % PROGRESS_ENTRIES == 0:
        sys.stderr.write(f"{entries:,} entries\n")
