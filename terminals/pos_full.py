"""`airside pos --full`: the till on a whole screen, for all day. The only importer of textual.

One stage is on the screen at a time: entry, scan, waiting, verdict, paper. Nothing is sold while
anything is owed, and a verdict stays until somebody has dealt with it. What the till may do, and
when, stands in terminals/till.py; here it is only shown.

Needs textual, the extra [till].
"""

import argparse
import io
from collections.abc import Coroutine
from typing import Any, ClassVar

import msgspec
from textual import on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import ContentSwitcher, Digits, Footer, Input, Static

from ledger.money import UnknownCommodity, format_minor
from terminals.attempt import Attempt, FollowUp, Outcome, Sale
from terminals.day_slip import day_slip
from terminals.gateway_answer import Payment, Refused, Unanswered
from terminals.inquiries import said_of
from terminals.pos_entry import (
    DayEntry,
    EntryRefused,
    ReceiptEntry,
    SaleEntry,
    StatusEntry,
    parse_entry,
)
from terminals.pos_full_side import Side
from terminals.pos_full_style import STYLE
from terminals.pos_screen import about, receipt, sold_in, write_receipt
from terminals.pos_till import OpenTill
from terminals.qr_image import draw_text
from terminals.scanner import KeyboardScanner, ScanRefused
from terminals.shop import DONE, UNKNOWN, made_up_order
from terminals.till_day import Day
from terminals.till_pulse import PULSE_S, Pulse
from terminals.till_settings import SaleRefused
from terminals.typed_amount import AmountRefused

_LOOK = {
    Outcome.PAID: "yes",
    Outcome.REFUNDED: "yes",
    Outcome.VOIDED: "yes",
    Outcome.DECLINED: "no",
    Outcome.NOT_PAID: "no",
    Outcome.REFUSED: "no",
    Outcome.UNKNOWN: "unsure",
}
HINT = (
    "240.00 · items coffee/food=12.50x2 bag=80 · scan a receipt · refund pay_… 5.00"
    " · status 17"
)


