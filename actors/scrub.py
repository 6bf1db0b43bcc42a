"""A slow walk of a partition over its own journal: is what was written long ago still there?

A start reads the tail only, and an old entry may not be read again for years. So a partition that
has nothing else to do reads on, some entries at a time, and checks the chain; then the images; then
it begins again. What is damaged there is damaged under money that people have: it says so, and the
partition stops.
"""

from ledger.entry import chain
from ledger.errors import JournalDamaged, StoreUnreachable, StoreUnreadable
from ledger.images import require_readable
from ledger.journal import Journal, Tip

# Of one step: half a millisecond. At ten steps a second, a million entries take less than an hour.
ENTRIES_PER_STEP = 64
IMAGES_PER_STEP = 16
# A read that fails so often at one place, for a minute, is no hiccup of the disk. Until then the
# partition goes on: what it writes is durable, or its append fails and says so.
ATTEMPTS_MAX = 600


class Scrub:
    def __init__(self, partition: int, journal: Journal) -> None:
        self._partition = partition
        self._journal = journal
        self._at = Tip()  # the last entry that was found to be right
        self._image = b""  # likewise; none while entries are walked
        self._failures = 0
        self.rounds = 0

    def step(self) -> None:
        """Raises JournalDamaged."""
        try:
            if not self._entries() and not self._images():
                self._at, self._image = Tip(), b""
                self.rounds += 1
        except StoreUnreachable:
            return  # there is nothing to see now
        except StoreUnreadable as error:
            self._failures += 1
            if self._failures == ATTEMPTS_MAX:
                what = f"it cannot be read after entry {self._at.seq} ({error})"
                raise JournalDamaged(self._partition, what) from error
            return
        self._failures = 0

    def _entries(self) -> bool:
        """False at the end. What is written meanwhile is walked when its turn comes."""
        page = [] if self._image else self._journal.read(self._at.seq, ENTRIES_PER_STEP)
        for sealed in page:
            seq = self._at.seq + 1
            if sealed.seq != seq or chain(self._at.hash, sealed.body) != sealed.hash:
                raise JournalDamaged(self._partition, f"entry {seq} is damaged")
            self._at = Tip(seq, sealed.hash)
        return bool(page)

    def _images(self) -> bool:
        """False at the end."""
        page = self._journal.images(IMAGES_PER_STEP, self._image)
        for image in page:
            require_readable(self._partition, image)
            self._image = image.account
        return bool(page)
