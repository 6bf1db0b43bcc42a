import io
import random
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from ledger.ids import derive_account
from terminals import scanner
from terminals.payment_code import CodeKeys, PaymentCode
from terminals.qr_image import draw_png
from terminals.scanner import (
    FrameScanner,
    ImageScanner,
    ImageTooLarge,
    ImageUnreadable,
    KeyboardScanner,
    NoCodeInImage,
    ScanExtraMissing,
    Scanner,
    ScanRefused,
    SeveralCodes,
    StripeRefused,
    TypedAheadOfCode,
    TypedLineTooLong,
    TypedNoCode,
)

Grey = npt.NDArray[np.uint8]


def sealed(number: int) -> str:
    """Another customer's code for each number."""
    source = random.Random(number)
    code = PaymentCode(derive_account("tests", str(number)), 0, number, 1_795_305_600_000)
    return CodeKeys([(1, bytes(32))], source.randbytes).seal(code)


PAYLOAD = sealed(0)
PNG = draw_png(PAYLOAD, 4)
BLANK: Grey = np.full((480, 640), 200, np.uint8)


def grey_of(png: bytes) -> Grey:
    return np.asarray(Image.open(io.BytesIO(png)).convert("L"))


def frame_of(*pngs: bytes) -> Grey:
    """A camera frame, 640 by 480, with these images side by side."""
    frame = BLANK.copy()
    for place, png in enumerate(pngs):
        code = grey_of(png)
        left = 20 + 320 * place
        frame[100 : 100 + len(code), left : left + len(code)] = code
    return frame


def png_of(image: Image.Image, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, "PNG", **options)
    return out.getvalue()


def all_of(source: Scanner) -> list[str]:
    return list(iter(source.scan, None))


# --- images ---------------------------------------------------------------------------


def test_an_image_gives_its_payload_once(tmp_path: Path) -> None:
    file = tmp_path / "code.png"
    file.write_bytes(PNG)

    assert all_of(ImageScanner(file)) == [PAYLOAD]
    assert all_of(ImageScanner(PNG)) == [PAYLOAD]


def rotated(frame: Grey) -> Grey:
    return np.asarray(
        Image.fromarray(frame).rotate(17, Image.Resampling.BICUBIC, fillcolor=200)
    )


def blurred(frame: Grey) -> Grey:
    return np.asarray(Image.fromarray(frame).filter(ImageFilter.GaussianBlur(1.5)))


def noisy(frame: Grey, sigma: int = 25) -> Grey:
    noise = np.random.default_rng(7).normal(0, sigma, frame.shape)
    return (frame + noise).clip(0, 255).astype(np.uint8)


def dim(frame: Grey) -> Grey:
    """Twenty of 256 levels: the reader alone finds nothing here."""
    return (frame // 13).astype(np.uint8)


def inverted(frame: Grey) -> Grey:
    return 255 - frame


def slanted(frame: Grey) -> Grey:
    tilt = (1, 0.15, -40, 0.05, 1.1, -30, 0.0001, 0.0002)
    image = Image.fromarray(frame)
    return np.asarray(
        image.transform(image.size, Image.Transform.PERSPECTIVE, tilt, fillcolor=200)
    )


def all_at_once(frame: Grey) -> Grey:
    return noisy(blurred(rotated(frame)) // 3 + 60, sigma=6)


@pytest.mark.parametrize(
    "distort", [rotated, blurred, noisy, dim, inverted, slanted, all_at_once]
)
def test_a_drawn_code_is_read_through_a_bad_camera(distort: Callable[[Grey], Grey]) -> None:
    frames = [distort(frame_of(draw_png(sealed(number), 5))) for number in range(3)]

    assert all_of(FrameScanner(frames)) == [sealed(number) for number in range(3)]


def test_a_code_on_transparent_ground_is_read() -> None:
    dark = Image.fromarray(255 - grey_of(PNG))
    clear = Image.merge("LA", (Image.new("L", dark.size, 0), dark))

    assert all_of(ImageScanner(png_of(clear))) == [PAYLOAD]


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "PNG"])
def test_three_formats_are_read_in_colour_too(kind: str) -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(PNG)).convert("RGB").save(out, kind)

    assert all_of(ImageScanner(out.getvalue())) == [PAYLOAD]


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(kind: str) -> None:
    out = io.BytesIO()
    Image.open(io.BytesIO(PNG)).convert("L").save(out, kind)

    with pytest.raises(ImageUnreadable, match="PNG, JPEG, WEBP"):
        ImageScanner(out.getvalue()).scan()


