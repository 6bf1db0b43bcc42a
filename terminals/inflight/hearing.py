"""What a till has heard of the others: copies of their journals, as far as they came.

Tills that can hear each other send what the other lacks, their own entries and what they heard in
turn. So a copied code is known in the whole cabin, and what a lost till had sold is uploaded by one
that heard it. A share that was signed over and got lost on the way is heard of, too.

A till that tells two stories under one sequence was copied, or restored from an old disk. The first
story stays; one entry of the other is kept as well, passed on and uploaded: two signatures that
cannot both be right. Whoever hears of an own entry that it has not got was set back itself.

What was heard is a help and no promise, so nothing in it stops the till. What cannot be read in its
file is passed over and counted, and what another till signed without sense is set aside by name.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from terminals.inflight.allowance import AllowanceRefused
from terminals.inflight.crew_till import CrewTill
from terminals.inflight.entry import NO_ENTRY, Entry, EntryRefused, Gave, open_entry
from terminals.inflight.frame import FrameRefused
from terminals.inflight.log_file import LogFile, append_record
from terminals.inflight.records import Damage, records

# Of one answer: some two hundred entries. The next round brings more.
TOLD_BYTES_MAX = 128 * 1024

Known = dict[int, tuple[int, bytes]]


class Hearing:
    """log: where what was heard is kept.

    forked: of each till that tells two stories, an entry of the second. senseless: entries that a
    till signed and nobody can read, by its number. damaged_bytes: of the file, passed over.
    stopped: the file cannot be written, so nothing more is heard.
    """

    def __init__(self, till: CrewTill, log: LogFile) -> None:
        self._till = till
        self._own = till.device.number
        self._log = log
        self.heard: dict[int, list[Entry]] = {}
        self.forked: dict[int, Entry] = {}
        self.senseless: Counter[int] = Counter()
        self.damaged_bytes = 0
        self.stopped = False
        for found in records(log.read()):
            if isinstance(found, Damage):
                self.damaged_bytes += found.length
            else:
                self._learn(found)

    def known(self) -> Known:
        """Of each till: how many entries are here from the first on, and the last one's digest."""
        everybody = {**self.heard, self._own: self._till.entries}
        return {d: (len(e), e[-1].digest) for d, e in everybody.items() if e}

    def lacking(self, known: Known) -> list[bytes]:
        """What somebody lacks who knows this, oldest first, as much as goes at once. Who knows
        another last entry than is here gets this one; and of who tells two stories, both.
        """
        proof = [raw for device in sorted(self.forked) for raw in self._both(device)]
        told: list[bytes] = []
        size = sum(map(len, proof))
        for device, entries in [
            (self._own, self._till.entries),
            *sorted(self.heard.items()),
        ]:
            length, digest = known.get(device, (0, NO_ENTRY))
            if 0 < length <= len(entries) and entries[length - 1].digest != digest:
                length -= 1
            for entry in entries[length:]:
                size += len(entry.raw)
                if size > TOLD_BYTES_MAX:
                    return told + proof
                told.append(entry.raw)
        return told + proof

    def hear(self, raws: Iterable[bytes]) -> int:
        """Take in what another till told; how much of it was new. What is not genuine, or leaves a
        gap, is passed over: it comes again.
        """
        count = 0
        for raw in raws:
            if self.stopped or not self._learn(raw):
                continue
            try:
                append_record(self._log, raw)
            except OSError:
                self.stopped = True
            count += 1
        return count

    def gifts(self) -> list[bytes]:
        """What others signed over to this till, and it has not taken: it got lost on the way."""
        return [
            entry.raw
            for entries in self.heard.values()
            for entry in entries
            if isinstance(entry.body.what, Gave)
            and entry.body.what.to == self._own
            and (entry.body.device, entry.body.seq) not in self._till.book.taken
        ]

    def _learn(self, raw: bytes) -> bool:
        """Whether there was anything new in it."""
        try:
            entry = open_entry(raw, self._till.plan.flight, self._till.public_keys)
        except EntryRefused:
            return False
        device, place = entry.body.device, entry.body.seq - 1
        entries = self._story(device)
        if place < len(entries):
            return entries[place].raw != raw and self._fork(entry)
        if device == self._own:
            return self._fork(entry)
        if place > len(entries):
            return False
        if entry.body.previous != (entries[-1].digest if entries else NO_ENTRY):
            return self._fork(entry)
        return self._accept(entry)

    def _fork(self, entry: Entry) -> bool:
        """Another story than the one that is here, or, of this till, one that it has lost."""
        device = entry.body.device
        if device in self.forked:
            return False
        self.forked[device] = entry
        self._till.book.forked.add(device)
        self._till.book.set_back |= device == self._own
        return True

    def _accept(self, entry: Entry) -> bool:
        device = entry.body.device
        try:
            self._till.book.hear(entry)
        except (FrameRefused, AllowanceRefused):
            self.senseless[device] += 1
            return False
        self.heard.setdefault(device, []).append(entry)
        return True

    def _story(self, device: int) -> list[Entry]:
        return self._till.entries if device == self._own else self.heard.get(device, [])

    def _both(self, device: int) -> list[bytes]:
        fork, entries = self.forked[device], self._story(device)
        here = entries[fork.body.seq - 1 : fork.body.seq]
        return [*(entry.raw for entry in here), fork.raw]


class Telling(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one till says to another: what it knows, and what the other lacked."""

    known: Known
    entries: tuple[bytes, ...] = ()
