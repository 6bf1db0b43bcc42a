"""Receipts as files: text stays text, and the code under it is read back as the payment's id."""

import io
import re
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from terminals.attempt import SaleLine
from terminals.gateway_answer import Amount, Payment
from terminals.pos_screen import receipt, write_receipt
from terminals.qr_image import dark_runs, draw_text
from terminals.receipt import WIDTH
from terminals.receipt_pdf import receipt_pdf

ID = "pay_" + "a" * 32
PAID = Payment(
    id=ID,
    status="captured",
    amount=Amount(22_500, "QAR"),
    captured_minor=22_500,
    refunded_minor=0,
    merchant="mer_a",
    merchant_name="Pearl (Lounge) \\ é",
    order="A-17",
    place="DOH-T1-B12",
    terminal="B12",
    at="2026-11-22T12:00:00.000Z",
    decline=None,
)
LINES = (
    SaleLine("Lounge, 3 hours", 20_000, "lounge"),
    SaleLine("Coffee", 2_500, "food", 2),
)


def test_a_receipt_shows_what_was_sold() -> None:
    text = receipt(PAID, LINES)

    assert "Lounge, 3 hours                   200.00" in text
    assert "2 x Coffee                         25.00" in text
    assert all(len(line) <= WIDTH for line in text.splitlines())


def test_a_name_that_is_too_long_keeps_the_amount() -> None:
    text = receipt(PAID, (SaleLine("x" * 60, 20_000),))
    [line] = [line for line in text.splitlines() if line.startswith("xxx")]
    assert (len(line), line.endswith(" 200.00")) == (WIDTH, True)


def test_a_pdf_is_whole_and_its_text_is_text() -> None:
    pdf = receipt_pdf(receipt(PAID, LINES), ID)

    assert pdf == receipt_pdf(receipt(PAID, LINES), ID)
    assert pdf.startswith(b"%PDF-1.4")
    assert rb"Pearl \(Lounge\) \\ " + "é".encode("cp1252") in pdf
    assert f"({ID}) Tj".encode() in pdf
    places = [int(place) for place in re.findall(rb"(\d{10}) 00000 n", pdf)]
    for number, place in enumerate(places, 1):
        assert pdf[place:].startswith(b"%d 0 obj" % number)
    [start] = re.findall(rb"startxref\n(\d+)", pdf)
    assert pdf[int(start) :].startswith(b"xref")
    [length] = re.findall(rb"/Length (\d+)", pdf)
    stream = pdf.partition(b"stream\n")[2].partition(b"\nendstream")[0]
    assert len(stream) == int(length)


def test_what_the_font_lacks_is_shown_as_a_question_mark() -> None:
    assert b"(???? 12) Tj" in receipt_pdf("قهوة 12", ID)


def test_the_code_on_a_receipt_is_read_by_the_tills_own_scanner() -> None:
    side, runs = dark_runs(ID)
    image = Image.new("L", (side * 4, side * 4), "white")
    draw = ImageDraw.Draw(image)
    for x, y, width in runs:
        draw.rectangle((x * 4, y * 4, (x + width) * 4 - 1, y * 4 + 3), fill="black")

    assert _read(image) == {ID}


def test_the_code_on_a_screen_is_the_same() -> None:
    rows = []
    for line in draw_text(ID).splitlines():
        rows.append([cell in "\N{FULL BLOCK}\N{UPPER HALF BLOCK}" for cell in line])
        rows.append([cell in "\N{FULL BLOCK}\N{LOWER HALF BLOCK}" for cell in line])
    shades = bytes(0 if dark else 255 for row in rows for dark in row)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), shades)

    assert _read(small.resize((small.width * 4, small.height * 4), 0)) == {ID}


def _read(image: Image.Image) -> set[str]:
    zxingcpp = pytest.importorskip("zxingcpp")
    return {found.text for found in zxingcpp.read_barcodes(image)}


@pytest.mark.parametrize(
    ("name", "start"), [("r.pdf", b"%PDF"), ("r.png", b"\x89PNG"), ("r.txt", b"    ")]
)
def test_the_name_of_the_file_says_what_is_written(
    name: str, start: bytes, tmp_path: Path
) -> None:
    write_receipt(tmp_path / name, PAID, LINES)
    written = (tmp_path / name).read_bytes()

    assert written.startswith(start)
    if name == "r.png":
        assert _read(Image.open(io.BytesIO(written))) == {ID}
