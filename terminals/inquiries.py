"""What a cashier may ask that moves no money: a receipt, a status, the day and its end."""

import asyncio
from typing import assert_never

import msgspec

from terminals.day_slip import day_slip
from terminals.gateway_answer import Payment, Refused, Unanswered
from terminals.pos_entry import DayEntry, ReceiptEntry, StatusEntry
from terminals.pos_screen import Screen, receipt
from terminals.till import Till
from terminals.till_day import Day
from terminals.till_status import Found, Status

DONE, NO_ANSWER, DIFFERS = 0, 4, 6

Inquiry = ReceiptEntry | StatusEntry | DayEntry


class Counter(msgspec.Struct, frozen=True):
    """What is around a till. names: whose it is, for the slip of a day."""

    till: Till
    screen: Screen
    runner: asyncio.Runner
    names: str


class Inquiries:
    def __init__(self, counter: Counter) -> None:
        self._till = counter.till
        self._screen = counter.screen
        self._runner = counter.runner
        self._names = counter.names

    def answer(self, entry: Inquiry) -> int:
        """The exit code that tells it."""
        match entry:
            case ReceiptEntry(payment=payment):
                return self._receipt(payment)
            case StatusEntry(sequence=sequence):
                return self._status(sequence)
            case DayEntry(close=close):
                return self._day(close=close)
            case entry:
                assert_never(entry)

    def _receipt(self, payment: str) -> int:
        match self._runner.run(self._till.read(payment)):
            case Payment() as found:
                self._screen.line(receipt(found, self._till.sold(payment)))
                return DONE
            case verdict:
                return self._not_answered(verdict)

    def _status(self, sequence: int) -> int:
        status = self._runner.run(self._till.status(sequence))
        self._screen.line(said_of(sequence, status))
        if status.payment:
            self._screen.line(receipt(status.payment))
        return DONE if status.found is Found.PROCESSED else NO_ANSWER

    def _day(self, *, close: bool) -> int:
        day = self._runner.run(self._till.day.look())
        if not isinstance(day, Day):
            return self._not_answered(day)
        closed = close and day.agrees
        if closed:
            self._till.day.close(day)
        self._screen.line(day_slip(day, self._names, closed=closed))
        return DONE if day.agrees else DIFFERS

    def _not_answered(self, verdict: Refused | Unanswered) -> int:
        why = verdict.detail if isinstance(verdict, Refused) else "No answer came."
        self._screen.says(why)
        return NO_ANSWER


def said_of(sequence: int, status: Status) -> str:
    """One line for the cashier."""
    text = f" {status.text}" if status.text else ""
    return f"Number {sequence}: {status.found.value}.{text}"
