"""After a run: does the ledger say what the callers were told? And do its books hold?"""

from pathlib import Path

import msgspec

from benchmarks.orders import Tally
from ledger.entry import unseal
from ledger.events import Authorised, Captured, PaymentDeclined, Purchased
from ledger.journal import Store
from ledger.report_text import verify_text
from ledger.sqlite_store import SqliteStore
from ledger.verify import verify

PAGE = 1_000


class Told(msgspec.Struct, frozen=True):
    """Payments by what became of them: as callers were told, or as the journals have it.

    approved: purchases and holds. unknown: callers who were told that nobody knows.
    """

    approved: int = 0
    approved_minor: int = 0
    captured: int = 0
    declined: int = 0
    unknown: int = 0

    def agrees(self, written: "Told") -> bool:
        """What nobody knew may have happened."""
        if not self.unknown:
            return self == written
        extra = written.approved + written.declined - self.approved - self.declined
        return 0 <= extra <= self.unknown and written.approved >= self.approved

    def __str__(self) -> str:
        return (
            f"{self.approved:,} approved for {self.approved_minor:,} minor units,"
            f" {self.captured:,} captured later, {self.declined:,} declined,"
            f" {self.unknown:,} unknown"
        )


class Untrue(Exception):
    """A journal and the callers disagree, or the books do not hold. The figures are void."""


def told(tallies: list[Tally]) -> Told:
    return Told(
        sum(tally.approved for tally in tallies),
        sum(tally.approved_minor for tally in tallies),
        sum(tally.captured for tally in tallies),
        sum(tally.declined for tally in tallies),
        sum(tally.unknown for tally in tallies),
    )


def require_truth(journals: Path, callers: Told) -> int:
    """The entries that were checked. Raises Untrue."""
    store = SqliteStore(journals)
    report = verify(store)
    if report.findings or not report.at_rest:
        raise Untrue(verify_text(report))
    written = written_in(store)
    if not callers.agrees(written):
        raise Untrue(f"callers were told: {callers}; the journals say: {written}")
    return report.entries


def written_in(store: Store) -> Told:
    approved = approved_minor = captured = declined = 0
    for partition in store.partitions():
        reader = store.reader(partition)
        after = 0
        while page := reader.read(after, PAGE):
            after = page[-1].seq
            for sealed in page:
                match unseal(sealed.body).event:
                    case Purchased(legs=legs) | Authorised(legs=legs):
                        approved += 1
                        approved_minor += sum(legs.values())
                    case Captured():
                        captured += 1
                    case PaymentDeclined():
                        declined += 1
                    case _:
                        pass
        reader.close()
    return Told(approved, approved_minor, captured, declined)
