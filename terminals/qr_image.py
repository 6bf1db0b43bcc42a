"""QR images: a payload as PNG bytes or as SVG text. The only importer of qrcode.

Both draw the same matrix with the quiet zone of four modules that ISO/IEC 18004 asks for.
The PNG has whole pixels per module, two levels, no smoothing; the SVG is one path in module
units, so it scales to any size without a blur and needs nothing from outside.
"""

import io
import itertools
from bisect import bisect_left

import qrcode  # type: ignore[import-untyped]
import qrcode.base  # type: ignore[import-untyped]
import qrcode.util  # type: ignore[import-untyped]
from PIL import Image
from qrcode.constants import ERROR_CORRECT_M  # type: ignore[import-untyped]

from terminals.emv_cpm import PAYLOAD_CHARS_MAX

# A phone shows a module at 6 to 12 pixels. At 64 the longest payload makes 40 million
# pixels, one byte each while it is drawn.
MODULE_PX_MAX = 64

QUIET_ZONE_MODULES = 4

# Any of the eight masks may be read; the library's search for the prettiest draws all
# eight and takes 20 ms instead of 3. A code is drawn for every minute of every open wallet.
MASK_PATTERN = 3

# ISO/IEC 18004, 7.4.2: "what follows is in this charset", and the number of UTF-8. Without it a
# reader guesses, and EMV QRCPS MPM 4.12.1 asks for it wherever a text is not plain ASCII.
_ECI_MODE, _ECI_UTF_8 = 0b0111, 26
_PADDING = (0xEC, 0x11)

_HALVES = {
    (False, False): " ",
    (True, False): "\N{UPPER HALF BLOCK}",
    (False, True): "\N{LOWER HALF BLOCK}",
    (True, True): "\N{FULL BLOCK}",
}


class UndrawablePayload(ValueError):
    """The text is empty, too long, or has no UTF-8 form. The message does not show it."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"a text of {length} characters cannot be drawn: "
            f"1 to {PAYLOAD_CHARS_MAX} characters can"
        )


class UndrawableSize(ValueError):
    def __init__(self, module_px: int) -> None:
        super().__init__(
            f"{module_px} pixels per module: 1 to {MODULE_PX_MAX} can be drawn"
        )


def draw_png(payload: str, module_px: int = 8) -> bytes:
    """Draw the payload, module_px pixels to a module. Raises UndrawablePayload, -Size."""
    if not 1 <= module_px <= MODULE_PX_MAX:
        raise UndrawableSize(module_px)
    matrix = _matrix(payload)
    side = len(matrix)
    shades = bytes(0 if dark else 255 for row in matrix for dark in row)
    modules = Image.frombytes("L", (side, side), shades)
    # Nearest: every other filter makes grey edges, which cost a reader its contrast.
    image = modules.resize((side * module_px,) * 2, Image.Resampling.NEAREST)
    out = io.BytesIO()
    image.convert("1").save(out, "PNG", optimize=True)
    return out.getvalue()


def draw_svg(payload: str) -> str:
    """Draw the payload as an SVG document of no fixed size. Raises UndrawablePayload."""
    matrix = _matrix(payload)
    side = len(matrix)
    path = "".join(_row_path(y, row) for y, row in enumerate(matrix))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" '
        'shape-rendering="crispEdges" role="img" aria-label="QR code">'
        f'<rect width="{side}" height="{side}" fill="#fff"/>'
        f'<path fill="#000" d="{path}"/></svg>'
    )


def draw_text(payload: str) -> str:
    """Draw the payload for a terminal, two rows in a line of half blocks, dark on light.

    Where letters are light on dark, the terminal must be told to turn them round, as a full-screen
    till does. Raises UndrawablePayload.
    """
    matrix = _matrix(payload)
    matrix += [[False] * len(matrix)] * (len(matrix) % 2)
    pairs = zip(matrix[::2], matrix[1::2], strict=True)
    return "\n".join(
        "".join(_HALVES[above, below] for above, below in zip(*pair, strict=True))
        for pair in pairs
    )


def dark_runs(payload: str) -> tuple[int, list[tuple[int, int, int]]]:
    """How many modules a side has, quiet zone included, and where dark ones stand: x, y, width.

    Raises UndrawablePayload.
    """
    matrix = _matrix(payload)
    runs = []
    for y, row in enumerate(matrix):
        x = 0
        for dark, run in itertools.groupby(row):
            width = len(list(run))
            if dark:
                runs.append((x, y, width))
            x += width
    return len(matrix), runs


def _matrix(payload: str) -> list[list[bool]]:
    """Lay out the rows of modules, dark is true, quiet zone included."""
    if not 1 <= len(payload) <= PAYLOAD_CHARS_MAX:
        raise UndrawablePayload(len(payload))
    code = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M,
        border=QUIET_ZONE_MODULES,
        mask_pattern=MASK_PATTERN,
    )
    try:
        raw = payload.encode()
    except UnicodeEncodeError:  # a lone surrogate
        raise UndrawablePayload(len(payload)) from None
    if payload.isascii():
        # Byte mode by name: EMV allows no other, and the library would choose by itself.
        code.add_data(qrcode.util.QRData(raw, mode=qrcode.util.MODE_8BIT_BYTE))
    else:
        code.version, code.data_cache = _declared_utf_8(raw)
        code.makeImpl(test=False, mask_pattern=MASK_PATTERN)
    rows: list[list[bool]] = code.get_matrix()
    return rows


def _declared_utf_8(raw: bytes) -> tuple[int, list[int]]:
    """The symbol's version and codewords: charset, then bytes. The library cannot say a charset."""
    limits = qrcode.util.BIT_LIMIT_TABLE[ERROR_CORRECT_M]
    # A count of bytes has 8 bits in the nine smallest versions, and 16 above.
    version = bisect_left(limits, _header_bits(8) + 8 * len(raw), 1)
    if version > 9:
        version = bisect_left(limits, _header_bits(16) + 8 * len(raw), 10)
    buffer = qrcode.util.BitBuffer()
    buffer.put(_ECI_MODE, 4)
    buffer.put(_ECI_UTF_8, 8)
    buffer.put(qrcode.util.MODE_8BIT_BYTE, 4)
    buffer.put(len(raw), 8 if version <= 9 else 16)
    for byte in raw:
        buffer.put(byte, 8)
    # Four zero bits end it, as far as there is room; then whole bytes, then two in turn.
    buffer.put(0, min(4, limits[version] - len(buffer)))
    buffer.put(0, -len(buffer) % 8)
    fill = itertools.cycle(_PADDING)
    while len(buffer) < limits[version]:
        buffer.put(next(fill), 8)
    blocks = qrcode.base.rs_blocks(version, ERROR_CORRECT_M)
    return version, qrcode.util.create_bytes(buffer, blocks)


def _header_bits(count_bits: int) -> int:
    return 4 + 8 + 4 + count_bits


def _row_path(y: int, row: list[bool]) -> str:
    """Draw one rectangle for each run of dark modules: half the text of one per module."""
    path = ""
    x = 0
    for dark, run in itertools.groupby(row):
        width = len(list(run))
        if dark:
            path += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return path
