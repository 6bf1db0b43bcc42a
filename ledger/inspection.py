"""The inspection of one journal, entry by entry, beside a replay of its accounts.

The replay is apply.py, as at every start; what is checked is everything that a start relies on.
After a broken entry the inspection goes on from what is stored: one flipped byte is one finding,
not one for every entry behind it.
"""

from collections.abc import Iterator

import msgspec

from ledger.account import Account
from ledger.apply import apply
from ledger.crossing import Crossing
from ledger.entry import FORMAT_VERSION, GENESIS_HASH, Entry, Sealed, chain, unseal
from ledger.errors import JournalDamaged
from ledger.events import (
    PartitionOpened,
    SweepReceived,
    TransferDelivered,
    TransferReceived,
    TransferRefused,
    TransferReturned,
)
from ledger.finding import Findings, Invariant
from ledger.ids import AccountId, account_text
from ledger.images import (
    IMAGE_VERSION,
    draw_chapter,
    draw_head,
    owner_of,
    require_readable,
)
from ledger.invariants import (
    broken_after,
    broken_at_last,
    broken_by_itself,
    broken_for,
    held_beyond_holds,
    pays_with,
)
from ledger.journal import Image, Mark, Reader
from ledger.sweeps import Sweeps

# Entries per read: some 500 kB, and a read transaction of a few milliseconds, so a journal in use
# can still be checkpointed.
PAGE = 1_000
IMAGES_PAGE = 100

_Taken = (
    TransferReceived
    | SweepReceived
    | TransferRefused
    | TransferDelivered
    | TransferReturned
)


