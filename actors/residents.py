"""The accounts that a partition has in memory, and their images on disk.

Accounts load when first needed and leave when idle. Theory of images: an account becomes
*dirty* at its first entry since its image. Dirty accounts stand in the order in which they
became so; everything before the oldest one's first entry is in images, and that point is the
mark from which a replay begins. Images are saved a few at a time, in the same commit as the
entries, oldest first; so the tail to replay stays short and no payment waits for a big save.
"""

import heapq
from collections import OrderedDict
from itertools import islice

from ledger.account import Account
from ledger.apply import apply
from ledger.entry import Entry, unseal
from ledger.events import (
    Authorised,
    PartitionOpened,
    SweepReceived,
    TransferDelivered,
    TransferReceived,
    TransferRefused,
    TransferReturned,
)
from ledger.ids import AccountId
from ledger.images import draw, mark_at, mark_of, restore
from ledger.journal import Image, Journal, Mark

# What is kept in memory: accounts, and what stands in their histories (payments, transfers, keys).
# Some 1.3 kB and 0.8 kB each, measured (docs/old-age.md). So a partition takes 330 MB for them, and
# more only for the accounts of the latest batches: one of them may be a very old one.
RESIDENTS_MAX = 100_000
RESIDENT_ITEMS_MAX = 250_000
# Accounts that are looked at after a batch, for those that can go: more than a batch brings in.
# Those of the latest batches stay: to load a very old one takes as long as a thousand payments.
EVICTED_MAX = 2_048
RECENT_MIN = 1_024
# Only what is clean can go. While memory is fuller than this, what is dirty is saved at once.
CROWDED_PERCENT = 110
# Entries that a restart may have to replay: measured at about 60,000 a second.
TAIL_MAX = 20_000
# Images per commit when nobody waits. Under load a commit saves as many as it has entries, if those
# are more: every entry may dirty a new account, and what is dirty can neither leave memory nor be
# left out by a replay.
IMAGES_PER_COMMIT = 32
REPLAY_PAGE = 2_000
# Stale places in the list of expiries that are not worth tidying.
STALE_DUE_MAX = 1_000


