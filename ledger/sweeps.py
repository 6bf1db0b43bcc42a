"""Sweeps, added up again: what a stripe sent is what its merchant took up to the cut, and no more.

One running total for each merchant and pot of a partition; a cut notes the totals as they stand,
and a sweep must send the difference between two notes. So the check needs no list of payments.
"""

from collections.abc import Iterator

from ledger.entry import Entry
from ledger.events import StripeCut, StripeSwept
from ledger.finding import Invariant
from ledger.posting import Book

_Totals = dict[str, int]


class Sweeps:
    """Of one partition. Told each entry in its order."""

    def __init__(self) -> None:
        self._taken: dict[str, _Totals] = {}  # by merchant and pot, but for sweeps
        self._cuts: dict[str, tuple[int, _Totals]] = {}  # the latest of each merchant
        self._swept: dict[str, _Totals] = {}

    def broken_by(self, entry: Entry) -> Iterator[tuple[Invariant, str]]:
        event = entry.event
        if isinstance(event, StripeCut):
            taken = self._taken.get(event.merchant, {})
            self._cuts[event.merchant] = entry.seq, dict(taken)
        elif isinstance(event, StripeSwept):
            yield from self._sweep(event)
        else:
            self._add(entry)

    def _add(self, entry: Entry) -> None:
        for line in entry.postings:
            if line.book is Book.MERCHANT:
                merchant = line.owner.decode("ascii", "backslashreplace")
                totals = self._taken.setdefault(merchant, {})
                totals[line.pot] = totals.get(line.pot, 0) - line.amount_minor

    def _sweep(self, event: StripeSwept) -> Iterator[tuple[Invariant, str]]:
        cut, taken = self._cuts.get(event.merchant, (0, {}))
        if cut != event.cut:
            yield (
                Invariant.SWEEP,
                f"it sweeps to entry {event.cut}; the latest cut is {cut}",
            )
            return
        swept = self._swept.setdefault(event.merchant, {})
        due = taken.get(event.pot, 0) - swept.get(event.pot, 0)
        if due != event.amount_minor:
            yield (
                Invariant.SWEEP,
                f"it sweeps {event.amount_minor} minor units of {event.pot}, and {due} were taken",
            )
        swept[event.pot] = taken.get(event.pot, 0)
