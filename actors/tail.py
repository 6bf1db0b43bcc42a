"""Reading journals from outside the partition: the journal is the outbox.

A tail holds a place in one journal and hands out what came after it, page by page, each in its
own short read: a reader that kept a snapshot would make the WAL grow without bound. While the
store does not answer, there is nothing new: whoever tails asks again anyway.
"""

from contextlib import suppress

from ledger.entry import Entry, unseal
from ledger.errors import StoreUnreachable, StoreUnreadable
from ledger.journal import Reader, Store

PAGE = 256


class Tail:
    """page: so many entries at a time."""

    def __init__(
        self, store: Store, partition: int, after: int = 0, *, page: int = PAGE
    ) -> None:
        self._store = store
        self._page = page
        self.partition = partition
        self.after = after
        self._reader: Reader | None = None

    def next(self) -> list[Entry]:
        """The next entries, in order; empty when there are none, or no journal, yet."""
        reader = self._open()
        if reader is None:
            return []
        try:
            page = [unseal(sealed.body) for sealed in reader.read(self.after, self._page)]
        except StoreUnreachable:
            return []
        if page:
            self.after = page[-1].seq
        return page

    def skip_to_end(self) -> None:
        reader = self._open()
        if reader is not None:
            with suppress(StoreUnreachable):
                self.after = reader.tip().seq

    def close(self) -> None:
        if self._reader:
            self._reader.close()
            self._reader = None

    def _open(self) -> Reader | None:
        if self._reader is None:
            try:
                self._reader = self._store.reader(self.partition)
            except StoreUnreadable:
                return None
        return self._reader
