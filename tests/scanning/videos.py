"""Videos that a test draws: the two forms that a till reads."""

import io
from collections.abc import Iterable

import numpy as np
from PIL import Image

from tests.scanning.distortions import Grey

COLOURS = {"mono": 0, "420": 2, "420jpeg": 2, "422": 4, "444": 8}


def y4m(frames: Iterable[Grey], colours: str = "420jpeg") -> bytes:
    shown = list(frames)
    height, width = shown[0].shape
    out = f"YUV4MPEG2 W{width} H{height} F10:1 Ip A1:1 C{colours}\n".encode()
    grey = bytes([128]) * (width * height * COLOURS[colours] // 4)
    for frame in shown:
        out += b"FRAME\n" + np.ascontiguousarray(frame).tobytes() + grey
    return out


def motion_jpeg(frames: Iterable[Grey]) -> bytes:
    out = b""
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame).save(file, "JPEG", quality=80)
        out += file.getvalue()
    return out