def test_an_image_without_a_payment_code_says_so() -> None:
    for image in (draw_png("https://example.org/menu"), png_of(Image.fromarray(BLANK))):
        source = ImageScanner(image)
        with pytest.raises(NoCodeInImage):
            source.scan()
        assert source.scan() is None


def test_two_payment_codes_in_one_image_are_refused() -> None:
    both = frame_of(PNG, draw_png(sealed(1), 4))

    with pytest.raises(SeveralCodes, match="2 payment codes"):
        ImageScanner(png_of(Image.fromarray(both))).scan()


def test_another_qr_code_beside_it_is_passed_over() -> None:
    both = frame_of(PNG, draw_png("https://example.org/menu", 4))

    assert all_of(ImageScanner(png_of(Image.fromarray(both)))) == [PAYLOAD]


def test_a_missing_file_is_an_error_of_the_system_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nothing-here"):
        ImageScanner(tmp_path / "nothing-here.png").scan()


@pytest.mark.parametrize(
    "raw",
    [b"", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(20), PNG[:60], PNG[:-30], bytes(99)],
)
def test_what_is_not_a_whole_image_is_refused(raw: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        ImageScanner(raw).scan()


def claiming(width: int, height: int) -> bytes:
    """A PNG of a hundred bytes that says it is this big."""
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"")),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data))
        + kind
        + data
        + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


# Above 25 million; above Pillow's warning; above Pillow's error.
@pytest.mark.parametrize("side", [5_001, 10_000, 60_000])
def test_an_image_above_the_pixel_limit_is_refused_before_it_is_unpacked(side: int) -> None:
    with pytest.raises(ImageTooLarge, match="more than 25000000 pixels"):
        ImageScanner(claiming(side, side)).scan()
    with pytest.raises(ImageUnreadable):  # as big as allowed, but empty
        ImageScanner(claiming(5_000, 5_000)).scan()


def test_a_file_above_the_size_limit_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "long.png"
    with file.open("wb") as out:
        out.truncate(scanner.IMAGE_BYTES_MAX + 1)  # a hole, which takes no room

    with pytest.raises(ImageTooLarge, match="bytes"):
        ImageScanner(file).scan()


@given(st.integers(8, len(PNG) - 1), st.binary(min_size=1, max_size=4))
def test_a_damaged_image_is_read_or_refused_with_one_family_of_errors(
    place: int, damage: bytes
) -> None:
    try:
        payload = ImageScanner(PNG[:place] + damage + PNG[place + len(damage) :]).scan()
    except ScanRefused:
        return

    assert payload == PAYLOAD


# --- frames ---------------------------------------------------------------------------


def test_a_code_that_stays_in_view_is_given_once() -> None:
    frame = frame_of(PNG)

    assert all_of(FrameScanner([BLANK, frame, frame, BLANK, frame, PNG, BLANK])) == [
        PAYLOAD
    ]


def test_the_next_customer_is_given_at_once() -> None:
    frames = [frame_of(draw_png(sealed(number), 4)) for number in (0, 0, 1, 1, 0)]

    assert all_of(FrameScanner(frames)) == [sealed(0), sealed(1), sealed(0)]


@pytest.mark.parametrize(("away", "times"), [(9, 1), (10, 2)])
def test_a_code_is_given_again_after_ten_frames_out_of_sight(away: int, times: int) -> None:
    frames = [frame_of(PNG), *[BLANK] * away, frame_of(PNG)]

    assert all_of(FrameScanner(frames)) == [PAYLOAD] * times


def test_only_frames_in_a_row_count_as_out_of_sight() -> None:
    glimpses = [frame_of(PNG), *[BLANK] * 6] * 3

    assert all_of(FrameScanner(glimpses)) == [PAYLOAD]


