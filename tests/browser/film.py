"""What a camera sees, as a film in a file: Chromium plays it where a camera would be.

It opens the file when a page opens the camera, so a test shows what it likes before that.
"""

import io
from pathlib import Path

from PIL import Image

from terminals.qr_image import draw_png

WIDTH, HEIGHT = 1280, 720
DESK = 150  # grey
CODE_PX = 520
FRAMES = 12


class Film:
    """Motion JPEG (a JPEG for each frame, one after the other), played over and over."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.show()

    @property
    def arguments(self) -> list[str]:
        return [
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-video-capture={self.path}",
        ]

    def show(self, *payloads: str) -> None:
        """Codes beside each other on a desk; with none, the desk."""
        image = Image.new("L", (WIDTH, HEIGHT), DESK)
        for place, payload in enumerate(payloads):
            code = Image.open(io.BytesIO(draw_png(payload))).convert("L")
            left = WIDTH * (2 * place + 1) // (2 * len(payloads)) - CODE_PX // 2
            image.paste(code.resize((CODE_PX, CODE_PX)), (left, (HEIGHT - CODE_PX) // 2))
        frame = io.BytesIO()
        image.convert("RGB").save(frame, "JPEG", quality=85)
        self.path.write_bytes(frame.getvalue() * FRAMES)
