"""What a till has heard of the others: copies of their journals, as far as they came.

Tills that can hear each other send what the other lacks, their own entries and what they heard in
turn. So a copied code is known in the whole cabin, and what a lost till had sold is uploaded by one
that heard it.

A till that tells two stories under one sequence was copied, or restored from an old disk. The first
story stays; that there are two is remembered, and uploaded.
"""

from collections.abc import Iterable

import msgspec

from terminals.inflight.entry import NO_ENTRY, Entry, EntryRefused, open_entry
from terminals.inflight.log_file import LogFile, append_record, read_log
from terminals.inflight.till_book import TillBook

# Of one answer: some two hundred entries. The next round brings more.
TOLD_BYTES_MAX = 128 * 1024

Known = dict[int, tuple[int, bytes]]


class Hearing:
    """own: this till's number. log: where what was heard is kept. Raises LogDamaged."""

    def __init__(
        self,
        own: int,
        flight: bytes,
        public_keys: dict[int, bytes],
        log: LogFile,
        book: TillBook,
    ) -> None:
        self._own = own
        self._flight = flight
        self._public_keys = public_keys
        self._log = log
        self._book = book
        self.heard: dict[int, list[Entry]] = {}
        self.forked: dict[int, Entry] = {}
        raws, _ = read_log(log)
        for raw in raws:
            self._accept(open_entry(raw, flight, public_keys))

    def known(self, own: list[Entry]) -> Known:
        """Of each till: how many entries are here from the first on, and the last one's digest."""
        everybody = {**self.heard, self._own: own}
        return {d: (len(e), e[-1].digest) for d, e in everybody.items() if e}

    def lacking(self, known: Known, own: list[Entry]) -> list[bytes]:
        """What somebody lacks who knows this, oldest first, as much as goes at once. Who knows
        another last entry than is here gets this one: then both know that there are two stories.
        """
        told: list[bytes] = []
        size = 0
        for device, entries in [(self._own, own), *sorted(self.heard.items())]:
            length, digest = known.get(device, (0, NO_ENTRY))
            if 0 < length <= len(entries) and entries[length - 1].digest != digest:
                length -= 1
            for entry in entries[length:]:
                size += len(entry.raw)
                if size > TOLD_BYTES_MAX:
                    return told
                told.append(entry.raw)
        return told

    def hear(self, raws: Iterable[bytes]) -> int:
        """Take in what another till told; how much of it was new. What is not genuine, or leaves a
        gap, is passed over: it comes again. Raises OSError.
        """
        count = 0
        for raw in raws:
            try:
                entry = open_entry(raw, self._flight, self._public_keys)
            except EntryRefused:
                continue
            if entry.body.device != self._own and self._is_next(entry):
                append_record(self._log, entry.raw)
                self._accept(entry)
                count += 1
        return count

    def _is_next(self, entry: Entry) -> bool:
        entries = self.heard.get(entry.body.device, [])
        place = entry.body.seq - 1
        if place < len(entries):
            if entries[place].raw != entry.raw:
                self.forked.setdefault(entry.body.device, entry)
            return False
        if place > len(entries):
            return False
        if entry.body.previous != (entries[-1].digest if entries else NO_ENTRY):
            self.forked.setdefault(entry.body.device, entry)
            return False
        return True

    def _accept(self, entry: Entry) -> None:
        self.heard.setdefault(entry.body.device, []).append(entry)
        self._book.hear(entry)


class Telling(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """What one till says to another: what it knows, and what the other lacked."""

    known: Known
    entries: tuple[bytes, ...] = ()
