"""The screen of the till: lines for the cashier, and a result that is seen from afar.

A result is told apart by its word, by the line around it and by colour, so that neither a
black-and-white screen nor a colour-blind cashier takes NOT PAID for PAID.
"""

import io
import termios
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import msgspec

from ledger.money import Money
from terminals.attempt import Attempt, Outcome, Sale, SaleLine
from terminals.gateway_answer import Payment
from terminals.qr_image import draw_png
from terminals.receipt import WIDTH, receipt_text
from terminals.receipt_pdf import receipt_pdf

# Black on green, white on red, black on yellow (ECMA-48, SGR).
_COLOURS = {"=": "30;42", "x": "97;41", "?": "30;43"}
_EDGES = {
    Outcome.PAID: "=",
    Outcome.REFUNDED: "=",
    Outcome.VOIDED: "=",
    Outcome.DECLINED: "x",
    Outcome.NOT_PAID: "x",
    Outcome.REFUSED: "x",
    Outcome.UNKNOWN: "?",
}


def wants_colour(out: TextIO, environ: Mapping[str, str]) -> bool:
    """On a terminal, unless it or its owner says no (NO_COLOR, TERM=dumb)."""
    return out.isatty() and not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


class Screen:
    def __init__(self, out: TextIO, *, colour: bool) -> None:
        self._out = out
        self._colour = colour

    def line(self, text: str = "") -> None:
        self._out.write(f"{_plain(text)}\n")
        self._out.flush()

    def says(self, error: object) -> None:
        """An error's text as a sentence."""
        text = str(error).removesuffix(".")
        self.line(f"{text[:1].upper()}{text[1:]}.")

    def prompt(self, text: str) -> None:
        self._out.write(_plain(text))
        self._out.flush()

    def result(self, attempt: Attempt) -> None:
        """The end of an attempt, and its receipt if there is a payment."""
        result = attempt.result
        assert result is not None
        edge = _EDGES[result.outcome]
        word, what = result.outcome.value, about(attempt)
        self.line()
        for text in (
            edge * WIDTH,
            f" {word}{what:>{WIDTH - 2 - len(word)}} ",
            edge * WIDTH,
        ):
            self._banner(text, edge)
        self.line(result.text)
        if result.payment:
            self.line()
            self.line(receipt(result.payment, sold_in(attempt)))
        self.line()

    def _banner(self, text: str, edge: str) -> None:
        text = _plain(text)
        self.raw(f"\x1b[{_COLOURS[edge]}m{text}\x1b[0m" if self._colour else text)

    def raw(self, text: str) -> None:
        self._out.write(f"{text}\n")
        self._out.flush()


def receipt(payment: Payment, sold: Sequence[SaleLine] = ()) -> str:
    builtins: Mapping[str, object] = msgspec.to_builtins(payment)
    return receipt_text(builtins, msgspec.to_builtins(list(sold)))


def sold_in(attempt: Attempt) -> Sequence[SaleLine]:
    """The lines of a sale; a refund does not say which of them come back."""
    return attempt.request.lines if isinstance(attempt.request, Sale) else ()


def write_receipt(file: Path, payment: Payment, sold: Sequence[SaleLine] = ()) -> None:
    """As the name of the file says: .pdf, .png for the code alone, text otherwise.

    The code holds the payment's id, which a till takes back for a refund. Raises OSError.
    """
    text = receipt(payment, sold)
    match file.suffix.lower():
        case ".pdf":
            file.write_bytes(receipt_pdf(text, payment.id))
        case ".png":
            file.write_bytes(draw_png(payment.id))
        case _:
            file.write_text(f"{text}\n", encoding="utf-8")


def about(attempt: Attempt) -> str:
    """What it is about, in a few words: an amount where one is known."""
    request = attempt.request
    if isinstance(request, Sale):
        return str(request.amount)
    if request.amount is not None:
        return str(request.amount)
    payment = attempt.result.payment if attempt.result else None
    if payment is None:
        return f"all of …{request.payment[-6:]}"
    return str(Money(payment.refunded_minor, payment.amount.currency))


def _plain(text: str) -> str:
    """Names come from elsewhere: none of them may steer the terminal."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


@contextmanager
def unechoed(keys: TextIO) -> Iterator[None]:
    """A code that a scanner types is not shown, and stays out of the terminal's history."""
    try:
        number = keys.fileno()
        before = termios.tcgetattr(number)
    except (termios.error, io.UnsupportedOperation):
        yield  # not a terminal
        return
    silent = list(before)
    silent[3] &= ~termios.ECHO
    # TCSADRAIN leaves alone what was typed ahead: a quick cashier has scanned already.
    termios.tcsetattr(number, termios.TCSADRAIN, silent)
    try:
        yield
    finally:
        termios.tcsetattr(number, termios.TCSADRAIN, before)
