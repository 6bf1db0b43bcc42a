"""The entries of the present batch: applied to memory, not yet durable.

Between write() and commit() memory is ahead of the disk. If commit() raises, whoever holds this
draft throws the whole partition away (design: after any failed append the memory is void).
"""

from actors.residents import Residents
from ledger.entry import NOBODY, Cause, Entry, Place, Sealed, build, seal, unseal
from ledger.events import Event
from ledger.ids import AccountId
from ledger.journal import Journal, Tip


class Draft:
    def __init__(self, journal: Journal, residents: Residents, tip: Tip) -> None:
        self._journal = journal
        self._residents = residents
        self._tip = tip
        self._entries: dict[int, Entry] = {}
        self._sealed: dict[int, Sealed] = {}

    def write(
        self, account_id: AccountId, event: Event, at_ms: int, cause: Cause = NOBODY
    ) -> Entry:
        """Append one event and apply it."""
        account = self._residents.get(account_id) if account_id else None
        previous = account.last_seq if account else 0
        entry = build(account_id, event, Place(self._tip.seq + 1, at_ms, previous), cause)
        self._residents.take(entry)

        # Only what memory could take is sealed: a broken promise leaves no entry behind.
        sealed = seal(entry, self._tip.hash)
        self._entries[entry.seq] = entry
        self._sealed[entry.seq] = sealed
        self._tip = Tip(sealed.seq, sealed.hash)
        return entry

    def entry(self, seq: int) -> Entry:
        """An entry of this batch, or of the journal."""
        if seq in self._entries:
            return self._entries[seq]
        sealed = self._journal.entry(seq)
        assert sealed is not None, "memory names entries that exist"
        return unseal(sealed.body)

    def sealed(self, seq: int) -> Sealed | None:
        """The same, sealed. An answer that shows it is only given once it is durable."""
        return self._sealed.get(seq) or self._journal.entry(seq)

    def commit(self, *, idle: bool) -> bool:
        """One durable commit of the batch and of some images. Raises AppendFailed or Fenced."""
        images, mark = self._residents.next_images(idle=idle, entries=len(self._sealed))
        if self._sealed or images:
            self._journal.append(list(self._sealed.values()), images, mark)
        self._entries.clear()
        self._sealed.clear()
        self._residents.evict()
        return bool(images)
