import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
import zxingcpp
from PIL import Image

from terminals import qr_image
from terminals.qr_image import UndrawablePayload, UndrawableSize, draw_png, draw_svg

SVG = "{http://www.w3.org/2000/svg}"

# ISO/IEC 18004 table C.1: fifteen format bits of level M with mask 3.
FORMAT_BITS_M3 = "101101101001011"


def matrix_of(png: bytes, module_px: int) -> list[list[bool]]:
    """Dark modules of the image; every pixel of a module is like its first."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    modules = pixels[::module_px, ::module_px]
    blown_up = modules.repeat(module_px, axis=0).repeat(module_px, axis=1)
    assert np.array_equal(blown_up, pixels)
    assert set(np.unique(pixels)) == {0, 255}
    return [[bool(dark) for dark in row] for row in modules == 0]


def matrix_of_svg(svg: str) -> list[list[bool]]:
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    path = root.findall(f"{SVG}path")[0].attrib["d"]
    rows = [[False] * side for _ in range(side)]
    run = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
    assert run.sub("", path) == ""
    for x, y, width, back in (map(int, found.groups()) for found in run.finditer(path)):
        assert width == back
        rows[y][x : x + width] = [True] * width
    return rows


def test_a_payment_code_is_version_7_with_level_m_and_mask_3(payload: str) -> None:
    rows = matrix_of(draw_png(payload, 1), 1)
    code = [row[4:-4] for row in rows[4:-4]]
    around_corner = [code[8][x] for x in (0, 1, 2, 3, 4, 5, 7, 8)]
    around_corner += [code[y][8] for y in (7, 5, 4, 3, 2, 1, 0)]

    assert len(code) == 17 + 4 * 7
    assert "".join("01"[dark] for dark in around_corner) == FORMAT_BITS_M3


def test_the_quiet_zone_is_four_white_modules(payload: str) -> None:
    rows = np.array(matrix_of(draw_png(payload, 3), 3))

    assert not rows[:4].any()
    assert not rows[-4:].any()
    assert not rows[:, :4].any()
    assert not rows[:, -4:].any()
    assert rows[4, 4]


@pytest.mark.parametrize("module_px", [1, 2, 8, 13])
def test_modules_are_whole_pixels_of_the_size_asked_for(
    payload: str, module_px: int
) -> None:
    png = draw_png(payload, module_px)

    assert Image.open(io.BytesIO(png)).size == (53 * module_px, 53 * module_px)
    assert matrix_of(png, module_px) == matrix_of(draw_png(payload, 1), 1)


def test_the_svg_draws_the_modules_of_the_png(payload: str) -> None:
    assert matrix_of_svg(draw_svg(payload)) == matrix_of(draw_png(payload), 8)


def test_the_svg_is_one_dark_path_on_white_that_scales_and_needs_nothing(
    payload: str,
) -> None:
    svg = draw_svg(payload)
    root = ET.fromstring(svg)
    paper, path = root

    assert root.attrib["viewBox"] == "0 0 53 53"
    assert not {"width", "height"} & set(root.attrib)
    assert (paper.tag, paper.attrib) == (
        f"{SVG}rect",
        {"width": "53", "height": "53", "fill": "#fff"},
    )
    assert (path.tag, path.attrib["fill"]) == (f"{SVG}path", "#000")
    assert not re.search(r"href|url\(|<script|<style", svg)


def test_the_same_payload_is_drawn_the_same(payload: str) -> None:
    assert draw_png(payload) == draw_png(payload)
    assert draw_svg(payload) == draw_svg(payload)


@pytest.mark.parametrize("text", ["7" * 200, "HQ" * 100, "/pay#ord_abc"])
def test_every_text_is_drawn_in_byte_mode_and_reads_back(text: str) -> None:
    png = draw_png(text, 2)
    other = draw_png("~" * len(text), 2)

    found = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)).convert("L"))
    assert [code.text for code in found] == [text]
    # Digits and capitals have denser modes, which would make a smaller image.
    assert Image.open(io.BytesIO(png)).size == Image.open(io.BytesIO(other)).size


@pytest.mark.parametrize("text", ["", "x" * 513, "\ud800"])
def test_a_text_that_no_reader_would_understand_is_not_drawn(text: str) -> None:
    with pytest.raises(UndrawablePayload, match=f"a text of {len(text)} characters"):
        draw_png(text)
    with pytest.raises(UndrawablePayload):
        draw_svg(text)


def with_charset(text: str) -> bytes:
    """What a reader hands on that tells the charset too (ISO/IEC 15424)."""
    image = Image.open(io.BytesIO(draw_png(text, 3))).convert("L")
    [found] = zxingcpp.read_barcodes(image, text_mode=zxingcpp.TextMode.HexECI)
    return bytes.fromhex(found.text)


@pytest.mark.slow
def test_a_text_beyond_ascii_says_its_charset_at_every_size() -> None:
    """000026 is UTF-8."""
    for length in [*range(1, 75), 88, 89, 511]:
        text = "é" + "最" * (length - 1)

        assert with_charset(text) == b"]Q2\\000026" + text.encode()


def test_a_text_in_ascii_needs_no_charset() -> None:
    assert with_charset("000201") == b"]Q1000201"


def test_the_longest_payload_is_drawn() -> None:
    assert Image.open(io.BytesIO(draw_png("x" * 512, 1))).size == (97, 97)


@pytest.mark.parametrize("module_px", [0, -1, qr_image.MODULE_PX_MAX + 1])
def test_a_module_size_out_of_bounds_is_refused(module_px: int) -> None:
    with pytest.raises(UndrawableSize, match=f"{module_px} pixels per module"):
        draw_png("x", module_px)
