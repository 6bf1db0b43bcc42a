import pytest

from ledger.money import Money, UnknownCommodity
from terminals.attempt import FollowUp, SaleLine
from terminals.pos_entry import (
    CodeAheadOfAmount,
    DayEntry,
    Entry,
    EntryRefused,
    HoldsCardNumber,
    NotAnEntry,
    NotAPaymentId,
    ReceiptEntry,
    SaleEntry,
    StatusEntry,
    parse_entry,
)
from terminals.typed_amount import NotAnAmount, TooManyDecimals

PAYMENT = "pay_" + "a" * 32
COFFEE, COFFEES = SaleLine("coffee", 2_500, "food", 2), Money(2_500, "QAR")


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        ("240", SaleEntry(Money(24_000, "QAR"), None)),
        ("240.00 A-17", SaleEntry(Money(24_000, "QAR"), "A-17")),
        ("12.50 EUR", SaleEntry(Money(1_250, "EUR"), None)),
        ("12.50 eur A-17", SaleEntry(Money(1_250, "EUR"), "A-17")),
        ("500 AVIOS", SaleEntry(Money(500, "AVIOS"), None)),
        (f"refund {PAYMENT}", FollowUp("refund", PAYMENT)),
        (f"refund {PAYMENT} 5", FollowUp("refund", PAYMENT, Money(500, "QAR"))),
        (f"refund {PAYMENT} 5 JPY", FollowUp("refund", PAYMENT, Money(5, "JPY"))),
        (f"void {PAYMENT}", FollowUp("void", PAYMENT)),
        (PAYMENT, ReceiptEntry(PAYMENT)),
        ("status 17", StatusEntry(17)),
        ("totals", DayEntry(close=False)),
        ("close", DayEntry(close=True)),
        (
            "items coffee/food=12.50x2 bag=80",
            SaleEntry(Money(10_500, "QAR"), None, (COFFEE, SaleLine("bag", 8_000))),
        ),
        ("items coffee/food=12.50x2 A-17", SaleEntry(COFFEES, "A-17", (COFFEE,))),
    ],
)
def test_a_line_is_what_it_says(line: str, entry: Entry) -> None:
    assert parse_entry(line.split(), "QAR") == entry


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("", NotAnEntry),
        ("refund", NotAnEntry),
        (f"void {PAYMENT} 5", NotAnEntry),
        (f"refund {PAYMENT} 5 QAR more", NotAnEntry),
        ("240 QAR A-17 more", NotAnEntry),
        ("240 QAR A§17", NotAnEntry),
        (f"240 QAR {'A' * 65}", NotAnEntry),
        ("refund A-17", NotAPaymentId),
        ("240 4111111111111111", HoldsCardNumber),
        ("240 QAR 4111-1111-1111-1111", HoldsCardNumber),
        ("items bag/4111111111111111=80", HoldsCardNumber),
        ("items bag=80 4111111111111111", HoldsCardNumber),
        ("refund pay_../../v1/me", NotAPaymentId),
        ("refund PIN4711", NotAPaymentId),
        ("A-17", NotAnAmount),
        ("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4", CodeAheadOfAmount),
        ("240 hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4", CodeAheadOfAmount),
        ("refund hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4", CodeAheadOfAmount),
        ("items", NotAnEntry),
        ("items A-17", NotAnEntry),
        ("items coffee", NotAnEntry),
        ("items =12", NotAnEntry),
        ("items coffee=1x0", NotAnEntry),
        ("items coffee=1 A-17 tea=2", NotAnEntry),
        (f"items {'c=90071992547409.91 ' * 2}", NotAnEntry),
        (f"items {'coffee=1 ' * 51}", NotAnEntry),
        ("items coffee=1.234", TooManyDecimals),
        ("status", NotAnEntry),
        ("status 1 2", NotAnEntry),
        ("status pay_a", NotAnEntry),
        ("totals now", NotAnEntry),
        ("1.5 JPY", TooManyDecimals),
        ("1 QQQ", UnknownCommodity),
    ],
)
def test_another_line_is_refused_and_never_repeated(
    line: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as refused:
        parse_entry(line.split(), "QAR")
    if issubclass(error, EntryRefused):
        assert all(word not in str(refused.value) for word in line.split()[1:])
