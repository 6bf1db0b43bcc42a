"""What a till has asked and how it ended: one line each, on disk before anything leaves.

An exchange is written down, then sent; its end is written down, then shown. So whenever the till
is killed, what may have happened at the host is in the book as *owed*: a purchase or a hold is
reversed, a completion or a refund is repeated until it is answered, and so is the count of a day
(0500) with the figures that it was first asked with.

A wallet's code is kept as long as its exchange is owed, for a reversal must show it again. The
file is its owner's alone, and codes of what has ended are left out when it is opened next.
"""

import fcntl
import os
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import msgspec

from ledger.money import Money

STAN_MAX = 999_999


class Kind(StrEnum):
    PURCHASE = "purchase"
    HOLD = "hold"
    COMPLETION = "completion"
    REFUND = "refund"


class End(StrEnum):
    APPROVED = "approved"
    DECLINED = "declined"
    REVERSED = "reversed"  # it had happened, and was undone
    NEVER = "never"  # it had not happened, and never will


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """day, time: MMDD and hhmmss when it was first sent. elements: of the message, the wallet's
    code among them. batch: closed ones of its currency before it.
    """

    stan: int
    kind: Kind
    amount: Money
    day: str
    time: str
    elements: dict[str, str]
    batch: int

    def __repr__(self) -> str:
        return f"Exchange({self.stan}, {self.kind.value})"


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """response: element 39. payment: element 63, for what may follow."""

    stan: int
    end: End
    response: str = ""
    payment: str = ""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a day, as it was first asked. elements: its moment and its figures."""

    stan: int
    currency: str
    elements: dict[str, str]


class Line(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of the file. number: the last trace number that was given to anything. counted: the trace
    number of the count that was answered. closed: how many batches the host has agreed to, by
    currency, on the same line, so that no kill comes between.
    """

    exchange: Exchange | None = None
    ended: Ended | None = None
    number: int = 0
    closed: dict[str, int] = {}
    count: Count | None = None
    counted: int = 0


class BookInUse(Exception):
    def __init__(self, path: Path) -> None:
        super().__init__(f"another till has the book {path}")


class BookDamaged(Exception):
    """What stands there may be owed, so it is not passed over. The line is not shown: it may hold
    a wallet's code.
    """

    def __init__(self, path: Path, line: int) -> None:
        super().__init__(f"line {line} of the book {path} cannot be read")


class Book:
    """Opened by one till at a time: two would give one number to two messages.

    Raises BookInUse, BookDamaged.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = _locked(path)
        try:
            self._open(path)
        except BaseException:
            os.close(self._folder)
            raise

    def _open(self, path: Path) -> None:
        self.exchanges: dict[int, Exchange] = {}
        self.ends: dict[int, Ended] = {}
        self.count: Count | None = None  # owed: at most one
        self._closed: dict[str, int] = {}
        self._last = 0
        for line in _lines(path):
            self._take(line)
        self._write_anew()
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND)

    def close(self) -> None:
        os.close(self._file)
        os.close(self._folder)

    @property
    def owed(self) -> list[Exchange]:
        return [one for stan, one in self.exchanges.items() if stan not in self.ends]

    def batch_of(self, currency: str) -> int:
        """How many were closed: the host counts each currency by itself."""
        return self._closed.get(currency, 0)

    def next_stan(self) -> int:
        """On disk before it is used: no number names two messages of a day."""
        stan = self._last % STAN_MAX + 1
        self._put(Line(number=stan))
        return stan

    def begin(self, exchange: Exchange) -> None:
        self._put(Line(exchange=exchange))

    def end(self, ended: Ended) -> None:
        self._put(Line(ended=ended))

    def begin_count(self, count: Count) -> None:
        self._put(Line(count=count))

    def end_count(self, *, agreed: bool) -> None:
        assert self.count is not None, "only what was asked is answered"
        currency = self.count.currency
        closed = {currency: self.batch_of(currency) + 1} if agreed else {}
        self._put(Line(counted=self.count.stan, closed=closed))

    def _put(self, line: Line) -> None:
        _write(self._file, msgspec.json.encode(line) + b"\n")
        os.fsync(self._file)
        self._take(line)

    def _take(self, line: Line) -> None:
        if line.exchange:
            self.exchanges[line.exchange.stan] = line.exchange
            self.ends.pop(line.exchange.stan, None)  # a number that came round again
        if line.ended:
            self.ends[line.ended.stan] = line.ended
        self.count = None if line.counted else line.count or self.count
        self._last = line.number or self._last
        self._closed |= line.closed

    def _write_anew(self) -> None:
        """Without codes that are of no use any more; in one step, or not at all."""
        lines = [Line(number=self._last), Line(closed=dict(self._closed))]
        for stan, exchange in self.exchanges.items():
            ended = self.ends.get(stan)
            kept = msgspec.structs.replace(exchange, elements={}) if ended else exchange
            lines += [Line(exchange=kept)] + ([Line(ended=ended)] if ended else [])
        lines += [Line(count=self.count)] if self.count else []
        fresh = self._path.with_suffix(".new")
        file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            _write(file, b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
            os.fsync(file)
        finally:
            os.close(file)
        fresh.replace(self._path)
        os.fsync(self._folder)


def _lines(path: Path) -> Iterable[Line]:
    """A last line that a power cut tore was never relied on: nothing left before it was whole."""
    if not path.exists():
        return
    for number, raw in enumerate(path.read_bytes().split(b"\n")[:-1], 1):
        try:
            yield msgspec.json.decode(raw, type=Line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise BookDamaged(path, number) from None


def _locked(path: Path) -> int:
    """The folder, held until it is closed: a process that is killed lets go of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        raise BookInUse(path) from None
    return folder


def _write(file: int, raw: bytes) -> None:
    """All of it: a disk that is nearly full takes a part, and says so only when asked for more."""
    left = memoryview(raw)
    while left:
        left = left[os.write(file, left) :]
