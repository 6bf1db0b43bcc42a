"""The app's icon as PNG, drawn from the mark's four lines: phones want pictures of certain sizes.

PNG (ISO/IEC 15948) with one colour type: a palette of two, one byte for a pixel, no filter.
"""

import struct
import zlib

_PAPER, _INK = b"\x27\x43\xc9", b"\xff\xff\xff"

# The mark on a square of 48: two lines, two broken lines. A mask may cut off a fifth at each edge.
_SIDE = 48
_LINES = ((14, ((11, 37),)), (20, ((11, 37),)),
          (26, ((11, 16), (21, 27), (32, 37))), (32, ((11, 16), (21, 27), (32, 37))))  # fmt: skip
_THICK = 3


def draw_icon(side_px: int) -> bytes:
    rows = []
    for y in range(side_px):
        spans = _spans_at(y * _SIDE // side_px)
        row = bytearray(side_px)
        for begin, end in spans:
            left, right = begin * side_px // _SIDE, end * side_px // _SIDE
            row[left:right] = b"\x01" * (right - left)
        rows.append(b"\x00" + bytes(row))
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(rows), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"PLTE", _PAPER + _INK)
        + _chunk(b"IDAT", pixels)
        + _chunk(b"IEND", b"")
    )


def _spans_at(y: int) -> tuple[tuple[int, int], ...]:
    for top, spans in _LINES:
        if top <= y < top + _THICK:
            return spans
    return ()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return (
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
    )
