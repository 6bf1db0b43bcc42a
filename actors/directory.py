"""Which partition owns an account: a versioned map of slots, and pins.

The map is written once, when an installation is made, and read by everyone. A pinned account
lives alone in a partition of its own (a big company, a big agent); pins must be set before the
account is opened. Moving slots between partitions would raise the version.
"""

from pathlib import Path

import msgspec

from ledger.ids import (
    SLOT_COUNT,
    AccountId,
    account_text,
    parse_account,
    slot_of,
    stripe_account,
    stripe_partition,
)

# A Ray actor is a process of about 85 MB; more partitions than this on one machine is a mistake.
PARTITIONS_MAX = 64


class MapMismatch(ValueError):
    """The settings ask for another map than the one this data folder was made with."""

    def __init__(self, wanted: int, found: int) -> None:
        super().__init__(
            f"partitions = {wanted}, but this data folder was made with {found}:"
            " slots cannot move yet, so start with the number it has"
        )


class Directory(msgspec.Struct, frozen=True):
    """version: raised by every change. pins: text id → partition."""

    version: int
    partitions: int  # that share the slots evenly
    pins: dict[str, int] = {}

    @property
    def partition_count(self) -> int:
        return self.partitions + len(self.pins)

    def partition_of(self, account: AccountId) -> int:
        if self.pins:
            pinned = self.pins.get(account_text(account))
            if pinned is not None:
                return pinned
            home = stripe_partition(account)
            if home is not None and self.partitions <= home < self.partition_count:
                return home
        return slot_of(account) * self.partitions // SLOT_COUNT

    def stripe_of(self, merchant: str, partition: int) -> AccountId:
        """The account of a merchant's stripe in this partition: it lives where the stripe does."""
        own_slots = partition < self.partitions
        first = -(-partition * SLOT_COUNT // self.partitions) if own_slots else 0
        return stripe_account(merchant, partition, first)

    def owns(self, partition: int, account: AccountId) -> bool:
        return self.partition_of(account) == partition


def plan(partitions: int, pinned: tuple[str, ...] = ()) -> Directory:
    """A new map: the slots in equal ranges, and one more partition for each pinned account."""
    assert 1 <= partitions <= PARTITIONS_MAX, "the configuration checked the bound"
    pins = {}
    for offset, account in enumerate(dict.fromkeys(pinned)):
        parse_account(account)  # raises MalformedId
        pins[account] = partitions + offset
    return Directory(version=1, partitions=partitions, pins=pins)


def load(path: Path) -> Directory:
    """Raises FileNotFoundError."""
    return msgspec.json.decode(path.read_bytes(), type=Directory)


def load_or_create(path: Path, wanted: Directory) -> Directory:
    """The map of this data folder. Raises MapMismatch rather than send money to a wrong door."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(wanted)))
        return wanted
    found = load(path)
    if found.partitions != wanted.partitions:
        raise MapMismatch(wanted.partitions, found.partitions)
    new_pins = [account for account in wanted.pins if account not in found.pins]
    if not new_pins:
        return found
    pins = dict(found.pins)
    for account in new_pins:
        pins[account] = found.partitions + len(pins)
    grown = Directory(found.version + 1, found.partitions, pins)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(grown)))
    return grown
