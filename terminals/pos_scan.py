"""Where the codes come from: a scanner that types, a picture, a folder of camera frames."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from terminals.pos_screen import Screen, unechoed
from terminals.scanner import (
    FrameScanner,
    ImageScanner,
    KeyboardScanner,
    ScanExtraMissing,
    Scanner,
    ScanRefused,
)


class CodeSource:
    def __init__(self, options: argparse.Namespace, keys: TextIO, screen: Screen) -> None:
        self._image: Path | None = options.image
        self._frames: Path | None = options.frames
        self._keys = keys
        self._screen = screen

    def next(self) -> str | None:
        """A code, or None if the cashier cancels (Ctrl-C) or no more can come.

        A keyboard is asked again after a bad line; a picture does not get better.
        """
        while True:
            try:
                with unechoed(self._keys):
                    return self._scanner().scan()
            except KeyboardInterrupt:
                return None
            except (ScanRefused, ScanExtraMissing) as error:
                self._screen.says(error)
            except OSError as error:
                self._screen.line(f"{error.filename or 'the keyboard'}: {error.strerror}.")
                return None
            if self._image or self._frames:
                return None

    def _scanner(self) -> Scanner:
        """A new one each time: the picture of the next customer has the same name."""
        if self._image:
            return ImageScanner(self._image)
        if self._frames:
            return FrameScanner(_frames(self._frames))
        return KeyboardScanner(self._keys)


def _frames(folder: Path) -> Iterable[bytes]:
    return (path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