class FullTill(App[int]):
    """Returns the exit code. options: of `airside pos`."""

    CSS = STYLE
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Next"),
        Binding("f2", "day", "Day so far"),
        Binding("f3", "close_day", "Close the day"),
        Binding("f5", "settle", "Ask again"),
        Binding("f8", "refund_shown", "Refund this"),
        Binding("f10", "leave", "Leave"),
    ]

    def __init__(self, options: argparse.Namespace, opened: OpenTill) -> None:
        super().__init__()
        self._options = options
        self._opened = opened
        self._till = opened.till
        self._entry: SaleEntry | None = None
        self._shown: Payment | None = None
        self._busy = False

    def compose(self) -> ComposeResult:
        place = self._options.place
        whose = " · ".join(text for text in (self._opened.whose, place) if text)
        with Horizontal(id="top"):
            yield Static(whose, id="whose", markup=False)
            yield Static("", id="light", markup=False)
        with Horizontal(id="middle"):
            with ContentSwitcher(initial="entry", id="stages"):
                with Vertical(id="entry"):
                    yield Static("Amount, or what is to be done", classes="label")
                    yield Input(placeholder="0.00", id="typed")
                    yield Static(HINT, classes="hint", markup=False)
                    yield Static("", id="says", markup=False)
                with Vertical(id="scan"):
                    yield Static("Scan the code", classes="label")
                    yield Digits("", id="amount")
                    yield Static("", id="currency", markup=False)
                    yield Input(password=True, id="scanned")
                    yield Static("", id="refused", markup=False)
                with Vertical(id="waiting"):
                    yield Static("WAIT", classes="word")
                    yield Static("", id="told", markup=False)
                with VerticalScroll(id="verdict", can_focus=True):
                    yield Static("", id="word", markup=False)
                    yield Static("", id="why", markup=False)
                    yield Static("", id="receipt", markup=False)
                with VerticalScroll(id="paper", can_focus=True):
                    yield Static("", id="slip", markup=False)
                    yield Static("", id="code", markup=False)
            yield Side(self._opened.journal)
        yield Footer()

    async def on_mount(self) -> None:
        self.title = "Airside"
        self.set_interval(PULSE_S, self._begin_beat)
        self._begin_beat()
        self._open_entry()
        self.action_settle()

    # --- stages ---------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """A line from the till while it waits."""
        self.query_one("#told", Static).update(text)

    def _open(self, stage: str) -> None:
        self.query_one("#stages", ContentSwitcher).current = stage
        self.query_one(Side).look()

    def _open_entry(self, says: str = "") -> None:
        owed = len(self._till.owed())
        if owed and not says:
            says = f"{owed} still owed: F5 asks again. Nothing is sold before."
        self._open("entry")
        typed = self.query_one("#typed", Input)
        typed.value = ""
        typed.disabled = bool(owed)
        self.query_one("#says", Static).update(says)
        typed.focus()

    def _open_scan(self, entry: SaleEntry) -> None:
        self._entry = entry
        amount = entry.amount
        shown = format_minor(amount.amount_minor, amount.commodity)
        self.query_one("#amount", Digits).update(shown)
        self.query_one("#currency", Static).update(amount.commodity)
        self.query_one("#refused", Static).update("")
        self._open("scan")
        scanned = self.query_one("#scanned", Input)
        scanned.value = ""
        scanned.focus()

    def _open_paper(self, text: str, payment: Payment | None = None) -> None:
        self._shown = payment
        self.query_one("#slip", Static).update(text)
        code = self.query_one("#code", Static)
        code.update(draw_text(payment.id) if payment else "")
        code.display = payment is not None
        self._open("paper")
        self.query_one("#paper").focus()

    # --- what is typed --------------------------------------------------------------------

    @on(Input.Submitted, "#typed")
    def entered(self, event: Input.Submitted) -> None:
        words = event.value.split()
        if not words:
            return
        try:
            entry = parse_entry(words, self._options.currency)
        except (EntryRefused, AmountRefused, UnknownCommodity) as error:
            self._open_entry(_sentence(error))
            return
        match entry:
            case SaleEntry():
                self._open_scan(entry)
            case FollowUp():
                self._work(self._finish(self._till.follow(entry)))
            case ReceiptEntry(payment=payment):
                self._work(self._read(payment))
            case StatusEntry(sequence=sequence):
                self._work(self._status(sequence))
            case DayEntry(close=close):
                self._work(self._day(close=close))

    @on(Input.Submitted, "#scanned")
    def scanned(self, event: Input.Submitted) -> None:
        line, event.input.value = event.value, ""
        assert self._entry is not None, "a code is scanned for an entry"
        try:
            code = KeyboardScanner(io.StringIO(f"{line}\n")).scan()
        except ScanRefused as error:
            self.query_one("#refused", Static).update(_sentence(error))
            return
        if code is None:
            return
        entry = self._entry
        sale = Sale(
            amount=entry.amount,
            order=entry.order or made_up_order(),
            place=self._options.place,
            terminal=self._options.terminal,
            code=code,
            lines=entry.lines,
        )
        self._work(self._finish(self._till.take(sale)))

    async def action_back(self) -> None:
        if not self._busy:
            self._open_entry()

    def key_enter(self) -> None:
        """From a paper to the next sale. Not from a verdict: a scanner that reads twice would send
        it away unread.
        """
        if self.query_one("#stages", ContentSwitcher).current == "paper":
            self._open_entry()

    def action_day(self) -> None:
        self._work(self._day(close=False))

    def action_close_day(self) -> None:
        self._work(self._day(close=True))

    def action_settle(self) -> None:
        if self._till.owed():
            self._work(self._settle())

    def action_refund_shown(self) -> None:
        if self._shown is not None and not self._busy:
            refund = FollowUp("refund", self._shown.id)
            self._work(self._finish(self._till.follow(refund)))

    def action_leave(self) -> None:
        self.exit(UNKNOWN if self._till.owed() else DONE)

    # --- what is done ---------------------------------------------------------------------

    def _work(self, act: Coroutine[Any, Any, None]) -> None:
        """One thing at a time; the keyboard waits for it."""
        if self._busy:
            act.close()
            return
        self._busy = True
        self.tell("Asking …")
        self._open("waiting")
        self.run_worker(self._done(act), exit_on_error=True)

    async def _done(self, act: Coroutine[Any, Any, None]) -> None:
        try:
            await act
        except SaleRefused as error:
            self._open_entry(_sentence(error))
        except OSError as error:
            says = f"The till cannot write down what it does: {error.strerror}"
            self._open_entry(says)
        finally:
            self._busy = False

    async def _finish(self, act: Coroutine[Any, Any, Attempt]) -> None:
        self._show(await act)

    async def _settle(self) -> None:
        for attempt in self._till.owed():
            self.tell(f"An earlier attempt is finished first: number {attempt.seq}")
            self._show(await self._till.settle(attempt))

    def _show(self, attempt: Attempt) -> None:
        result = attempt.result
        assert result is not None
        verdict = self.query_one("#verdict")
        verdict.set_classes(_LOOK[result.outcome])
        self.query_one("#word", Static).update(f"{result.outcome.value}   {about(attempt)}")
        self.query_one("#why", Static).update(result.text)
        payment = result.payment
        self._shown = payment
        text = receipt(payment, sold_in(attempt)) if payment else ""
        self.query_one("#receipt", Static).update(text)
        self._till.shown(attempt)
        if payment and self._options.receipt:
            self._write_receipt(attempt, payment)
        self._open("verdict")
        verdict.focus()

    def _write_receipt(self, attempt: Attempt, payment: Payment) -> None:
        file = self._options.receipt
        try:
            write_receipt(file, payment, sold_in(attempt))
        except OSError as error:
            self.notify(f"The receipt is not in {file}: {error.strerror}.")

    async def _read(self, payment: str) -> None:
        match await self._till.read(payment):
            case Payment() as found:
                self._open_paper(receipt(found, self._till.sold(payment)), found)
            case verdict:
                self._open_entry(_why(verdict))

    async def _status(self, sequence: int) -> None:
        status = await self._till.status(sequence)
        shown = f"\n\n{receipt(status.payment)}" if status.payment else ""
        self._open_paper(said_of(sequence, status) + shown, status.payment)

    async def _day(self, *, close: bool) -> None:
        day = await self._till.day.look()
        if not isinstance(day, Day):
            self._open_entry(_why(day))
            return
        closed = close and day.agrees
        if closed:
            self._till.day.close(day)
        self._open_paper(day_slip(day, self._opened.whose, closed=closed))

    def _begin_beat(self) -> None:
        self.run_worker(self._beat(), group="beat", exclusive=True)

    async def _beat(self) -> None:
        beaten = await self._till.beat()
        light = self.query_one("#light", Static)
        match beaten:
            case Pulse() as pulse:
                settings = msgspec.structs.asdict(pulse.settings)["version"]
                text, look = f"live · settings {settings}", "live"
            case Refused():
                text, look = "refused by the gateway", "lost"
            case Unanswered():
                text, look = "no gateway", "lost"
            case None:
                text, look = "not of the registry", "quiet"
        light.set_classes(look)
        light.update(text)


def _sentence(error: object) -> str:
    text = str(error).removesuffix(".")
    return f"{text[:1].upper()}{text[1:]}."


def _why(verdict: Refused | Unanswered) -> str:
    return verdict.detail if isinstance(verdict, Refused) else "No answer came."
