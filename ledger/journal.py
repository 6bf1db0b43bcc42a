"""The journal of one partition: what a store must do, whatever it is made of.

Rules that every store keeps (tests/contracts/test_journal_contract.py runs them on each):
append() is one durable commit; it goes through only directly after the entry that the writer
believes to be the last; images never matter to the truth, they only shorten a replay.
"""

from collections.abc import Sequence
from typing import Protocol

import msgspec

from ledger.entry import GENESIS_HASH, Sealed
from ledger.ids import AccountId


class Tip(msgspec.Struct, frozen=True):
    """The last entry: its sequence number and hash."""

    seq: int = 0
    hash: bytes = GENESIS_HASH


class Image(msgspec.Struct, frozen=True):
    """An account, or a chapter of its history, as entry `seq` left it (ledger/images.py says what
    `account` is for a chapter). due_ms: when its first hold expires, 0 for none.
    """

    account: AccountId
    seq: int
    due_ms: int
    body: bytes
    hash: bytes


class Mark(msgspec.Struct, frozen=True):
    """Images hold every entry up to seq, so a replay may begin after it.

    inbox: the last entry taken over from each source partition, at the latest image.
    incarnation: the number of the one that wrote the latest image.
    format_version: of the journal, as that one wrote it. A start reads no entry before the mark,
    so the mark must say it. image_version: of the images. Both are 0 in the first release's.
    """

    seq: int = 0
    inbox: dict[int, int] = {}
    incarnation: int = 0
    format_version: int = 0
    image_version: int = 0


class Reader(Protocol):
    """Many may read, in other processes too. Each call is one short read transaction.

    Any of them raises StoreUnreadable when the store cannot give back what it was given.
    """

    def tip(self) -> Tip: ...

    def read(self, after: int, limit: int) -> list[Sealed]:
        """Entries with seq > after, in order."""
        ...

    def images(self, limit: int, after: bytes) -> list[Image]:
        """Images of accounts > after, in order of account."""
        ...

    def mark(self) -> Mark: ...

    def close(self) -> None: ...


class Journal(Reader, Protocol):
    """The writer's side. One incarnation of one partition holds it."""

    def append(
        self,
        entries: Sequence[Sealed],
        images: Sequence[Image] = (),
        mark: Mark | None = None,
    ) -> None:
        """Write all or nothing, durably. Raises AppendFailed or Fenced; never retry it."""
        ...

    def entry(self, seq: int) -> Sealed | None: ...

    def image(self, account: AccountId) -> Image | None: ...

    def due(self, at_ms: int, limit: int) -> list[AccountId]:
        """Accounts whose image says that a hold expires by then, soonest first."""
        ...

    def require_sole_writer(self) -> None:
        """Raise Fenced if anyone else has written since our last append.

        Before a negative answer from memory (*not found*): a stale incarnation must not say it.
        """
        ...


class Store(Protocol):
    """Where the journals of an installation live."""

    def partitions(self) -> list[int]:
        """Those that have a journal here, in order."""
        ...

    def writer(self, partition: int) -> Journal: ...

    def reader(self, partition: int) -> Reader:
        """Raises StoreUnreadable when the partition has never been opened."""
        ...