class Inspection:
    """findings, crossing, homes: shared by the inspections of all partitions."""

    def __init__(
        self,
        partition: int,
        findings: Findings,
        crossing: Crossing,
        homes: dict[AccountId, int],
    ) -> None:
        self._partition = partition
        self._findings = findings
        self._crossing = crossing
        self._homes = homes
        self._accounts: dict[AccountId, Account | None] = {}  # None: set aside
        self._codes: set[tuple[AccountId, bytes]] = set()
        self._sweeps = Sweeps()
        self._inbox: dict[int, int] = {}
        self._imaged: dict[AccountId, int] = {}  # the entry that each image stands at
        # By chapter (None: the head), without their bodies.
        self._images: dict[AccountId, dict[int | None, Image]] = {}
        self._mark = Mark()
        self._incarnation = 0
        self.last_seq = 0
        self._last_hash: bytes | None = GENESIS_HASH  # None: unknown, after a gap
        self._last_at_ms = 0

    def run(self, reader: Reader) -> Iterator[int]:
        """Yields the entries of each page. Raises StoreUnreadable where the store gives up."""
        mark = reader.mark()
        if mark.image_version == IMAGE_VERSION:
            self._mark = mark
        self._load_images(reader)
        end = reader.tip().seq
        while self.last_seq < end:
            page = reader.read(self.last_seq, PAGE)
            for sealed in page:
                self._check(sealed)
            yield len(page)
        self._check_mark()
        for account_id, account in self._accounts.items():
            if account is not None:
                self._check_account(account_id, account)

    def _load_images(self, reader: Reader) -> None:
        """Before the entries: an image that is saved meanwhile only moves forward."""
        after = b""
        while page := reader.images(IMAGES_PAGE, after):
            for image in page:
                self._load_image(image)
            after = page[-1].account

    def _load_image(self, image: Image) -> None:
        bare = msgspec.structs.replace(image, body=b"")
        try:
            if not require_readable(self._partition, image):
                return  # of another version: no start reads it
        except (JournalDamaged, msgspec.DecodeError) as error:
            sentence = error.what if isinstance(error, JournalDamaged) else str(error)
            self._report(image.seq, Invariant.IMAGE, sentence)
            bare = _met(bare)
        account_id, chapter = owner_of(image)
        if chapter is None:
            self._imaged[account_id] = image.seq
        self._images.setdefault(account_id, {})[chapter] = bare

    def _check(self, sealed: Sealed) -> None:
        self._check_chain(sealed)
        self.last_seq = sealed.seq
        try:
            entry = unseal(sealed.body)
        except msgspec.DecodeError as error:
            self._report(sealed.seq, Invariant.ENTRY, f"it cannot be decoded: {error}")
            return
        if entry.seq != sealed.seq:
            sentence = f"it says of itself that it is entry {entry.seq}"
            self._report(sealed.seq, Invariant.ENTRY, sentence)
        if entry.at_ms < self._last_at_ms:
            sentence = (
                f"it is {self._last_at_ms - entry.at_ms} ms before the entry before it"
            )
            self._report(sealed.seq, Invariant.TIME, sentence)
        self._last_at_ms = max(self._last_at_ms, entry.at_ms)
        for invariant, sentence in broken_by_itself(entry):
            self._report(sealed.seq, invariant, sentence)
        for invariant, sentence in self._sweeps.broken_by(entry):
            self._report(sealed.seq, invariant, sentence)
        self._check_origin(sealed.seq, entry)
        self._crossing.note(self._partition, entry)
        if entry.account:
            self._replay(sealed.seq, entry)
        else:
            self._check_own(sealed.seq, entry)
        if sealed.seq == self._mark.seq:
            self._check_inbox_of_mark()

    def _check_chain(self, sealed: Sealed) -> None:
        if sealed.seq != self.last_seq + 1:
            missing = sealed.seq - self.last_seq - 1
            sentence = f"{missing} entries are missing before it"
            self._report(sealed.seq, Invariant.SEQUENCE, sentence)
        elif self._last_hash is None or chain(self._last_hash, sealed.body) != sealed.hash:
            sentence = "its hash is not that of the hash before it and its body"
            self._report(sealed.seq, Invariant.CHAIN, sentence)
        self._last_hash = sealed.hash

    def _check_own(self, seq: int, entry: Entry) -> None:
        """An entry of the partition itself."""
        event = entry.event
        if not isinstance(event, PartitionOpened | TransferRefused):
            sentence = f"{type(event).__name__} is about an account, and none is named"
            self._report(seq, Invariant.ENTRY, sentence)
        if isinstance(event, PartitionOpened):
            self._check_opened(seq, event)

    def _check_opened(self, seq: int, event: PartitionOpened) -> None:
        if event.partition != self._partition:
            sentence = f"it opens partition {event.partition}: the file is another's"
            self._report(seq, Invariant.ENTRY, sentence)
        if event.format_version > FORMAT_VERSION:
            sentence = f"format {event.format_version} is of a newer release than this"
            self._report(seq, Invariant.ENTRY, sentence)
        if event.number != self._incarnation + 1:
            sentence = f"incarnation {event.number} follows incarnation {self._incarnation}"
            self._report(seq, Invariant.INCARNATION, sentence)
        self._incarnation = event.number

    def _check_origin(self, seq: int, entry: Entry) -> None:
        if not isinstance(entry.event, _Taken):
            return
        origin = entry.event.origin
        last = self._inbox.get(origin.partition, 0)
        if origin.seq <= last:
            sentence = (
                f"it takes entry {origin.seq} of partition {origin.partition}"
                f" after entry {last} was taken"
            )
            self._report(seq, Invariant.ORIGIN, sentence)
        self._inbox[origin.partition] = max(last, origin.seq)

    def _replay(self, seq: int, entry: Entry) -> None:
        account_id = entry.account
        home = self._homes.setdefault(account_id, self._partition)
        if home != self._partition:
            sentence = f"{account_text(account_id)} lives in partition {home}"
            self._report(seq, Invariant.HOME, sentence)
        account = self._accounts.get(account_id)
        if account is None and account_id in self._accounts:
            return  # set aside
        broken = list(broken_for(account, entry))
        for invariant, sentence in broken:
            self._report(seq, invariant, sentence)
        self._check_code(seq, entry)
        before = held_beyond_holds(account, entry.event) if account else {}
        try:
            account = apply(account, entry)
        except (AssertionError, LookupError) as error:
            if not broken:
                sentence = f"{error} (later entries of {account_text(account_id)} are not replayed)"
                self._report(seq, Invariant.REPLAY, sentence)
            self._accounts[account_id] = None
            return
        self._accounts[account_id] = account
        if before != held_beyond_holds(account, entry.event):
            sentence = "what is held and what its payment has left changed differently"
            self._report(seq, Invariant.HELD, sentence)
        for invariant, sentence in broken_after(account):
            self._report(seq, invariant, sentence)
        self._check_image(seq, account)

    def _check_code(self, seq: int, entry: Entry) -> None:
        code = (entry.account, pays_with(entry.event))
        if not code[1]:
            return
        if code in self._codes:
            self._report(seq, Invariant.CODE, "its code paid before")
        self._codes.add(code)

    def _check_image(self, seq: int, account: Account) -> None:
        if self._imaged.get(account.id, 0) < seq <= self._mark.seq:
            sentence = (
                f"a restart begins after {self._mark.seq}, and no image has this entry"
            )
            self._report(seq, Invariant.MARK, sentence)
        images = self._images.get(account.id, {})
        for chapter, image in images.items():
            if image.seq == seq and image.hash:
                self._compare(account, chapter, image)
                images[chapter] = _met(image)
        head = images.get(None)
        if head is not None and head.seq == seq:
            self._require_chapters(seq, account, images)

    def _compare(self, account: Account, chapter: int | None, image: Image) -> None:
        if chapter is None:
            drawn = draw_head(account)
        elif chapter in account.chapters:
            drawn = draw_chapter(account, chapter)
        else:
            return  # and so it is never met
        if (image.hash, image.due_ms) != (drawn.hash, drawn.due_ms):
            name = account_text(account.id)
            what = name if chapter is None else f"chapter {chapter} of {name}"
            sentence = f"the image of {what} is not what a replay gives"
            self._report(image.seq, Invariant.IMAGE, sentence)

    def _require_chapters(
        self, seq: int, account: Account, images: dict[int | None, Image]
    ) -> None:
        """A start reads them with the head, so none may be missing or left behind."""
        for number in range(account.latest):
            image = images.get(number)
            if image is None or image.seq < account.chapters[number].seq:
                name = account_text(account.id)
                sentence = f"chapter {number} of {name} has no image, or an old one"
                self._report(seq, Invariant.IMAGE, sentence)

    def _check_inbox_of_mark(self) -> None:
        for origin, seq in self._inbox.items():
            if self._mark.inbox.get(origin, 0) < seq:
                sentence = (
                    f"the mark forgets that entry {seq} of partition {origin} was taken"
                )
                self._report(self._mark.seq, Invariant.MARK, sentence)

    def _check_mark(self) -> None:
        if self._mark.seq > self.last_seq:
            sentence = f"the mark is at entry {self._mark.seq}, after the last one"
            self._report(self.last_seq, Invariant.MARK, sentence)
        for origin, seq in self._mark.inbox.items():
            if seq > self._inbox.get(origin, 0):
                sentence = f"the mark says that entry {seq} of partition {origin} was taken"
                self._report(self._mark.seq, Invariant.MARK, f"{sentence}; it was not")
        for account_id, images in self._images.items():
            if account_id in self._accounts and self._accounts[account_id] is None:
                continue  # set aside: the replay never came there
            for image in images.values():
                if not image.hash:
                    continue  # met
                name = account_text(account_id)
                sentence = f"it is no entry of {name}, which has an image there"
                self._report(image.seq, Invariant.IMAGE, sentence)

    def _check_account(self, account_id: AccountId, account: Account) -> None:
        for invariant, sentence in broken_at_last(account):
            self._report(
                account.last_seq, invariant, f"{account_text(account_id)}: {sentence}"
            )

    def _report(self, seq: int, invariant: Invariant, sentence: str) -> None:
        self._findings.add(self._partition, seq, invariant, sentence)


def _met(image: Image) -> Image:
    return msgspec.structs.replace(image, hash=b"")
