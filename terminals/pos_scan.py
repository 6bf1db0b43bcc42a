"""Where a sale's payer comes from: a scanner that types, a picture, a camera, a card reader."""

import argparse
import select
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ledger.money import Money
from terminals.card_reader import ReaderTrouble
from terminals.card_taps import CardTaps, Cashier
from terminals.pos_screen import Screen, unechoed
from terminals.scanner import (
    FrameScanner,
    ImageScanner,
    KeyboardScanner,
    ScanExtraMissing,
    Scanner,
    ScanRefused,
)
from terminals.video import frames_of

if TYPE_CHECKING:
    from terminals.scanner import Frame


class CodeSource:
    """taps: where there is a card reader."""

    def __init__(
        self,
        options: argparse.Namespace,
        keys: TextIO,
        screen: Screen,
        taps: CardTaps | None = None,
    ) -> None:
        self._taps = taps
        self._terminal: str = options.terminal
        self._image: Path | None = options.image
        self._frames: Path | None = options.frames
        self._video: Path | None = options.video
        self._camera: FrameScanner | None = None
        self._keys = keys
        self._screen = screen

    def next(self, amount: Money) -> str | None:
        """A code, a tap or a number; None if the cashier cancels (Ctrl-C) or no more can come.

        A keyboard is asked again after a bad line; a picture does not get better. A reader in
        trouble leaves this sale to the code.
        """
        taps = self._taps
        while True:
            try:
                with unechoed(self._keys):
                    if taps and (tap := taps.next(amount, self._terminal)):
                        return tap
                    if taps and not has_typed(self._keys):
                        return None
                    return self._scanner().scan()
            except KeyboardInterrupt:
                return None
            except ReaderTrouble as error:
                self._screen.says(error)
                self._screen.line("No card can be read just now: scan the code.")
                taps = None
                continue
            except (ScanRefused, ScanExtraMissing) as error:
                self._screen.says(error)
            except OSError as error:
                self._screen.line(f"{error.filename or 'the keyboard'}: {error.strerror}.")
                return None
            if self._image or self._frames or self._video:
                return None

    def _scanner(self) -> Scanner:
        """A new one each time: the picture of the next customer has the same name."""
        if self._image:
            return ImageScanner(self._image)
        if self._frames:
            return FrameScanner(_frames(self._frames))
        if self._video:
            return self._watching(self._video)
        return KeyboardScanner(self._keys)

    def _watching(self, path: Path) -> Scanner:
        """A file is watched from its beginning for each customer. A camera behind a pipe goes on,
        and is remembered: the code that was just paid is still in its view.
        """
        if path.is_file():
            return FrameScanner(_video(path))
        if self._camera is None:
            self._camera = FrameScanner(_video(path))
        return self._camera


def _video(path: Path) -> "Iterator[Frame]":
    with path.open("rb") as video:
        yield from frames_of(video)


def cashier(keys: TextIO, screen: Screen) -> Cashier:
    """What a card reader needs of the people at the till."""

    def pin() -> str | None:
        screen.prompt("PIN, or nothing: ")
        line = keys.readline().strip()
        screen.line()
        return line or None

    return Cashier(screen.line, pin, lambda: has_typed(keys))


def has_typed(keys: TextIO) -> bool:
    """Has somebody pressed Enter? Only a keyboard is asked: a file is always ready."""
    return keys.isatty() and bool(select.select([keys], [], [], 0)[0])


def _frames(folder: Path) -> Iterable[bytes]:
    return (path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file())
