"""The file under a till's journal: it only grows, and what was appended survives a power cut.

torn      the last record is too short: the power went while it was written. Nobody was told of
          it, so it is cut off, and the next entry says how many bytes that were.
damaged   all else that is no record: it was whole once, and perhaps answered. No power cut does
          that; a person must look. What is whole can still be uploaded.
"""

import fcntl
import os
from pathlib import Path
from typing import Protocol

from terminals.inflight.entry import ENTRY_BYTES_MAX
from terminals.inflight.records import Damage, is_torn, record, records


class LogDamaged(Exception):
    """The journal is not what was written. Upload what is left, and do not sell with it.

    whole: how many entries there are before. damage: none, when an entry is not this till's.
    """

    def __init__(self, whole: int, damage: Damage | None = None) -> None:
        what = (
            f"damaged at byte {damage.at}, {damage.length} bytes long"
            if damage
            else "not this till's own"
        )
        super().__init__(
            f"the till's journal is {what}, after entry {whole}:"
            " upload it, and sell from another till"
        )


class LogInUse(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(f"another till is running on {path}")


class LogFile(Protocol):
    def read(self) -> bytes: ...

    def append(self, content: bytes) -> None:
        """Durable when it returns. Raises OSError: then nobody knows what of it is there."""

    def cut(self, length: int) -> None:
        """Keep so many bytes, durably."""


class DiskFile:
    """On a disk, for one process at a time. Raises LogInUse, OSError."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise LogInUse(path) from None
        _sync_folder(path.parent)

    def read(self) -> bytes:
        return os.pread(self._descriptor, os.fstat(self._descriptor).st_size, 0)

    def append(self, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[os.write(self._descriptor, left) :]
        os.fdatasync(self._descriptor)

    def cut(self, length: int) -> None:
        os.ftruncate(self._descriptor, length)
        os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


def read_log(file: LogFile) -> tuple[list[bytes], int]:
    """The records, and how many bytes of a torn one were cut off. Raises LogDamaged."""
    content = file.read()
    whole: list[bytes] = []
    for found in records(content):
        if isinstance(found, bytes):
            whole.append(found)
            continue
        if not is_torn(content[found.at :], ENTRY_BYTES_MAX):
            raise LogDamaged(len(whole), found)
        file.cut(found.at)
        return whole, found.length
    return whole, 0


def append_record(file: LogFile, raw: bytes) -> None:
    file.append(record(raw))


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """A file for its owner only; the old one or the new one, never a half."""
    aside = path.with_name(f"{path.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 — the mode is set at birth
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    _sync_folder(path.parent)
