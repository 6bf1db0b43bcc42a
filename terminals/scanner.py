"""Scanners: where a till gets payment codes from. The only importer of zxingcpp.

Three eyes, one protocol: an image (a screenshot, a test), a stream of camera frames, and a
keyboard-wedge scanner, which types what it reads and presses Enter. Each gives payload
texts and judges nothing but the prefix of the format; opening is the gateway's work.

More than one payment code in view is refused: guessing would charge a bystander. Other QR
codes in view (a poster, a boarding pass) are passed over.

Reading images needs zxing-cpp and numpy, the extra [scan]; they are imported when the
first image comes, so a till with a keyboard scanner runs without them.

Nothing that was scanned or typed is ever part of a message: it may be a payer's code, or a
PIN in the wrong field.
"""

import io
import itertools
import re
import struct
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Protocol, TextIO

from PIL import Image

from terminals.emv_cpm import PAYLOAD_CHARS_MAX, PAYLOAD_PREFIX
from terminals.gift_number import NotAGiftCard, NumberMistyped, read_line
from terminals.second_look import LOOKS, Look, look_again

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]
    Frame = Grey | bytes

# A photograph of a good phone has 12 million pixels, a 4K frame 8. Above this a small file
# that unpacks to gigabytes would stop the till; the size is read before the pixels are.
IMAGE_PIXELS_MAX = 25_000_000
IMAGE_BYTES_MAX = 32 * 1024 * 1024  # 25 million grey pixels, uncompressed, and room
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP")  # each decoder less is a way in less

# A code that is lost for some frames (a hand, a blur) and seen again is the same showing.
# Half a second at 20 frames per second: nobody takes a phone away and back faster.
FORGET_AFTER_FRAMES = 10

# A payload and what scanners put around it: control characters, an AIM identifier.
TYPED_LINE_CHARS_MAX = PAYLOAD_CHARS_MAX + 32

# What Pillow raises for damaged images, by format and place of the damage.
_DAMAGED = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error)

_AIM_IDENTIFIER = re.compile(r"\A\]Q[0-6]")  # ISO/IEC 15424: what was read is a QR code
_CONTROLS = "".join(map(chr, range(0x21))) + "\x7f"  # STX, ETX, CR, GS, ... and the space


class ScanRefused(ValueError):
    """Base: what was shown or typed gives no payload. The scanner may be asked again."""


class ImageUnreadable(ScanRefused):
    """The bytes are not an image of a known format, or the image is damaged."""

    def __init__(self) -> None:
        super().__init__(
            f"not a whole image ({', '.join(IMAGE_FORMATS)}, 8-bit grey frame)"
        )


class ImageTooLarge(ScanRefused):
    def __init__(self, allowed: int, unit: str) -> None:
        super().__init__(f"the image has more than {allowed} {unit}")


class NoCodeInImage(ScanRefused):
    def __init__(self) -> None:
        super().__init__("there is no payment code in the image")


class SeveralCodes(ScanRefused):
    def __init__(self, count: int) -> None:
        super().__init__(f"{count} payment codes are in view; show one at a time")


class TypedLineTooLong(ScanRefused):
    def __init__(self) -> None:
        super().__init__(f"more than {TYPED_LINE_CHARS_MAX} characters before Enter")


