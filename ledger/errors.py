"""Operating errors of the ledger's stores, by who is to blame.

LedgerError
├── StoreError                the disk or the database
│   ├── AppendFailed          a commit failed; `happened` says what is known of it
│   ├── StoreUnreadable       the file cannot be opened, or is not a journal
│   │   ├── StoreUnreachable  the database does not answer now; it may a moment later
│   │   └── SchemaTooOld      an older release's tables; the next start upgrades them
│   ├── StoreTooNew           written by a newer release than this one
│   ├── SchemaTooNew          the tables are a newer release's
│   ├── StoreNotDurable       the database does not promise that a commit survives
│   ├── BadStoreAddress       the operator's address of a store cannot be read
│   └── DriverMissing         the optional driver of this store is not installed
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


class StoreUnreachable(StoreUnreadable):
    """The database does not answer: down, restarting, or the way to it is cut. Worth a retry.

    A file is never unreachable: you get this from a store behind a connection only.
    """


class SchemaTooOld(StoreUnreadable):
    """An older release made the tables, and who only reads does not upgrade them."""

    def __init__(self, where: str, found: int) -> None:
        super().__init__(
            where, f"the schema is version {found}; `airside serve` makes it current"
        )


class StoreTooNew(StoreError):
    """A newer release wrote this journal; reading it with this one could misread money."""

    def __init__(self, partition: int, version: int) -> None:
        super().__init__(
            f"partition {partition} has journal format {version}: upgrade Airside to read it"
        )


class SchemaTooNew(StoreError):
    """A newer release has upgraded the tables. What it keeps in them, this one cannot know."""

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where}: the schema of the journals is version {found}, and this release knows"
            f" versions up to {known}; a newer Airside has upgraded it, and there is no way"
            " back: upgrade this one too"
        )


class StoreNotDurable(StoreError):
    """The database answers commits that it may lose, so nothing may be answered from it."""

    def __init__(self, where: str, setting: str) -> None:
        super().__init__(
            f"{where}: the server runs with {setting}, so a commit may be lost after it was"
            " answered; Airside does not keep money there"
        )


class BadStoreAddress(StoreError):
    """The address has a form that we do not read. It may hold a password: it is not repeated."""

    def __init__(self) -> None:
        super().__init__(
            "the address of the store cannot be read; expected"
            " postgresql://user:password@host:port/database, where every character of the"
            " password but letters, digits and -._~ is written as %XX"
        )


class DriverMissing(StoreError):
    """Airside was installed without the driver of this store."""

    def __init__(self, store: str, extra: str) -> None:
        super().__init__(f'{store} needs its driver: pip install "airside[{extra}]"')


class Fenced(LedgerError):
    """The journal has entries that this incarnation did not write: it must stop, silently."""

    def __init__(self, partition: int, expected: int, found: int) -> None:
        super().__init__(
            f"partition {partition}: expected to append after {expected}, found {found}"
        )


class JournalDamaged(LedgerError):
    """Stored bytes are not what was written. Restore from a backup; do not start on it."""

    def __init__(self, partition: int, what: str) -> None:
        super().__init__(
            f"partition {partition}: {what}. Nothing more is written to a damaged journal: see by"
            " `airside ledger verify` what else is broken, and restore a backup by"
            " `airside ledger restore`"
        )
        self.what = what
