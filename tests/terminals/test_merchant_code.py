import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money, UnknownCommodity
from terminals import emv_mpm
from terminals.emv_mpm import AdditionalData, Initiation, Template, Tip, TipKind
from terminals.merchant_code import (
    GUID,
    MerchantCode,
    MerchantCodeUnreadable,
    NotMerchantPresented,
    NotOurMerchantCode,
    Shop,
    read_code,
    write_code,
)
from terminals.mpm_objects import InvalidMerchantPayload, Item

MERCHANT, ORDER = "mer_" + "a" * 24, "ord_" + "b" * 24
SHOP = Shop(merchant=MERCHANT, name="Pearl Lounge", mcc="4582", city="Doha", country="QA")
PRICE = Money(24_000, "QAR")


def test_a_static_code_names_merchant_currency_and_place() -> None:
    text = write_code(SHOP, currency="QAR", place="A7-32B")

    assert read_code(text) == MerchantCode(
        merchant=MERCHANT, currency="QAR", place="A7-32B"
    )
    assert emv_mpm.decode(text).initiation is Initiation.STATIC


def test_a_dynamic_code_names_its_order_and_amount_too() -> None:
    text = write_code(SHOP, currency="QAR", order=ORDER, amount=PRICE)

    assert read_code(text) == MerchantCode(
        merchant=MERCHANT, currency="QAR", order=ORDER, amount=PRICE
    )
    read = emv_mpm.decode(text)
    assert (read.initiation, read.amount) == (Initiation.DYNAMIC, "240.00")
    assert (read.name, read.city, read.mcc) == ("Pearl Lounge", "Doha", "4582")


@pytest.mark.parametrize(
    ("name", "plain", "local"),
    [
        ("Café Öl", "Cafe Ol", "Café Öl"),
        ("صالة اللؤلؤ", "-", "صالة اللؤلؤ"),
        ("最佳运输 Duty Free", "Duty Free", "最佳运输 Duty Free"),
        ("x" * 30, "x" * 25, "x" * 25),
    ],
)
def test_a_name_in_any_letters_stands_beside_one_in_ascii(
    name: str, plain: str, local: str
) -> None:
    shop = Shop(
        merchant=MERCHANT, name=name, mcc="4582", city="Doha", country="QA", language="ar"
    )

    read = emv_mpm.decode(write_code(shop, currency="QAR"))

    assert read.name == plain
    assert read.local == emv_mpm.LocalName("ar", local)


def test_points_have_no_code() -> None:
    with pytest.raises(UnknownCommodity):
        write_code(SHOP, currency="AVIOS")


def changed(text: str, **changes: object) -> str:
    payload = emv_mpm.decode(text)
    fields = {name: getattr(payload, name) for name in payload.__struct_fields__}
    return emv_mpm.encode(emv_mpm.MerchantPayload(**(fields | changes)))


STATIC = write_code(SHOP, currency="QAR")
DYNAMIC = write_code(SHOP, currency="QAR", order=ORDER, amount=PRICE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (changed(STATIC, accounts=(Item("02", "4"),)), r"tag 26\.00: no merchant account"),
        (changed(STATIC, accounts=(Template("26", "br.gov.bcb.pix"),)), r"tag 26\.00"),
        (changed(STATIC, accounts=(Template("26", GUID),)), r"tag 26\.01"),
        (changed(STATIC, accounts=(Template("26", GUID, (Item("01", "me"),)),)), r"26\.01"),
        (changed(STATIC, initiation=Initiation.DYNAMIC), "tag 01: a dynamic code"),
        (changed(DYNAMIC, initiation=Initiation.STATIC), "tag 01: a dynamic code"),
        (changed(DYNAMIC, initiation=None), "tag 01: a dynamic code"),
        (changed(STATIC, tip=Tip(TipKind.PROMPT)), "tag 55: tips and fees"),
        (changed(STATIC, currency="959"), "tag 53: it is no currency"),
        (
            changed(
                DYNAMIC,
                accounts=(Template("26", GUID, (Item("01", MERCHANT), Item("02", "x"))),),
            ),
            r"tag 26\.02: it is no id of an order",
        ),
    ],
)
def test_a_code_that_is_not_ours_to_pay_is_refused_by_its_tag(
    text: str, message: str
) -> None:
    with pytest.raises(NotOurMerchantCode, match=message):
        read_code(text)


@pytest.mark.parametrize(
    "text", [STATIC[:-1], changed(DYNAMIC, amount="1.999"), "hQVDUFYwMW"]
)
def test_what_is_no_merchants_code_is_refused(text: str) -> None:
    with pytest.raises(NotMerchantPresented):
        read_code(text)


def test_our_account_is_found_among_others_and_in_any_case() -> None:
    ours = Template("51", GUID.lower(), (Item("01", MERCHANT),))
    text = changed(STATIC, accounts=(Item("02", "4"), Template("26", "other"), ours))

    assert read_code(text).merchant == MERCHANT


@pytest.mark.parametrize("label", ["gate 4", "a;b", "<b>", "***"])
def test_a_place_that_we_did_not_write_is_not_taken_over(label: str) -> None:
    text = changed(STATIC, additional=AdditionalData(terminal_label=label))

    assert read_code(text).place == ""


@pytest.mark.parametrize("place", ["x" * 26, "a\nb", "最"])
def test_a_place_that_does_not_fit_is_not_written(place: str) -> None:
    with pytest.raises(InvalidMerchantPayload, match=r"tag 62\.07"):
        write_code(SHOP, currency="QAR", place=place)


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_registered_name_makes_a_code_that_is_read_or_is_refused(
    name: str, city: str
) -> None:
    shop = Shop(merchant=MERCHANT, name=name, mcc="4582", city=city, country="QA")
    try:
        text = write_code(shop, currency="QAR")
    except InvalidMerchantPayload:
        return

    assert read_code(text).merchant == MERCHANT


def test_all_refusals_are_one_family() -> None:
    assert issubclass(NotOurMerchantCode, MerchantCodeUnreadable)
    assert issubclass(NotMerchantPresented, MerchantCodeUnreadable)