class Residents:
    def __init__(self, partition: int, journal: Journal) -> None:
        self._partition = partition
        self._journal = journal
        # Both are taken from at the front for as long as the partition lives. A plain dict keeps
        # the places of what was taken, and would look through more and more of them.
        self._accounts = OrderedDict[AccountId, Account]()  # least recently used first
        # Of each account, its first entry since its image.
        self._dirty = OrderedDict[AccountId, int]()
        self._due: list[tuple[int, AccountId]] = []
        self.inbox: dict[int, int] = {}
        self.open_holds = 0  # of the accounts in memory, and so are these
        self.items = 0
        self.incarnation = 0
        self.last_seq = 0
        self.last_at_ms = 0

    def __len__(self) -> int:
        return len(self._accounts)

    def replay(self) -> None:
        """Bring the tail of the journal into memory: all of it, where no image can be used."""
        mark = mark_of(self._partition, self._journal)
        self.inbox = dict(mark.inbox)
        self.incarnation = mark.incarnation
        self.last_seq = mark.seq
        if mark.seq:
            last = self._journal.entry(mark.seq)
            assert last is not None, "the mark is within the journal"
            self.last_at_ms = unseal(last.body).at_ms
        while page := self._journal.read(self.last_seq, REPLAY_PAGE):
            for sealed in page:
                self.take(unseal(sealed.body))
            self._make_room()

    def _make_room(self) -> None:
        """A replay of more than the tail, after an upgrade or a restore, may meet more accounts
        than memory holds: images of some are saved, so that they can go.
        """
        while self._crowded(100):
            images, mark = self.next_images(idle=True, entries=REPLAY_PAGE)
            if images:
                self._journal.append([], images, mark)
            self.evict()

    def take(self, entry: Entry) -> None:
        """Apply one entry, new or replayed."""
        if entry.account:
            account = self.get(entry.account)
            if account is None or account.last_seq < entry.seq:
                holds, items = (
                    (len(account.open_holds), account.items) if account else (0, 0)
                )
                account = apply(account, entry)
                self._accounts[entry.account] = account
                self.open_holds += len(account.open_holds) - holds
                self.items += account.items - items
                self._dirty.setdefault(entry.account, entry.seq)
                if isinstance(entry.event, Authorised):
                    heapq.heappush(self._due, (entry.event.expires_at_ms, entry.account))
        self._note(entry)
        self.last_seq = entry.seq
        self.last_at_ms = max(self.last_at_ms, entry.at_ms)

    def _note(self, entry: Entry) -> None:
        """What the partition itself must remember."""
        match entry.event:
            case PartitionOpened(number=number):
                self.incarnation = number
            case (
                TransferReceived(origin=origin)
                | SweepReceived(origin=origin)
                | TransferRefused(origin=origin)
                | TransferDelivered(origin=origin)
                | TransferReturned(origin=origin)
            ):
                last = self.inbox.get(origin.partition, 0)
                self.inbox[origin.partition] = max(last, origin.seq)
            case _:
                pass

    def get(self, account_id: AccountId) -> Account | None:
        """The account, from memory or from its image; None if it was never opened."""
        account = self._accounts.get(account_id)
        if account is not None:
            self._accounts.move_to_end(account_id)
            return account
        image = self._journal.image(account_id)
        if image is not None:
            account = restore(self._partition, image, self._journal.image)
        if account is None:
            return None
        self._accounts[account_id] = account
        self.open_holds += len(account.open_holds)
        self.items += account.items
        for expires_at_ms in account.open_holds.values():
            heapq.heappush(self._due, (expires_at_ms, account_id))
        return account

    def due(self, at_ms: int, limit: int, *, apart_from: set[AccountId]) -> list[AccountId]:
        """Accounts with a hold to expire: first those in memory, then those on disk.

        apart_from: discarded ones. Asked for again they would come back from an old image, and
        stay due for ever.
        """
        found: dict[AccountId, None] = {}
        while self._due and self._due[0][0] <= at_ms and len(found) < limit:
            account_id = heapq.heappop(self._due)[1]
            if account_id not in apart_from:
                found[account_id] = None
        if not found:
            for account_id in self._journal.due(at_ms, limit + len(apart_from)):
                if account_id not in self._accounts and account_id not in apart_from:
                    found[account_id] = None
        return list(found)

    def next_images(
        self, *, idle: bool, entries: int = 0
    ) -> tuple[list[Image], Mark | None]:
        """What the next commit should save: the oldest dirty accounts, when it is time. entries:
        how many that commit has.
        """
        soon = idle or self._crowded(CROWDED_PERCENT)
        before = self.last_seq + 1 if soon else self.last_seq - TAIL_MAX
        oldest = self._oldest_dirty(before, max(entries, IMAGES_PER_COMMIT))
        if not oldest:
            return [], None
        images = [
            image for account_id in oldest for image in draw(self._accounts[account_id])
        ]
        for account_id in oldest:
            del self._dirty[account_id]
        first_dirty = next(iter(self._dirty.values()), self.last_seq + 1)
        return images, mark_at(first_dirty - 1, self.inbox, self.incarnation)

    def _oldest_dirty(self, before: int, limit: int) -> list[AccountId]:
        oldest: list[AccountId] = []
        for account_id, first_seq in self._dirty.items():
            if first_seq >= before or len(oldest) == limit:
                break
            if account_id in self._accounts:
                oldest.append(account_id)
        return oldest

    def discard(self, account_id: AccountId) -> None:
        """Forget a memory that cannot be trusted. It stays dirty, so no mark passes its entries
        and the next incarnation replays them.
        """
        account = self._accounts.pop(account_id, None)
        if account:
            self.open_holds -= len(account.open_holds)
            self.items -= account.items

    def _crowded(self, percent: int) -> bool:
        """Is there more in memory than so much of what may be, and somebody who could leave?

        A few accounts with long histories fill it too. They stay, so to save them early makes no
        room: each payment would draw an image.
        """
        accounts, items = 100 * len(self._accounts), 100 * self.items
        full = accounts > percent * RESIDENTS_MAX or items > percent * RESIDENT_ITEMS_MAX
        return full and len(self._accounts) > RECENT_MIN

    def evict(self) -> None:
        """Let the least recently used go, as far as their images are saved."""
        if not self._crowded(100):
            return
        old = len(self._accounts) - RECENT_MIN
        for account_id in list(islice(self._accounts, min(EVICTED_MAX, old))):
            if account_id not in self._dirty:
                self.discard(account_id)
            if not self._crowded(100):
                break
        if len(self._due) > 2 * self.open_holds + STALE_DUE_MAX:
            self._tidy_due()

    def _tidy_due(self) -> None:
        """Whoever comes and goes leaves its holds behind each time. On disk they are found too."""
        self._due = [
            (expires_at_ms, account_id)
            for account_id, account in self._accounts.items()
            for expires_at_ms in account.open_holds.values()
        ]
        heapq.heapify(self._due)
