"""Attempts: what a till asks for, from the request to the end that it shows.

Where they are kept stands in terminals/till_journal.py.
"""

from enum import StrEnum
from typing import Literal

import msgspec

from ledger.money import Money
from terminals.gateway_answer import Payment


class SaleLine(msgspec.Struct, frozen=True):
    """One line of what is sold. category: for the totals of the day."""

    text: str
    amount_minor: int
    category: str = ""
    quantity: int = 1


class Sale(msgspec.Struct, frozen=True, tag="sale"):
    amount: Money
    order: str
    place: str
    terminal: str
    code: str
    lines: tuple[SaleLine, ...] = ()

    def __repr__(self) -> str:
        return f"<Sale {self.order}, {self.amount}>"


class FollowUp(msgspec.Struct, frozen=True, tag="follow_up"):
    """amount: None for all of it. left: what there was to give back before, None if not read."""

    move: Literal["refund", "void"]
    payment: str
    amount: Money | None = None
    left: Money | None = None


class Outcome(StrEnum):
    """What a till shows. Each is the truth, UNKNOWN too."""

    PAID = "PAID"
    DECLINED = "DECLINED"
    NOT_PAID = "NOT PAID"
    REFUNDED = "REFUNDED"
    VOIDED = "VOIDED"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class Result(msgspec.Struct, frozen=True):
    """The end of an attempt. text: one sentence for the cashier. repeats: the number of the sale
    that this payment was for already, 0 for none; the same code scanned again for the same order.
    """

    outcome: Outcome
    text: str
    payment: Payment | None = None
    repeats: int = 0


class Origin(msgspec.Struct, frozen=True):
    """Where an attempt was sent and as whom. Asked of another gateway, or as another
    principal, a look-up finds nothing and a reversal bars a key that nobody used.
    """

    gateway: str
    principal: str


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """seq: its number in the till's journal. reversing: a reversal may have been sent, so an
    approval is no answer any more.
    """

    seq: int
    key: str
    origin: Origin
    at_ms: int
    request: Sale | FollowUp
    reversing: bool = False
    result: Result | None = None

    def ended(self, result: Result) -> "Attempt":
        """With its result, and without the code, which nothing needs now."""
        request = self.request
        if isinstance(request, Sale):
            request = msgspec.structs.replace(request, code="")
        return msgspec.structs.replace(self, request=request, result=result)
