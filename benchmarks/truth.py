"""After a run: does the ledger say what the callers were told? And do its books hold?"""

from pathlib import Path

import msgspec

from benchmarks.client import Tally
from ledger.entry import unseal
from ledger.events import PaymentDeclined, Purchased
from ledger.journal import Store
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify

PAGE = 1_000


class Told(msgspec.Struct, frozen=True):
    """Payments by what became of them: as callers were told, or as the journals have it."""

    approved: int = 0
    approved_minor: int = 0
    declined: int = 0

    def __str__(self) -> str:
        return (
            f"{self.approved:,} approved for {self.approved_minor:,} minor units,"
            f" {self.declined:,} declined"
        )


class Untrue(Exception):
    """A journal and the callers disagree, or the books do not hold. The figures are void."""


def told(tallies: list[Tally]) -> Told:
    return Told(
        sum(tally.approved for tally in tallies),
        sum(tally.approved_minor for tally in tallies),
        sum(tally.declined for tally in tallies),
    )


def require_truth(journals: Path, callers: Told) -> int:
    """The entries that were checked. Raises Untrue."""
    store = SqliteStore(journals)
    report = verify(store)
    if report.findings or not report.at_rest:
        raise Untrue(verify_text(report))
    written = _written(store)
    if written != callers:
        raise Untrue(f"callers were told: {callers}; the journals say: {written}")
    return report.entries


def _written(store: Store) -> Told:
    approved = approved_minor = declined = 0
    for partition in store.partitions():
        reader = store.reader(partition)
        after = 0
        while page := reader.read(after, PAGE):
            after = page[-1].seq
            for sealed in page:
                match unseal(sealed.body).event:
                    case Purchased(legs=legs):
                        approved += 1
                        approved_minor += sum(legs.values())
                    case PaymentDeclined():
                        declined += 1
                    case _:
                        pass
        reader.close()
    return Told(approved, approved_minor, declined)
