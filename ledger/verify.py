"""Check a whole data folder from the first entry on: the chain, every promise, every image.

One partition after the other, one page of entries at a time; what is kept in memory is one
partition's accounts, and of all of them the messages that are still on their way. A finding never
ends the check: an account whose replay broke is set aside, and all else goes on.

What this cannot see: a tail that was cut off clean. Nothing in a journal says how long it should
be, unless an image, the mark or another partition's journal names an entry beyond the end.
Whoever must prove that nothing was cut keeps signed checkpoints elsewhere (extension.py).

A data folder in use can be checked too: each journal is checked up to where it ended when its turn
came, and what the others say of later entries is looked up, not counted as false.
"""

from collections.abc import Callable

from ledger.crossing import Crossing
from ledger.errors import SchemaTooOld, StoreUnreadable
from ledger.events import Origin
from ledger.finding import NO_ENTRY, Findings, Invariant, Report
from ledger.ids import AccountId
from ledger.inspection import Inspection
from ledger.journal import Store
from ledger.stores import damage_of

Progress = Callable[[int], None]


def verify(store: Store, *, progress: Progress = lambda _entries: None) -> Report:
    """The report on every journal of the store. progress is told the entries done so far.

    Raises SchemaTooOld, SchemaTooNew.
    """
    return _Verification(store, progress).run()


class _Verification:
    """All partitions, and what is between them."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress
        self._findings = Findings()
        self._crossing = Crossing(self._findings)
        self._homes: dict[AccountId, int] = {}
        self._ends: dict[int, int] = {}  # partition: the last entry that was checked
        self._entries = 0

    def run(self) -> Report:
        numbers = self._store.partitions()
        for missing in sorted(set(range(max(numbers, default=0))) - set(numbers)):
            sentence = "it has no journal, and a partition after it has one"
            self._findings.add(missing, NO_ENTRY, Invariant.READABLE, sentence)
        for number in numbers:
            self._check(number)
        self._crossing.require_balance()
        self._require_promises()
        return Report(
            partitions=len(numbers),
            entries=self._entries,
            accounts=len(self._homes),
            findings=self._findings.sorted(),
            unlisted=self._findings.unlisted,
            transit=self._crossing.transit(),
            undelivered=self._crossing.undelivered,
            promised=self._crossing.promised,
        )

    def _check(self, number: int) -> None:
        inspection = Inspection(number, self._findings, self._crossing, self._homes)
        for sentence in damage_of(self._store, number):
            self._findings.add(number, NO_ENTRY, Invariant.READABLE, sentence)
        try:
            reader = self._store.reader(number)
            try:
                for entries in inspection.run(reader):
                    self._entries += entries
                    self._progress(self._entries)
            finally:
                reader.close()
        except SchemaTooOld:
            raise  # nothing is broken: the next start upgrades it
        except StoreUnreadable as error:
            seq = inspection.last_seq
            self._findings.add(number, seq, Invariant.READABLE, f"after it: {error}")
        self._ends[number] = inspection.last_seq

    def _require_promises(self) -> None:
        for here, origin in self._crossing.untaken():
            where = f"entry {origin.seq} of partition {origin.partition}"
            if origin.seq <= self._ends.get(origin.partition, 0):
                sentence = f"it takes what {where} did not promise"
            elif self._tip(origin) < origin.seq:
                sentence = f"it takes what {where} promised, and there is no such entry"
            else:
                continue  # written since that journal was checked
            self._findings.add(here.partition, here.seq, Invariant.TRANSFER, sentence)

    def _tip(self, origin: Origin) -> int:
        try:
            reader = self._store.reader(origin.partition)
            try:
                return reader.tip().seq
            finally:
                reader.close()
        except StoreUnreadable:
            return 0
