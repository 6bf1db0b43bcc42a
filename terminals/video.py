"""Frames of a video: a file that was recorded, or a camera through a pipe.

Two forms, told apart by their first bytes:

* YUV4MPEG2 (.y4m): what every tool can write without a codec. Grey is its first plane, so nothing
  is decoded: a header line, then for each frame the line FRAME, width times height bytes of grey,
  and the colours, which are passed over.
* Motion JPEG: JPEG images one after the other, as many cameras send them.

A camera of the machine comes in through a tool that speaks to it:

    mkfifo camera; ffmpeg -f v4l2 -i /dev/video0 -f yuv4mpegpipe -pix_fmt yuv420p -y camera &
    airside pos --video camera

What comes in is not trusted: sizes are read, and bounded, before any pixel is.
"""

import re
from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, BinaryIO

from terminals.scanner import (
    IMAGE_BYTES_MAX,
    IMAGE_PIXELS_MAX,
    ImageTooLarge,
    ScanExtraMissing,
    ScanRefused,
)

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

HEADER_BYTES_MAX = 1_024
READ_BYTES = 64 * 1_024

_Y4M = b"YUV4MPEG2 "
_JPEG_BEGINS, _JPEG_ENDS = b"\xff\xd8", b"\xff\xd9"
_SIZE = re.compile(rb" W([0-9]{1,5}) H([0-9]{1,5})(?: |$)")
_COLOURS = re.compile(rb" C([0-9a-z]+)")
# Bytes of colour for each four bytes of grey, by the name of the colour space.
_COLOUR_QUARTERS = {b"mono": 0, b"420": 2, b"422": 4, b"444": 8}


class VideoUnreadable(ScanRefused):
    """The bytes are no video of a form that is read here, or it breaks off."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not a video (YUV4MPEG2 or Motion JPEG): {problem}")


def frames_of(video: BinaryIO) -> "Iterator[Grey | bytes]":
    """Grey frames, or JPEG images; ends where the video ends, whole or not.

    Raises VideoUnreadable, ImageTooLarge, ScanExtraMissing.
    """
    first = video.read(len(_Y4M))
    if first == _Y4M:
        yield from _grey_frames(video)
    elif first.startswith(_JPEG_BEGINS):
        yield from _jpegs(video, first)
    else:
        raise VideoUnreadable("it begins like neither")


def _grey_frames(video: BinaryIO) -> "Iterator[Grey]":
    np = _numpy()
    header = b" " + _line(video)
    size, colours = _SIZE.search(header), _COLOURS.search(header)
    if size is None:
        raise VideoUnreadable("its header names no size")
    width, height = int(size[1]), int(size[2])
    if not 0 < width * height <= IMAGE_PIXELS_MAX:
        raise ImageTooLarge(IMAGE_PIXELS_MAX, "pixels")
    # Only 8-bit spaces are known: 420jpeg, 420mpeg2 and the like are all 420.
    name = re.match(rb"mono|420|422|444", colours[1] if colours else b"420")
    if name is None or (colours and re.search(rb"p1[0-6]|mono1", colours[1])):
        raise VideoUnreadable("its colours are not of eight bits")
    quarters = _COLOUR_QUARTERS[name[0]]
    # Half a pair of columns or rows still has its colour.
    even = (width + width % 2) * (height + height % 2)
    colour_bytes = even * quarters // 4 if quarters != 8 else 2 * width * height
    while (line := _line(video)).startswith(b"FRAME"):
        grey = _exactly(video, width * height)
        if grey is None or _exactly(video, colour_bytes) is None:
            return  # it breaks off amid a frame, as a pipe does
        yield np.frombuffer(grey, np.uint8).reshape(height, width)
    if line:
        raise VideoUnreadable("a frame does not begin with FRAME")


def _jpegs(video: BinaryIO, first: bytes) -> Iterator[bytes]:
    """Cut where one ends and the next begins: a thumbnail inside ends without one."""
    buffer = bytearray(first)
    cut = _JPEG_ENDS + _JPEG_BEGINS
    while True:
        raw = video.read(READ_BYTES)
        # The cut may lie across two reads.
        looked = max(0, len(buffer) - len(cut))
        buffer += raw
        while (at := buffer.find(cut, looked)) >= 0:
            yield bytes(buffer[: at + len(_JPEG_ENDS)])
            del buffer[: at + len(_JPEG_ENDS)]
            looked = 0
        if len(buffer) > IMAGE_BYTES_MAX:
            raise ImageTooLarge(IMAGE_BYTES_MAX, "bytes")
        if not raw:
            break
    if buffer.rstrip(b"\0").endswith(_JPEG_ENDS):
        yield bytes(buffer)


def _line(video: BinaryIO) -> bytes:
    line = video.readline(HEADER_BYTES_MAX)
    if line and not line.endswith(b"\n"):
        raise VideoUnreadable("a line of it has no end")
    return line.rstrip(b"\n")


def _exactly(video: BinaryIO, count: int) -> bytes | None:
    """So many bytes, however a pipe cuts them; None when it ends before."""
    raw = video.read(count)
    while len(raw) < count:
        more = video.read(count - len(raw))
        if not more:
            return None
        raw += more
    return raw


def _numpy() -> ModuleType:
    try:
        import numpy as np  # noqa: PLC0415 — optional: only who reads images has it
    except ImportError:
        raise ScanExtraMissing from None
    return np