class TypedAheadOfCode(ScanRefused):
    """Keys were pressed before the scanner typed: it is unclear where the code begins."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} characters were typed before the code; scan it again")


class TypedNoCode(ScanRefused):
    def __init__(self) -> None:
        super().__init__(
            f"the line is not a payment code, which begins with {PAYLOAD_PREFIX}: "
            "check Caps Lock and the scanner's keyboard layout, then scan again"
        )


class StripeRefused(ScanRefused):
    """A stripe, and not of a gift card of ours."""


class ScanExtraMissing(ImportError):
    """The optional libraries that read images are not installed."""

    def __init__(self) -> None:
        super().__init__('reading QR codes from images needs: pip install "airside[scan]"')


class Scanner(Protocol):
    """`for payload in iter(scanner.scan, None)` takes every code there is."""

    def scan(self) -> str | None:
        """Wait for the next payload; None when no more can come. Raises ScanRefused."""


class ImageScanner:
    """Reads one image, once. A file that cannot be opened is an OSError.

    prefix: of the codes it looks for: a payer's, or a merchant's (terminals/emv_mpm.py).
    """

    def __init__(self, image: Path | bytes, prefix: str = PAYLOAD_PREFIX) -> None:
        self._image: Path | bytes | None = image
        self._prefix = prefix

    def scan(self) -> str | None:
        image, self._image = self._image, None
        if image is None:
            return None
        payload = _only(_seen(_grey_of(_image_bytes(image)), self._prefix, LOOKS))
        if payload is None:
            raise NoCodeInImage
        return payload


class FrameScanner:
    """Watches frames; a code that stays in view is given once."""

    def __init__(self, frames: "Iterable[Frame]", prefix: str = PAYLOAD_PREFIX) -> None:
        self._frames = iter(frames)
        self._prefix = prefix
        self._looks = itertools.cycle(LOOKS)
        self._last: str | None = None
        self._missed = 0

    def scan(self) -> str | None:
        for frame in self._frames:
            look = next(self._looks)
            payload = _only(_seen(_grey_of(frame), self._prefix, (look,)))
            if self._is_new(payload):
                return payload
        return None

    def _is_new(self, payload: str | None) -> bool:
        if payload is None:
            self._missed += 1
            if self._missed >= FORGET_AFTER_FRAMES:
                self._last = None
            return False
        self._missed = 0
        new = payload != self._last
        self._last = payload
        return new


class KeyboardScanner:
    """Takes lines from a scanner that types, with Enter (CR, LF or both) at their end."""

    def __init__(self, keys: TextIO) -> None:
        self._keys = keys

    def scan(self) -> str | None:
        while line := self._line():
            if typed := _AIM_IDENTIFIER.sub("", line.strip(_CONTROLS)).strip(_CONTROLS):
                return _checked(typed)
        return None

    def _line(self) -> str:
        """Read through Enter; empty at the end. Nothing is kept of a line too long."""
        line = self._keys.readline(TYPED_LINE_CHARS_MAX + 1)
        if len(line) <= TYPED_LINE_CHARS_MAX or line.endswith("\n"):
            return line
        while line and not line.endswith("\n"):
            line = self._keys.readline(TYPED_LINE_CHARS_MAX)
        raise TypedLineTooLong


def open_eyes() -> None:
    """Load what reads pictures, before somebody stands there and waits. Raises ScanExtraMissing."""
    _seen(_numpy().zeros((64, 64), "uint8"), PAYLOAD_PREFIX, LOOKS)


def _checked(typed: str) -> str:
    try:
        number = read_line(typed)
    except (NotAGiftCard, NumberMistyped) as error:
        raise StripeRefused(str(error)) from None
    if number is not None:
        return number
    match typed.find(PAYLOAD_PREFIX):
        case 0:
            return typed
        case -1:
            raise TypedNoCode
        case count:
            raise TypedAheadOfCode(count)


def _only(payloads: set[str]) -> str | None:
    if len(payloads) > 1:
        raise SeveralCodes(len(payloads))
    return next(iter(payloads), None)


def _seen(grey: "Grey", prefix: str, looks: Iterable[Look]) -> set[str]:
    """At the first look that shows any."""
    if found := _payloads(grey, prefix):
        return found
    for look in looks:
        if found := _payloads(look_again(grey, look), prefix):
            return found
    return set()


def _payloads(grey: "Grey | Image.Image", prefix: str) -> set[str]:
    zxingcpp = _zxingcpp()
    found = zxingcpp.read_barcodes(
        grey, formats=zxingcpp.BarcodeFormat.QRCode, text_mode=zxingcpp.TextMode.Plain
    )
    return {code.text for code in found if code.text.startswith(prefix)}


def _grey_of(frame: "Frame") -> "Grey":
    """Check the frame, and stretch its greys to the whole range.

    The reader finds nothing in a code of twenty grey levels (a dim screen behind glass);
    stretched, it reads every one.
    """
    np = _numpy()
    grey: Grey = np.asarray(_opened(frame)) if isinstance(frame, bytes) else frame
    if grey.ndim != 2 or grey.dtype != np.uint8 or not grey.size:
        raise ImageUnreadable
    if grey.size > IMAGE_PIXELS_MAX:
        raise ImageTooLarge(IMAGE_PIXELS_MAX, "pixels")
    low, high = int(grey.min()), int(grey.max())
    levels = (np.arange(256).clip(low, high) - low) * 255 // max(1, high - low)
    stretched: Grey = levels.astype(np.uint8)[grey]
    return stretched


def _image_bytes(image: Path | bytes) -> bytes:
    if isinstance(image, bytes):
        return image
    with image.open("rb") as file:
        return file.read(IMAGE_BYTES_MAX + 1)


def _opened(raw: bytes) -> Image.Image:
    """Decode to 8-bit grey, on white where the image is transparent."""
    if len(raw) > IMAGE_BYTES_MAX:
        raise ImageTooLarge(IMAGE_BYTES_MAX, "bytes")
    image = _header(raw)
    if image.width * image.height > IMAGE_PIXELS_MAX:
        raise ImageTooLarge(IMAGE_PIXELS_MAX, "pixels")
    try:
        if image.has_transparency_data:
            # Without paper a transparent pixel turns black, and the code drowns in it.
            paper = Image.new("RGBA", image.size, "white")
            paper.alpha_composite(image.convert("RGBA"))
            return paper.convert("L")
        return image.convert("L")
    except _DAMAGED:
        raise ImageUnreadable from None


def _header(raw: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(raw), formats=IMAGE_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge(IMAGE_PIXELS_MAX, "pixels") from None
    except _DAMAGED:
        raise ImageUnreadable from None


def _zxingcpp() -> ModuleType:
    try:
        import zxingcpp  # noqa: PLC0415 — optional: only who reads images has it
    except ImportError:
        raise ScanExtraMissing from None
    return zxingcpp


def _numpy() -> ModuleType:
    try:
        import numpy as np  # noqa: PLC0415 — optional: only who reads images has it
    except ImportError:
        raise ScanExtraMissing from None
    return np