def test_frames_are_taken_one_by_one_and_not_ahead() -> None:
    frames = iter([BLANK, frame_of(PNG), frame_of(draw_png(sealed(1), 4))])
    source = FrameScanner(frames)

    assert source.scan() == PAYLOAD
    assert len(list(frames)) == 1


def test_watching_goes_on_after_a_frame_that_is_refused() -> None:
    both = frame_of(PNG, draw_png(sealed(1), 4))
    colour: Grey = np.zeros((20, 20, 3), np.uint8)
    source = FrameScanner([both, colour, b"not an image", np.zeros((0, 5), np.uint8), PNG])

    with pytest.raises(SeveralCodes):
        source.scan()
    for _ in range(3):
        with pytest.raises(ImageUnreadable):
            source.scan()
    assert all_of(source) == [PAYLOAD]


def test_a_frame_above_the_pixel_limit_is_refused() -> None:
    huge = np.broadcast_to(np.uint8(0), (5_001, 5_001))

    with pytest.raises(ImageTooLarge):
        FrameScanner([huge]).scan()


@pytest.mark.parametrize("library", ["numpy", "zxingcpp"])
def test_without_the_extra_the_error_says_what_to_install(
    library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)  # importing it is an ImportError now

    with pytest.raises(ScanExtraMissing, match=r'pip install "airside\[scan\]"'):
        ImageScanner(PNG).scan()
    assert KeyboardScanner(io.StringIO(PAYLOAD + "\n")).scan() == PAYLOAD


# --- keyboard -------------------------------------------------------------------------


def typed(text: str) -> KeyboardScanner:
    """Keys as standard input gives them: CR, LF and CR LF all end a line."""
    return KeyboardScanner(
        io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline=None)
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{PAYLOAD}\n",
        f"{PAYLOAD}\r",
        f"{PAYLOAD}\r\n",
        f"\x02{PAYLOAD}\x03\r",
        f"]Q1{PAYLOAD}\r\n",
        f"\x02]Q3{PAYLOAD}\x1d\x03\r\n",
        f"  {PAYLOAD}\t\n",
        f"\n\r\n\x02\x03\n{PAYLOAD}\n\n",
        PAYLOAD,
    ],
)
def test_a_typed_code_is_given_without_what_scanners_put_around_it(text: str) -> None:
    assert all_of(typed(text)) == [PAYLOAD]


def test_each_line_is_a_scan_even_of_the_same_code() -> None:
    assert all_of(typed(f"{PAYLOAD}\n{sealed(1)}\r{sealed(1)}\n")) == [
        PAYLOAD,
        sealed(1),
        sealed(1),
    ]


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        (f"240.00{PAYLOAD}", TypedAheadOfCode, "6 characters were typed before the code"),
        ("4111111111111111", StripeRefused, "bank cards are not swiped here"),
        (PAYLOAD.swapcase(), TypedNoCode, "Caps Lock"),
        (PAYLOAD[1:], TypedNoCode, "keyboard layout"),
        ("x" * 545, TypedLineTooLong, "more than 544 characters before Enter"),
        ("x" * 5_000, TypedLineTooLong, "more than 544"),
        (PAYLOAD * 5, TypedLineTooLong, "more than 544"),
    ],
)
def test_a_line_that_is_no_code_is_refused_without_showing_it(
    line: str, error: type[ScanRefused], message: str
) -> None:
    source = typed(f"{line}\n{PAYLOAD}\n")

    with pytest.raises(error, match=message) as caught:
        source.scan()
    assert line[:12] not in str(caught.value)
    assert line[-12:] not in str(caught.value)
    assert all_of(source) == [PAYLOAD]


def test_a_line_of_the_longest_length_is_taken_whole() -> None:
    longest = PAYLOAD + "x" * (544 - len(PAYLOAD))

    assert all_of(typed(f"{longest}\n{longest}")) == [longest, longest]


@given(st.lists(st.text(max_size=20) | st.just(PAYLOAD)).map("\n".join))
def test_any_keys_give_payloads_or_one_family_of_errors(text: str) -> None:
    source = KeyboardScanner(io.StringIO(text))
    for _ in range(text.count("\n") + 1):
        try:
            payload = source.scan()
        except ScanRefused:
            continue
        assert payload is None or payload.startswith("hQVDUFY")

    assert source.scan() is None
