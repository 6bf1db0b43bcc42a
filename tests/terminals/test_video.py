"""A code is read from a video file and from a camera's stream, however that is cut."""

import io
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals import video
from terminals.scanner import FrameScanner, ImageTooLarge, ScanRefused
from terminals.video import VideoUnreadable, frames_of
from tests.scanning.distortions import DESK, HEIGHT, WIDTH, Grey, gate
from tests.scanning.videos import COLOURS, motion_jpeg, y4m

EMPTY: Grey = np.full((HEIGHT, WIDTH), DESK, np.uint8)


class Pipe(io.RawIOBase):
    """Gives what it has in pieces, as a camera's pipe does."""

    def __init__(self, raw: bytes, seed: int = 1) -> None:
        self._left = io.BytesIO(raw)
        self._source = Random(seed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type] # any writable buffer
        raw = self._left.read(min(len(view), self._source.randrange(1, 30_000)))
        view[: len(raw)] = raw
        return len(raw)


def piped(raw: bytes) -> io.BufferedReader:
    return io.BufferedReader(Pipe(raw))


def shown(payload: str) -> list[Grey]:
    """Somebody comes, shows a phone at an angle in the evening, and goes."""
    source = Random(3)
    return [EMPTY, EMPTY, *[gate(payload, source, 1.5) for _ in range(3)], EMPTY]


@pytest.mark.parametrize("colours", COLOURS)
def test_a_code_is_read_from_a_video_of_any_colours(payload: str, colours: str) -> None:
    scanner = FrameScanner(frames_of(piped(y4m(shown(payload), colours))))

    assert list(iter(scanner.scan, None)) == [payload]


def test_a_code_is_read_from_motion_jpeg(payload: str) -> None:
    scanner = FrameScanner(frames_of(piped(motion_jpeg(shown(payload)))))

    assert list(iter(scanner.scan, None)) == [payload]


def test_every_frame_comes_out_as_it_went_in() -> None:
    frames = [np.full((4, 6), shade, np.uint8) for shade in (0, 128, 255)]

    read = list(frames_of(io.BytesIO(y4m(frames))))

    assert [np.asarray(frame).tolist() for frame in read] == [
        frame.tolist() for frame in frames
    ]
    assert len(list(frames_of(io.BytesIO(motion_jpeg(frames))))) == 3


@pytest.mark.parametrize("form", [y4m, motion_jpeg])
def test_a_video_that_breaks_off_ends_with_its_last_whole_frame(form: object) -> None:
    raw = form([EMPTY, EMPTY])  # type: ignore[operator] # one of two functions

    assert len(list(frames_of(io.BytesIO(raw[:-10])))) == 1


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "it begins like neither"),
        (b"RIFF....AVI LIST", "it begins like neither"),
        (b"YUV4MPEG2 F10:1\n", "its header names no size"),
        (b"YUV4MPEG2 W640 H480", "a line of it has no end"),
        (b"YUV4MPEG2 W640 H480 C420p10\n", "its colours are not of eight bits"),
        (b"YUV4MPEG2 W640 H480 C411\n", "its colours are not of eight bits"),
        (b"YUV4MPEG2 W2 H2 Cmono\nFRAME\n1234MORE", "a frame does not begin|no end"),
    ],
)
def test_what_is_no_video_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(VideoUnreadable, match=message):
        list(frames_of(io.BytesIO(raw)))


@pytest.mark.parametrize("size", [b"W0 H480", b"W99999 H99999"])
def test_a_size_out_of_bounds_is_refused_before_a_pixel_is_read(size: bytes) -> None:
    with pytest.raises(ImageTooLarge):
        list(frames_of(io.BytesIO(b"YUV4MPEG2 " + size + b" Cmono\nFRAME\n")))


def test_a_jpeg_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "IMAGE_BYTES_MAX", 100_000)

    with pytest.raises(ImageTooLarge):
        list(frames_of(io.BytesIO(b"\xff\xd8" + bytes(300_000))))


@given(st.binary(max_size=300), st.sampled_from([b"YUV4MPEG2 W8 H8 Cmono\n", b"\xff\xd8"]))
def test_any_bytes_are_read_or_refused_with_one_family_of_errors(
    raw: bytes, beginning: bytes
) -> None:
    try:
        for frame in frames_of(io.BytesIO(beginning + raw)):
            FrameScanner([frame]).scan()
    except ScanRefused:
        return
