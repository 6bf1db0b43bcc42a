"""What happens to a code between a phone and a till, made by hand: light, glass, angle, motion.

Each takes a picture of a phone as a camera would see it, 640 by 480 in grey, and one strength. All
randomness comes from the source that is handed in.
"""

import io
from collections.abc import Callable
from random import Random

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from terminals.qr_image import draw_png

Grey = npt.NDArray[np.uint8]
WIDTH, HEIGHT = 640, 480
SIDE_PX = 300  # of the code, when nothing is said of size
# A dark phone on a lighter desk: neither is black or white to a camera.
DESK, PHONE = 150, 40


def view(payload: str, source: Random, side_px: int = SIDE_PX) -> Grey:
    """The phone somewhere in the picture, straight, sharp, in good light."""
    code = Image.open(io.BytesIO(draw_png(payload))).convert("L")
    code = code.resize((side_px, side_px), Image.Resampling.LANCZOS)
    image = Image.new("L", (WIDTH, HEIGHT), DESK)
    x = (WIDTH - side_px) // 2 + source.randrange(-20, 21)
    y = (HEIGHT - side_px) // 2 + source.randrange(-20, 21)
    edge = side_px // 10
    image.paste(PHONE, (x - edge, y - 2 * edge, x + side_px + edge, y + side_px + 2 * edge))
    image.paste(code, (x, y))
    return np.asarray(image)


def size(payload: str, source: Random, side_px: float) -> Grey:
    return view(payload, source, int(side_px))


def blur(payload: str, source: Random, radius_px: float) -> Grey:
    """Out of focus."""
    return _of(_image(view(payload, source)).filter(ImageFilter.GaussianBlur(radius_px)))


def motion(payload: str, source: Random, length_px: float) -> Grey:
    """A hand that moves while the picture is taken."""
    grey = view(payload, source).astype(np.float32)
    steps = [np.roll(grey, step, axis=1) for step in range(int(length_px))]
    return _clipped(np.mean(steps, axis=0))


def noise(payload: str, source: Random, sigma: float) -> Grey:
    """A sensor in the dark."""
    grains = np.random.default_rng(source.getrandbits(32)).normal(0, sigma, (HEIGHT, WIDTH))
    return _clipped(view(payload, source) + grains)


def rotation(payload: str, source: Random, degrees: float) -> Grey:
    turned = _image(view(payload, source)).rotate(
        source.choice((-1, 1)) * degrees, Image.Resampling.BICUBIC, fillcolor=DESK
    )
    return _of(turned)


def tilt(payload: str, source: Random, degrees: float) -> Grey:
    """Held away from the camera by its upper edge, seen from the height of the picture's width."""
    return _of(_tilted(_image(view(payload, source)), degrees))


def contrast(payload: str, source: Random, levels: float) -> Grey:
    """A dim screen behind glass: so many grey levels between dark and light, at grey 100."""
    grey = view(payload, source).astype(np.float32)
    return _clipped(100 + (grey - 128) * levels / 255)


def shadow(payload: str, source: Random, depth: float) -> Grey:
    """Half of the code in the shade of a hand: there is so much per cent of the light."""
    grey = view(payload, source).astype(np.float32)
    lit = np.ones((HEIGHT, WIDTH), np.float32)
    lit[:, : WIDTH // 2 + source.randrange(-40, 41)] = depth / 100
    soft = _of(_image(_clipped(lit * 255)).filter(ImageFilter.GaussianBlur(8)))
    return _clipped(grey * soft / 255)


def glare(payload: str, source: Random, radius_px: float) -> Grey:
    """A lamp on the screen: a spot of white, softer at its rim."""
    x = WIDTH // 2 + source.randrange(-100, 101)
    y = HEIGHT // 2 + source.randrange(-100, 101)
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = np.hypot(xs - x, ys - y)
    light = 255 * np.clip(1.5 - distance / radius_px, 0, 1)
    return _clipped(view(payload, source) + light)


def jpeg(payload: str, source: Random, quality: float) -> Grey:
    """A cheap camera's own compression."""
    out = io.BytesIO()
    _image(view(payload, source)).save(out, "JPEG", quality=int(quality))
    return _of(Image.open(out).convert("L"))


def gate(payload: str, source: Random, strength: float) -> Grey:
    """All at once, as at a gate in the evening: turned, tilted, dim, out of focus, grainy."""
    image = _tilted(_image(view(payload, source, 240)), 10 * strength)
    image = image.rotate(source.uniform(-15, 15) * strength, fillcolor=DESK)
    image = image.filter(ImageFilter.GaussianBlur(0.5 * strength))
    grey = 110 + (_of(image).astype(np.float32) - 128) * (1 - 0.2 * strength) / 2
    grains = np.random.default_rng(source.getrandbits(32)).normal(
        0, 4 * strength, (HEIGHT, WIDTH)
    )
    return _clipped(grey + grains)


Distortion = Callable[[str, Random, float], Grey]

# Name, unit, and strengths from what is common to what is hopeless.
TABLE: tuple[tuple[Distortion, str, tuple[float, ...]], ...] = (
    (size, "px wide", (300, 200, 150, 120, 106, 90, 75)),
    (blur, "px radius", (1, 2, 2.5, 3, 3.5, 4, 5)),
    (motion, "px", (3, 5, 7, 9, 11, 13, 15)),
    (noise, "sigma", (10, 25, 50, 75, 100, 125, 150)),
    (rotation, "degrees", (5, 15, 30, 45, 90, 135, 180)),
    (tilt, "degrees", (10, 20, 30, 40, 50, 60, 70)),
    (contrast, "grey levels", (120, 60, 30, 20, 10, 5, 3)),
    (shadow, "% of light", (80, 60, 40, 30, 20, 15, 10)),
    (glare, "px radius", (10, 20, 30, 40, 60, 80, 120)),
    (jpeg, "quality", (75, 50, 30, 20, 10, 5, 2)),
    (gate, "strength", (0.5, 1, 1.5, 2, 2.5, 3, 4)),
)


def _tilted(image: Image.Image, degrees: float) -> Image.Image:
    """Perspective, from four corners; Pillow wants the map from the result to the source."""
    angle = np.radians(degrees)
    half_w, half_h, distance = WIDTH / 2, HEIGHT / 2, float(WIDTH)
    corners = []
    for x, y in ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)):
        depth = distance + (half_h - y) * np.sin(angle)
        scale = distance / depth
        corners.append(
            (half_w + (x - half_w) * scale, half_h + (y - half_h) * np.cos(angle) * scale)
        )
    rows, wanted = [], []
    for (u, v), (x, y) in zip(
        corners, ((0, 0), (WIDTH, 0), (WIDTH, HEIGHT), (0, HEIGHT)), strict=True
    ):
        rows += [[u, v, 1, 0, 0, 0, -x * u, -x * v], [0, 0, 0, u, v, 1, -y * u, -y * v]]
        wanted += [x, y]
    solved = np.linalg.solve(np.array(rows, np.float64), np.array(wanted, np.float64))
    return image.transform(
        (WIDTH, HEIGHT),
        Image.Transform.PERSPECTIVE,
        [float(one) for one in solved],
        Image.Resampling.BICUBIC,
        fillcolor=DESK,
    )


def _image(grey: Grey) -> Image.Image:
    return Image.fromarray(grey)


def _of(image: Image.Image) -> Grey:
    return np.asarray(image)


def _clipped(values: npt.NDArray[np.floating]) -> Grey:
    clipped: Grey = np.clip(values, 0, 255).astype(np.uint8)
    return clipped
