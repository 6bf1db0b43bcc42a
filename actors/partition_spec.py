"""What the process of a partition is told. Needs no Ray, which can be imported too early."""

from pathlib import Path

import msgspec

from actors.directory import Directory
from ledger.store_address import StoreAddress


class PartitionSpec(msgspec.Struct, frozen=True):
    """All that a partition's process needs to find its own."""

    number: int
    journals: StoreAddress
    sockets: str  # folder
    directory: Directory

    @property
    def socket_path(self) -> Path:
        return Path(self.sockets) / f"p{self.number}.sock"
