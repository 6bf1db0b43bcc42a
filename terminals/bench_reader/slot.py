"""A card in a slot of the bench: a program that answers APDUs, at the other end of the socket.

Put in and pull out are the connection's begin and end (ifd_airside.c). The card runs on a thread of
its own, for a reader asks when it likes; the one question after the other, as cards do.
"""

import os
import socket
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Protocol

POWER_ON, RESET, TELL_ATR = 1, 2, 4  # and 0, power off, which says nothing to a program

LENGTH_BYTES = 2


class CardProgram(Protocol):
    """What runs on a card. Both methods are called from one thread at a time."""

    atr: bytes

    def power(self) -> None:
        """The card gets power, or is reset: what it held in memory is gone."""

    def process(self, command: bytes) -> bytes:
        """Answer an APDU with data and status word. Raises Torn."""


class InHand:
    """A card without a reader, for who holds it. Implements CardLink."""

    def __init__(self, card: CardProgram) -> None:
        self._card = card

    def transmit(self, command: bytes) -> bytes:
        return self._card.process(command)


class Torn(Exception):
    """The card is pulled out instead of an answer. Of what it did before, all stays."""


class InSlot:
    """A card that was put in. Any thread may pull it out; then, or by itself, it is gone."""

    def __init__(self, card: CardProgram, slot: Path) -> None:
        self._card = card
        self._line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._line.connect(os.fspath(slot))
        self._thread = Thread(target=self._serve, name="card", daemon=True)
        self._thread.start()

    def pull(self) -> None:
        with suppress(OSError):
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    @property
    def gone(self) -> bool:
        return not self._thread.is_alive()

    def wait(self) -> None:
        """Until the reader, or somebody, ends it."""
        self._thread.join()

    def _serve(self) -> None:
        with self._line, suppress(Torn, OSError):
            while message := self._receive():
                answer = self._answer(message)
                if answer is not None:
                    self._line.sendall(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) > 1:
            return self._card.process(message)
        if message[0] == TELL_ATR:
            return self._card.atr
        if message[0] in {POWER_ON, RESET}:
            self._card.power()
        return None

    def _receive(self) -> bytes:
        """One message; empty at the end of the line."""
        prefix = self._exactly(LENGTH_BYTES)
        return self._exactly(int.from_bytes(prefix, "big")) if prefix else b""

    def _exactly(self, length: int) -> bytes:
        data = b""
        while len(data) < length:
            chunk = self._line.recv(length - len(data))
            if not chunk:
                return b""
            data += chunk
        return data
