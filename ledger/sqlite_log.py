"""Is SQLite's write-ahead log whole? SQLite itself does not say: it reads the log up to the first
frame whose checksum is wrong, and takes the rest for a commit that a crash cut short. One flipped
bit there would drop every commit behind it, silently, although each was acknowledged.

The log (sqlite.org/fileformat2.html#walformat) is a header and frames: a frame is a page with the
header's two salts and a checksum over everything before it. After a checkpoint it begins again at
the front with new salts, so what lies behind the last frame with the present salts has no meaning.

With synchronous=FULL a commit is on disk before the next one is written. So a bad frame with a
commit and more frames behind it is damage, for certain. A bad frame in the last commit may be
either, even one that a single flipped bit would mend: a sector that a power cut kept from the disk
still holds what stood there before, and that can be the same but for one bit.
"""

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_FLOCK = struct.Struct("hhqqi")  # struct flock of fcntl(2), on 64-bit Linux
# The byte of the -shm file that every connection holds a shared lock on (walformat.html, 2.3.3).
_IN_USE_BYTE = 128
_MAGICS = {0x377F0682: "<", 0x377F0683: ">"}  # and the order of bytes that checksums read
_WORD = 2**32 - 1


class LogDamage(msgspec.Struct, frozen=True):
    """certain: no crash leaves a log like this. frame: counted from 1; 0 is the header."""

    frame: int
    certain: bool

    @property
    def sentence(self) -> str:
        where = f"frame {self.frame}" if self.frame else "its header"
        if self.certain:
            return (
                f"the log is damaged at {where}; what was committed from there on is lost"
            )
        return (
            f"the log ends at {where} in a commit that is not whole. If the machine went down in"
            " the middle of it, nobody was answered, and the next start drops it; if not, it is"
            " damaged"
        )


class _Frame(NamedTuple):
    number: int
    page: int
    committed: int  # pages in the database after a commit; 0 inside of one
    salts: tuple[int, int]
    sums: tuple[int, int]
    summed: bytes  # what its checksum is over


def log_of(database: Path) -> Path:
    return database.with_name(f"{database.name}-wal")


def damage_of_log(database: Path) -> LogDamage | None:
    """None when every frame of the present generation is whole, or there is no log."""
    try:
        raw = log_of(database).read_bytes()
    except FileNotFoundError:
        return None
    if len(raw) < _HEADER.size:
        return None
    magic, version, page_bytes, _, *rest = _HEADER.unpack_from(raw)
    salts, sums = (rest[0], rest[1]), (rest[2], rest[3])
    order = _MAGICS.get(magic)
    if order is None or _checksum(raw[:24], (0, 0), order) != sums:
        return _damaged_header(raw, salts)
    assert version == 3_007_000, "the only version of the format that there is"
    return _damaged_frame(list(_frames(raw, page_bytes)), salts, sums, order)


def in_use(database: Path) -> bool:
    """Has another process a connection to it? Then its log may be in the middle of a commit.

    Ask only while this process has none: to close the file here would let its own locks go
    (fcntl(2), "advisory record locking").
    """
    try:
        descriptor = os.open(database.with_name(f"{database.name}-shm"), os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        asked = _FLOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, _IN_USE_BYTE, 1, 0)
        kind, *_ = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return bool(kind != fcntl.F_UNLCK)


def _frames(raw: bytes, page_bytes: int) -> Iterator[_Frame]:
    size = _FRAME.size + page_bytes
    for number, at in enumerate(range(_HEADER.size, len(raw) - size + 1, size), 1):
        page, committed, *rest = _FRAME.unpack_from(raw, at)
        summed = raw[at : at + 8] + raw[at + _FRAME.size : at + size]
        yield _Frame(
            number, page, committed, (rest[0], rest[1]), (rest[2], rest[3]), summed
        )


def _damaged_header(raw: bytes, salts: tuple[int, int]) -> LogDamage | None:
    """It is synced before the first frame is written, so a frame that belongs to it says that it
    was whole. Both salts change with a generation, and one flipped bit is in one of them.
    """
    if len(raw) < _HEADER.size + _FRAME.size:
        return None
    _, _, *rest = _FRAME.unpack_from(raw, _HEADER.size)
    return LogDamage(0, certain=True) if _kin((rest[0], rest[1]), salts) else None


def _damaged_frame(
    frames: list[_Frame], salts: tuple[int, int], sums: tuple[int, int], order: str
) -> LogDamage | None:
    before = sums
    for place, frame in enumerate(frames):
        computed = _checksum(frame.summed, before, order)
        if frame.salts == salts and frame.sums == computed:
            before = frame.sums
            continue
        behind = [each for each in frames[place + 1 :] if each.salts == salts]
        if not _kin(frame.salts, salts) and not behind:
            return None  # of an earlier generation: the log ends here
        commits = [each.number for each in (frame, *behind) if each.committed]
        followed = bool(behind and commits and commits[0] < behind[-1].number)
        return LogDamage(frame.number, followed)
    return None


def _kin(left: tuple[int, int], right: tuple[int, int]) -> bool:
    return left[0] == right[0] or left[1] == right[1]


def _checksum(data: bytes, start: tuple[int, int], order: str) -> tuple[int, int]:
    """As in sqlite.org/fileformat2.html#checksum_algorithm."""
    first, second = start
    for even, odd in struct.iter_unpack(f"{order}II", data):
        first = first + even + second & _WORD
        second = second + odd + first & _WORD
    return first, second
