"""What a message says, as the values that services take. What it cannot say is refused by its
element, and no refusal shows a value.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import NewType

import msgspec

from ledger.currency_numbers import currency_of_number
from ledger.ids import MalformedId, Ref, parse_payment
from ledger.money import Money, UnknownCommodity
from ledger.time_text import day_text, parse_time
from terminals.card_numbers import holds_card_number
from terminals.iso8583 import profile
from terminals.iso8583.message import Message

ResponseCode = NewType("ResponseCode", str)

APPROVED = ResponseCode("00")
INVALID = ResponseCode("12")  # invalid transaction
BAD_AMOUNT = ResponseCode("13")
NO_SUCH_CARD = ResponseCode("14")
NOT_FOUND = ResponseCode("25")
FORMAT_ERROR = ResponseCode("30")
NOT_PERMITTED = ResponseCode("58")  # to the terminal
SECURITY = ResponseCode("63")
TOO_OFTEN = ResponseCode("65")  # exceeds frequency limit
UNAVAILABLE = ResponseCode("91")
DUPLICATE = ResponseCode("94")
DIFFERENCE = ResponseCode("95")
MALFUNCTION = ResponseCode("96")

PURCHASE, REFUND = "00", "20"
# Element 44 has this many characters.
REASON_CHARS_MAX = 25


class MessageRefused(Exception):
    """Nothing was judged about money. reason: of element 44, a name and never a value."""

    def __init__(self, code: ResponseCode, reason: str) -> None:
        assert len(reason) <= REASON_CHARS_MAX, "it must fit its element"
        super().__init__(f"{code} {reason}")
        self.code = code
        self.reason = reason


class Trace(msgspec.Struct, frozen=True):
    """Which message of a terminal: its number, and the day on its own clock."""

    day: str  # 2026-11-22
    stan: str

    @property
    def key(self) -> str:
        """The idempotency key: the same terminal, number and day is the same message."""
        return f"iso8583.{self.day}.{self.stan}"

    def days_beside(self) -> Iterator["Trace"]:
        day = date.fromisoformat(self.day)
        for days in (-1, 1):
            yield Trace((day + timedelta(days)).isoformat(), self.stan)


def refuse_card_data(message: Message) -> None:
    """A wallet is named by its code. A card's number, track or PIN is never wanted here."""
    for element in profile.CARD_DATA:
        if element in message.elements:
            raise MessageRefused(FORMAT_ERROR, f"element_{element}_refused")
    if holds_card_number(message.get(profile.ORDER)):
        raise MessageRefused(FORMAT_ERROR, "element_48_refused")
    if profile.REPLACEMENT in message.elements:
        raise MessageRefused(INVALID, "element_95_refused")


def require(message: Message, *elements: str) -> None:
    for element in elements:
        if element not in message.elements:
            raise MessageRefused(FORMAT_ERROR, f"element_{element}_missing")


def trace_of(message: Message, now_ms: int) -> Trace:
    require(message, profile.STAN, profile.LOCAL_DATE)
    day = _day(message.get(profile.LOCAL_DATE), now_ms, profile.LOCAL_DATE)
    return Trace(day, message.get(profile.STAN))


def original_of(message: Message, now_ms: int) -> tuple[str, Trace]:
    """Element 90: which message is meant. Its type; then its elements 11, 13 and 12, and zeros."""
    require(message, profile.ORIGINAL)
    text = message.get(profile.ORIGINAL)
    return text[:4], Trace(_day(text[10:14], now_ms, profile.ORIGINAL), text[4:10])


def money_of(message: Message) -> Money:
    require(message, profile.AMOUNT, profile.CURRENCY)
    amount_minor = int(message.get(profile.AMOUNT))
    if not amount_minor:
        raise MessageRefused(BAD_AMOUNT, "element_4_zero")
    return Money(amount_minor, currency_of(message, profile.CURRENCY))


def currency_of(message: Message, element: str) -> str:
    require(message, element)
    try:
        return currency_of_number(message.get(element))
    except UnknownCommodity:
        raise MessageRefused(FORMAT_ERROR, f"element_{element}_unknown") from None


def kind_of(message: Message) -> str:
    """PURCHASE or REFUND."""
    require(message, profile.PROCESSING_CODE)
    kind = message.get(profile.PROCESSING_CODE)[:2]
    if kind not in {PURCHASE, REFUND}:
        raise MessageRefused(INVALID, "element_3_unknown")
    return kind


def payment_of(message: Message) -> Ref | None:
    text = message.get(profile.PAYMENT)
    if not text:
        return None
    try:
        return parse_payment(text)
    except MalformedId:
        raise MessageRefused(NOT_FOUND, "element_63_unknown") from None


def order_of(message: Message, trace: Trace) -> str:
    """The merchant's reference, or the message's own place when it has none."""
    order = message.get(profile.ORDER).strip()
    return order or f"{message.get(profile.TERMINAL)}-{trace.day}-{trace.stan}"


def clock_off_ms(message: Message, now_ms: int) -> int:
    """How far the till's clock is ahead of ours, by element 7; 0 when it says no time."""
    sent = message.get(profile.SENT_AT)
    try:
        day = _day(sent[:4], now_ms, profile.SENT_AT)
        said_ms = parse_time(f"{day}T{sent[4:6]}:{sent[6:8]}:{sent[8:]}.000Z")
    except (ValueError, MessageRefused):
        return 0
    return said_ms - now_ms


def _day(month_day: str, now_ms: int, element: str) -> str:
    """The year is not sent: it is the one that puts the day nearest to now."""
    today = date.fromisoformat(day_text(now_ms))
    month, day = int(month_day[:2]), int(month_day[2:])
    candidates = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(date(year, month, day))
        except ValueError:
            continue
    if not candidates:
        raise MessageRefused(FORMAT_ERROR, f"element_{element}_no_day")
    return min(candidates, key=lambda one: abs(one - today)).isoformat()
