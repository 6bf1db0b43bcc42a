"""A second look at a frame in which nothing was found: smoothed, or sharpened.

Measured in docs/scanning.md: a grainy picture in the dark is read again once its grain is gone, and
one out of focus once its edges are back. Each look costs some 15 ms at VGA size, so a stream takes
one of them in turn for each frame: the next frame gets the other one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image, ImageFilter

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Grey = npt.NDArray[np.uint8]

# Larger frames are halved first: their codes have pixels to spare, and time goes with pixels.
PIXELS_MAX = 1_000_000

Look = Callable[[Image.Image], Image.Image]


def smoothed(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(1))


def sharpened(image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=3, percent=300, threshold=0))


LOOKS: tuple[Look, ...] = (smoothed, sharpened)


def look_again(grey: "Grey", look: Look) -> Image.Image:
    """The frame as the look shows it."""
    image = Image.fromarray(grey)
    while image.width * image.height > PIXELS_MAX:
        image = image.reduce(2)
    return look(image)
