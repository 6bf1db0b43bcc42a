"""The pages' own reader of QR codes: every version, every level, and a hand that shakes."""

import base64
import io
from random import Random

import pytest
import qrcode  # type: ignore[import-untyped]
from PIL import Image
from playwright.sync_api import Page

from tests.browser.desk import NARROW, Desk
from tests.scanning import distortions

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VERSION_MAX = 20
LEVELS = (
    qrcode.constants.ERROR_CORRECT_L,
    qrcode.constants.ERROR_CORRECT_M,
    qrcode.constants.ERROR_CORRECT_Q,
    qrcode.constants.ERROR_CORRECT_H,
)
TEXTS = ("0123456789012", "HELLO WORLD $5", "شاي 茶 thé", "000201" + "x" * 60)
# Stronger than these, a camera's next frame is awaited (docs/scanning.md has the native reader's).
DISTORTIONS = [
    ("blur", 2),
    ("motion", 5),
    ("rotation", 45),
    ("tilt", 30),
    ("shadow", 40),
    ("gate", 1),
]

_READ = """async (pictures) => {
  const { readCodes } = await import("/static/js/qr_read.js");
  const texts = [];
  for (const picture of pictures) {
    const image = new Image();
    image.src = `data:image/png;base64,${picture}`;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    texts.push(readCodes(context.getImageData(0, 0, image.width, image.height)));
  }
  return texts;
}"""


def read(page: Page, pictures: list[Image.Image]) -> list[list[str]]:
    encoded = []
    for picture in pictures:
        file = io.BytesIO()
        picture.save(file, "PNG")
        encoded.append(base64.b64encode(file.getvalue()).decode())
    texts: list[list[str]] = page.evaluate(_READ, encoded)
    return texts


def draw(text: str, level: int, version: int) -> Image.Image:
    code = qrcode.QRCode(version=version, error_correction=level, box_size=3)
    code.add_data(text)
    code.make(fit=False)
    picture: Image.Image = code.make_image().convert("L")
    return picture


def test_every_version_and_level_is_read(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/")
    # Each version once, with the levels in turn; each level at the version of a payment code.
    cases = [
        (f"v{version}" + "y" * version, LEVELS[version % 4], version)
        for version in range(1, VERSION_MAX + 1)
    ]
    cases += [("z" * 40, level, 7) for level in LEVELS]
    cases += [(text, LEVELS[1], 5) for text in TEXTS]

    texts = read(page, [draw(*case) for case in cases])

    assert texts == [[text] for text, _, _ in cases]


def test_a_code_is_read_in_a_hand_that_shakes_and_never_as_another(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/")
    payload = "hQVDUFYwMWF" + "Airside0" * 15

    pictures = [
        Image.fromarray(getattr(distortions, name)(payload, Random(7), strength))
        for name, strength in DISTORTIONS
    ]

    assert read(page, pictures) == [[payload]] * len(DISTORTIONS)


def test_two_codes_in_view_are_both_seen_and_a_plain_desk_is_none(desk: Desk) -> None:
    page = desk.page(NARROW)
    page.goto("/")
    both = Image.new("L", (900, 450), 150)
    for left, text in ((20, "one"), (470, "other")):
        both.paste(draw(text, LEVELS[1], 5).resize((400, 400)), (left, 25))

    texts = read(page, [both, Image.new("L", (640, 480), 150)])

    assert [sorted(found) for found in texts] == [["one", "other"], []]
