"""The bench of a test run: one private pcscd with some readers, and cards to put into them."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from random import Random
from threading import Event

import pytest

from terminals.bench_reader.daemon import Pcscd
from terminals.bench_reader.driver import missing_packages
from terminals.bench_reader.slot import CardProgram, InSlot, Torn
from terminals.bench_reader.wallet_program import WalletProgram
from terminals.card_reader import CardReader

READERS = 4
# Of a fifth of a second each: a reader shows within two of them that its card has gone.
LOOKS_MAX = 10
NAME = "Airside Bench"


class Bench:
    """drivers: where the compiled one is, for another pcscd that a test starts."""

    def __init__(self, daemon: Pcscd, drivers: Path) -> None:
        self.daemon = daemon
        self.drivers = drivers

    def reader_name(self, number: int = 0) -> str:
        """As pcscd makes it: the number of the reader, and of its only slot."""
        return f"{NAME} {number:02} 00"

    def reader(self, number: int = 0) -> CardReader:
        return CardReader(self.reader_name(number))

    @contextmanager
    def holding(self, card: CardProgram, number: int = 0) -> Iterator[InSlot]:
        """The card is in that reader until the block ends."""
        slot = InSlot(card, self.daemon.slots[number])
        try:
            yield slot
        finally:
            slot.pull()
            looks = count(1)
            with self.reader(number) as reader:
                # Or the next card is taken for the last one, which is about to be gone. Where a
                # till died with it, pcscd may show a mute card until the next one comes.
                reader.gone_unless(lambda: next(looks) > LOOKS_MAX)


class TornAt:
    """A card that is pulled out at one command: before it hears it, or before it has answered."""

    def __init__(self, card: CardProgram, at: int, *, heard: bool) -> None:
        self._card = card
        self._at = at
        self._heard = heard
        self.asked = 0
        self.atr = card.atr

    def power(self) -> None:
        self._card.power()

    def process(self, question: bytes) -> bytes:
        self.asked += 1
        if self.asked == self._at and not self._heard:
            raise Torn
        answer = self._card.process(question)
        if self.asked == self._at:
            raise Torn
        return answer


class Watched:
    """Tells when the till has done with the card: it resets it."""

    def __init__(self, program: CardProgram) -> None:
        self._program = program
        self._asked = False
        self.released = Event()
        self.atr = program.atr

    def power(self) -> None:
        self._program.power()
        if self._asked:
            self.released.set()

    def process(self, question: bytes) -> bytes:
        self._asked = True
        return self._program.process(question)


def an_empty_card(seed: int = 1) -> WalletProgram:
    return WalletProgram(Random(seed).randbytes)


def require_bench() -> None:
    if missing := missing_packages():
        pytest.fail(
            f"these tests need {' '.join(missing)}: `make test` installs them on Debian",
            pytrace=False,
        )
    if find_spec("smartcard") is None:
        pytest.fail('these tests need pyscard: pip install "airside[pcsc]"', pytrace=False)
