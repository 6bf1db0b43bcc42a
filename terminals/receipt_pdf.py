"""A receipt as a PDF: one page of the paper roll's width, with the payment's id as a QR code.

Text stays text, so it can be searched and read aloud; the code is drawn as rectangles, so it is
sharp at any size. The font is Courier, which every reader has (PDF 32000-1, section 9.6.2.2) and
nothing must be embedded for; what it lacks (it has the letters of western Europe) is shown as `?`.
The same receipt is the same file, byte by byte: there is no date of making in it.
"""

from terminals.qr_image import dark_runs

# Points, 1/72 inch. 80 mm is the common paper roll; 40 columns of Courier 9 take 216.
WIDTH, MARGIN = 227, 5
FONT, LEADING = 9, 11
CODE_SIDE = 110


def receipt_pdf(text: str, scanned: str) -> bytes:
    """text: as it is printed. scanned: what the code under it says. Raises UndrawablePayload."""
    lines = text.splitlines()
    height = MARGIN * 4 + LEADING * len(lines) + CODE_SIDE
    content = [f"BT /F1 {FONT} Tf {LEADING} TL {MARGIN} {height - MARGIN - FONT} Td"]
    content += [f"({_escaped(line)}) Tj T*" for line in lines]
    content.append("ET")
    content += _code(scanned)
    return _file(height, "\n".join(content).encode("cp1252", "replace"))


def _code(scanned: str) -> list[str]:
    """In the middle, at the foot of the page, in whole modules."""
    side, runs = dark_runs(scanned)
    left = (WIDTH - CODE_SIDE) // 2
    lines = [f"q {CODE_SIDE} 0 0 {CODE_SIDE} {left} {MARGIN} cm"]
    lines.append(f"1 0 0 1 0 0 cm {_scaled(1, side)} 0 0 {_scaled(1, side)} 0 0 cm")
    lines += [f"{x} {side - y - 1} {width} 1 re" for x, y, width in runs]
    lines.append("f Q")
    return lines


def _scaled(part: int, whole: int) -> str:
    """A fraction as PDF writes numbers, in six places, without a float."""
    return f"0.{part * 10**6 // whole:06}"


def _escaped(line: str) -> str:
    """Section 7.3.4.2."""
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _file(height: int, content: bytes) -> bytes:
    """Section 7.5: objects, where each begins, and where to start."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %d %d] /Contents 5 0 R"
        b" /Resources << /Font << /F1 4 0 R >> >> >>" % (WIDTH, height),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content),
    ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    count = len(objects) + 1
    return out + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (count, table, count, len(out))
    )
