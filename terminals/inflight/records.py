"""Records one after the other: as they lie in a till's file, and as they are uploaded.

    "AFE1" <2: length> <4: CRC-32 of what follows> <an entry>

So a reader finds its place again behind damage, and whoever has no keys can still tell a whole
record from a torn one. The CRC is against accidents; against people there are signatures.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

MAGIC = b"AFE1"
_HEAD = struct.Struct(f">{len(MAGIC)}sHI")


class Damage(NamedTuple):
    """Bytes that are no record. at: where they begin."""

    at: int
    length: int


def record(raw: bytes) -> bytes:
    return _HEAD.pack(MAGIC, len(raw), zlib.crc32(raw)) + raw


def records(content: bytes) -> Iterator[bytes | Damage]:
    """All that can be read, and each stretch that cannot."""
    at = 0
    while at < len(content):
        raw = _record_at(content, at)
        if raw is not None:
            yield raw
            at += _HEAD.size + len(raw)
            continue
        end = _next_record(content, at + 1)
        yield Damage(at, end - at)
        at = end


def is_torn(rest: bytes, raw_bytes_max: int) -> bool:
    """Are these bytes the beginning of one record, whose end was never written?"""
    if len(rest) < _HEAD.size:
        return rest[: len(MAGIC)] == MAGIC[: len(rest)]
    magic, length, crc = _HEAD.unpack_from(rest)
    there = rest[_HEAD.size :]
    # What fits its CRC is whole, and it is the length that was damaged.
    short = len(there) < length <= raw_bytes_max and zlib.crc32(there) != crc
    return bool(magic == MAGIC and short)


def _next_record(content: bytes, start: int) -> int:
    """Where the next whole record begins, or the end."""
    at = content.find(MAGIC, start)
    while at >= 0:
        if _record_at(content, at) is not None:
            return at
        at = content.find(MAGIC, at + 1)
    return len(content)


def _record_at(content: bytes, at: int) -> bytes | None:
    if len(content) - at < _HEAD.size:
        return None
    magic, length, crc = _HEAD.unpack_from(content, at)
    raw = content[at + _HEAD.size : at + _HEAD.size + length]
    if magic != MAGIC or len(raw) != length or zlib.crc32(raw) != crc:
        return None
    return raw
