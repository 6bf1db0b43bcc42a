"""The counter of `airside pos`: what the cashier types and sees around the till.

What is owed from before comes first, and nothing is sold while anything is owed: the same
customer could be charged twice. Ctrl-C at the scan cancels the sale; while the till waits for
the gateway it stops waiting, and the attempt stays owed.

Everything that blocks (the keyboard, a scanner) happens between two runs of the event loop,
so Ctrl-C reaches it.
"""

import argparse
import base64
import secrets
from collections.abc import Coroutine
from typing import Any, TextIO

import msgspec

from ledger.money import UnknownCommodity
from terminals.attempt import Attempt, FollowUp, Outcome, Sale
from terminals.gateway_answer import Refused
from terminals.inquiries import Counter, Inquiries, Inquiry
from terminals.pos_entry import Entry, EntryRefused, SaleEntry, parse_entry
from terminals.pos_scan import CodeSource
from terminals.pos_screen import sold_in, write_receipt
from terminals.till_settings import SaleRefused
from terminals.typed_amount import AmountRefused

DONE, DECLINED, NOT_PAID, UNKNOWN = 0, 3, 4, 5
EXIT_CODES = {
    Outcome.PAID: DONE,
    Outcome.REFUNDED: DONE,
    Outcome.VOIDED: DONE,
    Outcome.DECLINED: DECLINED,
    Outcome.NOT_PAID: NOT_PAID,
    Outcome.REFUSED: NOT_PAID,
    Outcome.UNKNOWN: UNKNOWN,
}

ORDER_BYTES = 10  # a made-up order reference: no two of one merchant meet


