"""Operating errors of the ledger's stores, by who is to blame.

LedgerError
├── StoreError                the disk or the database
│   ├── AppendFailed          a commit failed; `happened` says what is known of it
│   ├── StoreUnreadable       the file cannot be opened, or is not a journal
│   └── StoreTooNew           written by a newer release than this one
├── Fenced                    another incarnation writes this partition now
└── JournalDamaged            an entry or an image is not what was written
"""

from enum import StrEnum


class Happened(StrEnum):
    """What every refusal must say: did anything change?"""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class LedgerError(Exception):
    """The base: catch this to handle any of them."""


class StoreError(LedgerError):
    """The disk or the database is to blame."""


class AppendFailed(StoreError):
    """A commit failed. The partition's memory is void: only a replay may say what is true.

    You do not get this when another incarnation took over: that is Fenced.
    """

    def __init__(self, partition: int, happened: Happened, cause: str) -> None:
        super().__init__(
            f"partition {partition}: append failed ({cause}), done: {happened}"
        )
        self.happened = happened


class StoreUnreadable(StoreError):
    """The store cannot be opened at all."""

    def __init__(self, where: str, cause: str) -> None:
        super().__init__(f"{where}: {cause}")


class StoreTooNew(StoreError):
    """A newer release wrote this journal; reading it with this one could misread money."""

    def __init__(self, partition: int, version: int) -> None:
        super().__init__(
            f"partition {partition} has journal format {version}: upgrade Airside to read it"
        )


class Fenced(LedgerError):
    """The journal has entries that this incarnation did not write: it must stop, silently."""

    def __init__(self, partition: int, expected: int, found: int) -> None:
        super().__init__(
            f"partition {partition}: expected to append after {expected}, found {found}"
        )


class JournalDamaged(LedgerError):
    """Stored bytes are not what was written. Restore from a backup; do not start on it."""

    def __init__(self, partition: int, what: str) -> None:
        super().__init__(f"partition {partition}: {what}")
