"""What a cashier types at the prompt: a sale, a refund or a void.

    240.00              a sale in the till's own currency
    12.50 EUR A-17      of another currency, for this order
    items coffee/food=12.50x2 bag=80.00 A-17
                        a sale of lines: NAME[/CATEGORY]=PRICE[xCOUNT]
    refund pay_…        all of it
    refund pay_… 5.00   a part
    void pay_…
    pay_…               its receipt, as it stands now
    status 17           what became of attempt number 17
    totals              the day so far, held against the gateway's books
    close               the same, and the day ends if both agree

No message repeats what was typed (terminals/typed_amount.py says why).
"""

import re
from collections.abc import Sequence

import msgspec

from ledger.money import AMOUNT_MINOR_MAX, Money
from terminals.attempt import FollowUp, SaleLine
from terminals.card_numbers import holds_card_number
from terminals.emv_cpm import PAYLOAD_PREFIX
from terminals.typed_amount import parse_amount

_CURRENCY = re.compile(r"[A-Za-z]{3,12}")
_ORDER = re.compile(r"[A-Za-z0-9._:/#-]{1,64}")
_ITEM = re.compile(
    r"(?P<name>[^\s=/]{1,24})(?:/(?P<category>[^\s=/]{1,16}))?"
    r"=(?P<price>[0-9.]{1,20})(?:x(?P<count>[1-9][0-9]{0,2}))?"
)
# More than a receipt of one sale should have; the paper is short.
LINES_MAX = 50
_PAYMENT = re.compile(r"pay_[a-z2-7]{32}")


class EntryRefused(ValueError):
    """The line is none of the above; the cashier may type again."""


class CodeAheadOfAmount(EntryRefused):
    def __init__(self) -> None:
        super().__init__("that was a payment code: type the amount first, then scan")


class NotAnEntry(EntryRefused):
    def __init__(self) -> None:
        super().__init__(
            "type AMOUNT [CURRENCY] [ORDER], or: items NAME=PRICE …, refund | void PAYMENT"
            " [AMOUNT], PAYMENT, status NUMBER, totals, close"
        )


class NotAPaymentId(EntryRefused):
    def __init__(self) -> None:
        super().__init__(
            "a payment's id is `pay_` and 32 letters or digits: see the receipt"
        )


class HoldsCardNumber(EntryRefused):
    """It would stand in the till's journal, and on the receipt."""

    def __init__(self) -> None:
        super().__init__("that could be a bank card's number, and none is typed here")


class SaleEntry(msgspec.Struct, frozen=True):
    """order: None for one that the till makes up. lines: they add up to the amount."""

    amount: Money
    order: str | None
    lines: tuple[SaleLine, ...] = ()


class ReceiptEntry(msgspec.Struct, frozen=True):
    payment: str


class StatusEntry(msgspec.Struct, frozen=True):
    sequence: int


class DayEntry(msgspec.Struct, frozen=True):
    close: bool


Entry = SaleEntry | FollowUp | ReceiptEntry | StatusEntry | DayEntry


def parse_entry(words: Sequence[str], currency: str) -> Entry:
    """currency: of an amount that names none.

    Raises EntryRefused, AmountRefused, UnknownCommodity.
    """
    if any(PAYLOAD_PREFIX in word for word in words):
        raise CodeAheadOfAmount
    if any(holds_card_number(word) for word in words if not word.startswith("pay_")):
        raise HoldsCardNumber
    match list(words):
        case ["refund", payment]:
            return FollowUp("refund", _payment_id(payment))
        case ["refund", payment, *amount]:
            return FollowUp("refund", _payment_id(payment), _amount(amount, currency))
        case ["void", payment]:
            return FollowUp("void", _payment_id(payment))
        case ["items", *words] if words:
            return _items(words, currency)
        case ["status", number] if number.isascii() and number.isdigit():
            return StatusEntry(int(number[:12]))
        case ["totals" | "close" as word]:
            return DayEntry(close=word == "close")
        case [payment] if payment.startswith("pay_"):
            return ReceiptEntry(_payment_id(payment))
        case ["refund" | "void" | "items" | "status" | "totals" | "close", *_] | []:
            raise NotAnEntry
        case [typed, *rest]:
            of_currency = rest[:1] if rest and _CURRENCY.fullmatch(rest[0]) else []
            money = _amount([typed, *of_currency], currency)
            return SaleEntry(money, _order(rest[len(of_currency) :]))
        case _:
            raise NotAnEntry


def _items(words: list[str], currency: str) -> SaleEntry:
    order = _order(words[-1:]) if "=" not in words[-1] else None
    lines = tuple(_line(word, currency) for word in words[: None if order is None else -1])
    if not lines or len(lines) > LINES_MAX:
        raise NotAnEntry
    total_minor = sum(line.amount_minor for line in lines)
    if total_minor > AMOUNT_MINOR_MAX:
        raise NotAnEntry
    return SaleEntry(Money(total_minor, currency), order, lines)


def _line(word: str, currency: str) -> SaleLine:
    match = _ITEM.fullmatch(word)
    if match is None:
        raise NotAnEntry
    price = parse_amount(match["price"], currency)
    count = int(match["count"] or 1)
    return SaleLine(
        match["name"], price.amount_minor * count, match["category"] or "", count
    )


def _amount(words: list[str], currency: str) -> Money:
    match words:
        case [typed]:
            return parse_amount(typed, currency)
        case [typed, of] if _CURRENCY.fullmatch(of):
            return parse_amount(typed, of.upper())
        case _:
            raise NotAnEntry


def _order(words: list[str]) -> str | None:
    match words:
        case []:
            return None
        case [order] if _ORDER.fullmatch(order):
            return order
        case _:
            raise NotAnEntry


def _payment_id(text: str) -> str:
    if not _PAYMENT.fullmatch(text):
        raise NotAPaymentId
    return text