class Shop:
    """What the cashier sees of a till."""

    def __init__(
        self,
        options: argparse.Namespace,
        keys: TextIO,
        counter: Counter,
        codes: CodeSource,
    ) -> None:
        self._options = options
        self._keys = keys
        self._codes = codes
        self._screen = counter.screen
        self._till = counter.till
        self._runner = counter.runner
        self._inquiries = Inquiries(counter)

    def once(self) -> int:
        """One sale, refund or void, unless it is what was owed from before."""
        settled = self._settle()
        if self._till.owed():
            return UNKNOWN
        entry = self._entry_given() if self._given() else self._entry_typed()
        if entry is None:
            return NOT_PAID
        if isinstance(entry, Inquiry):
            return self._inquiries.answer(entry)
        for attempt in settled:
            if _is_same(attempt, entry):
                self._screen.line(
                    "That is what was asked for now, so it is not asked again."
                )
                return _exit_code(attempt)
        ended = self._serve(entry)
        if ended is None:
            return UNKNOWN if self._till.owed() else NOT_PAID
        return _exit_code(ended)

    def open(self) -> int:
        """Until Ctrl-D."""
        self._settle()
        while True:
            self._beat()
            while self._till.owed():
                if self._ask("Still owed: Enter asks again, Ctrl-D closes. ") is None:
                    return UNKNOWN
                self._settle()
            entry = self._entry_typed()
            if entry is None:
                return DONE
            if isinstance(entry, Inquiry):
                self._inquiries.answer(entry)
            else:
                self._serve(entry)

    def _beat(self) -> None:
        """Between two sales, for what the operator tells."""
        match self._runner.run(self._till.beat()):
            case Refused() as refusal:
                self._screen.says(refusal.detail)
            case _:
                pass

    def _settle(self) -> list[Attempt]:
        """Finish what is owed, as far as that can be done now."""
        settled = []
        for attempt in self._till.owed():
            self._screen.line(f"An earlier attempt is finished first: {_name(attempt)}")
            ended = self._finish(self._till.settle(attempt))
            if ended is None:
                break
            settled.append(ended)
        for attempt in self._till.for_a_person():
            self._screen.line(f"Not settled, ask the operator: {attempt.key}")
        return settled

    def _serve(self, entry: SaleEntry | FollowUp) -> Attempt | None:
        """None if nothing was asked of the gateway, or the cashier stopped waiting."""
        if self._options.receipt:
            # Last customer's receipt must not pass for this one's.
            self._options.receipt.unlink(missing_ok=True)
        if isinstance(entry, FollowUp):
            return self._finish(self._till.follow(entry))
        sale = self._sale(entry)
        return self._finish(self._till.take(sale)) if sale else None

    def _finish(self, act: Coroutine[Any, Any, Attempt]) -> Attempt | None:
        """Run it, show its end. None: interrupted, or the disk is full; what is owed stays."""
        try:
            ended = self._runner.run(act)
        except KeyboardInterrupt:
            self._screen.line("Stopped waiting.")
        except SaleRefused as error:
            self._screen.says(error)
        except OSError as error:
            self._screen.line(f"The till cannot write down what it does: {error.strerror}")
        else:
            self._show(ended)
            return ended
        owed = self._till.owed()
        self._screen.line("Its end is UNKNOWN." if owed else "Nothing was sent.")
        return None

    def _show(self, attempt: Attempt) -> None:
        assert attempt.result is not None
        self._screen.result(attempt)
        self._till.shown(attempt)
        file, payment = self._options.receipt, attempt.result.payment
        if not file or not payment:
            return
        try:
            write_receipt(file, payment, sold_in(attempt))
        except OSError as error:
            self._screen.line(f"The receipt is not in {file}: {error.strerror}.")

    def _sale(self, entry: SaleEntry) -> Sale | None:
        """With the code of whoever pays; None if there is none."""
        taps = self._options.reader is not None
        how = "tap the card, or scan the code" if taps else "scan the code"
        self._screen.line(f"{entry.amount}: {how}")
        code = self._codes.next(entry.amount)
        if code is None:
            self._screen.line("No code. Nothing was sent.")
            return None
        return Sale(
            amount=entry.amount,
            order=entry.order or made_up_order(),
            place=self._options.place,
            terminal=self._options.terminal,
            code=code,
            lines=entry.lines,
        )

    def _given(self) -> bool:
        return bool(self._options.words or self._options.amount)

    def _entry_given(self) -> Entry:
        """Raises EntryRefused, AmountRefused, UnknownCommodity."""
        words = self._options.words or [self._options.amount]
        entry = parse_entry(words, self._options.currency)
        if isinstance(entry, SaleEntry) and self._options.order:
            return msgspec.structs.replace(entry, order=self._options.order)
        return entry

    def _entry_typed(self) -> Entry | None:
        """None at the end of the keyboard."""
        prompt = f"Amount in {self._options.currency} (Ctrl-D closes): "
        while (line := self._ask(prompt)) is not None:
            try:
                if words := line.split():
                    return self._with_order(parse_entry(words, self._options.currency))
            except (EntryRefused, AmountRefused, UnknownCommodity) as error:
                self._screen.says(error)
        return None

    def _with_order(self, entry: Entry) -> Entry:
        order = self._options.order
        if order and isinstance(entry, SaleEntry) and entry.order is None:
            return msgspec.structs.replace(entry, order=order)
        return entry

    def _ask(self, prompt: str) -> str | None:
        if self._keys.isatty():
            self._screen.prompt(prompt)
        try:
            return self._keys.readline() or None
        except KeyboardInterrupt:
            return None


def made_up_order() -> str:
    return f"sale-{base64.b32encode(secrets.token_bytes(ORDER_BYTES)).decode().lower()}"


def _name(attempt: Attempt) -> str:
    request = attempt.request
    if isinstance(request, Sale):
        return f"order {request.order}, {request.amount}"
    return f"{request.move} of {request.payment}"


def _is_same(attempt: Attempt, entry: SaleEntry | FollowUp) -> bool:
    """Was this settled attempt what is asked for now? Then asking again would do it twice."""
    assert attempt.result is not None
    if EXIT_CODES[attempt.result.outcome] != DONE:
        return False
    match attempt.request, entry:
        case FollowUp() as request, FollowUp():
            whole = request.left if request.move == "refund" else None
            wanted = whole if entry.amount is None else entry.amount
            asked = (request.move, request.payment, request.amount)
            return asked == (entry.move, entry.payment, wanted)
        case Sale() as request, SaleEntry():
            return (request.order, request.amount) == (entry.order, entry.amount)
        case _:
            return False


def _exit_code(attempt: Attempt) -> int:
    assert attempt.result is not None
    return EXIT_CODES[attempt.result.outcome]
