"""QR images: a payload as PNG bytes or as SVG text. The only importer of qrcode.

Both draw the same matrix with the quiet zone of four modules that ISO/IEC 18004 asks for.
The PNG has whole pixels per module, two levels, no smoothing; the SVG is one path in module
units, so it scales to any size without a blur and needs nothing from outside.
"""

import io
import itertools

import qrcode  # type: ignore[import-untyped]
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


class UndrawablePayload(ValueError):
    """The text is empty, too long, or not ASCII. The message does not show it."""

    def __init__(self, length: int) -> None:
        super().__init__(
            f"a text of {length} characters cannot be drawn: "
            f"1 to {PAYLOAD_CHARS_MAX} ASCII characters can"
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


def _matrix(payload: str) -> list[list[bool]]:
    """Lay out the rows of modules, dark is true, quiet zone included."""
    # Beyond ASCII a reader needs an ECI to know the charset, and qrcode writes none.
    if not 1 <= len(payload) <= PAYLOAD_CHARS_MAX or not payload.isascii():
        raise UndrawablePayload(len(payload))
    code = qrcode.QRCode(
        error_correction=ERROR_CORRECT_M,
        border=QUIET_ZONE_MODULES,
        mask_pattern=MASK_PATTERN,
    )
    # Byte mode by name: EMV CPM allows no other, and the library would choose by itself.
    code.add_data(qrcode.util.QRData(payload.encode(), mode=qrcode.util.MODE_8BIT_BYTE))
    rows: list[list[bool]] = code.get_matrix()
    return rows


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
