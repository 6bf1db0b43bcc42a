import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.money import Money
from terminals import emv_mpm
from terminals.emv_mpm import (
    AdditionalData,
    Initiation,
    LocalName,
    MerchantPayload,
    Template,
    Tip,
    TipKind,
    amount_of,
    amount_texts,
)
from terminals.mpm_objects import InvalidMerchantPayload, Item
from terminals.mpm_widths import ADDITIONAL_FIELDS

# Annex B of the specification, as it circulates in public test suites (mvallim/emv-qrcode).
ANNEX_B = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D1560000000103081234567852044111"
    "5802CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.725303156550201"
    "6233030412340603***0708A60086670902ME91320016A0112233449988770708123456786304A13A"
)
# README of mvallim/emv-qrcode.
MVALLIM = (
    "00020101021102160004hoge0104abcd520441115303156540523.7255020256035005802CN5914BEST TRANS"
    "PORT6007BEIJING6107123456762800205678900305098760505abcde0705klmno0805pqres0903tuv1004abcd"
    "5016000412340104ijkl64280002ZH0102北京0204最佳运输0304abcd65020080320016A01122334499887707"
    "081234567863046325"
)
# phannaly/emv-qr-code; the second one's city is wider than the specification allows.
PHANNALY = (
    "00020101021252044131153137210116372101160123456789ABCDE6010Phnom Penh5913Merchant Shop"
    "5802KH540510.005303840622501081234567802090124444446304A0BA"
)
PHANNALY_WIDE = (
    "00020101021252044131153137210116372101160123456789ABCDE6016Banteay Meanchey5913Kuntheas "
    "Shop5802KH540510.005303840621201081234567863041FF2"
)
# Banco Central do Brasil, manual of standards for initiating a Pix, static code.
PIX = (
    "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-4266554400005204000053039865802BR"
    "5913Fulano de Tal6008BRASILIA62070503***63041D3D"
)

DECODED = {
    ANNEX_B: MerchantPayload(
        initiation=Initiation.DYNAMIC,
        accounts=(
            Template("29", "D15600000000", (Item("05", "A93FO3230Q"),)),
            Template("31", "D15600000001", (Item("03", "12345678"),)),
        ),
        mcc="4111",
        currency="156",
        amount="23.72",
        tip=Tip(TipKind.PROMPT),
        country="CN",
        name="BEST TRANSPORT",
        city="BEIJING",
        additional=AdditionalData(
            store_label="1234",
            customer_label=emv_mpm.ASK_THE_CUSTOMER,
            terminal_label="A6008667",
            consumer_data_request="ME",
        ),
        local=LocalName("ZH", "最佳运输", "北京"),
        unreserved=(Template("91", "A011223344998877", (Item("07", "12345678"),)),),
    ),
    MVALLIM: MerchantPayload(
        initiation=Initiation.STATIC,
        accounts=(Item("02", "0004hoge0104abcd"),),
        mcc="4111",
        currency="156",
        amount="23.72",
        tip=Tip(TipKind.FIXED, "500"),
        country="CN",
        name="BEST TRANSPORT",
        city="BEIJING",
        postal_code="1234567",
        additional=AdditionalData(
            mobile_number="67890",
            store_label="09876",
            reference_label="abcde",
            terminal_label="klmno",
            purpose="pqres",
            consumer_data_request="tuv",
            tax_id="abcd",
            specific=(Template("50", "1234", (Item("01", "ijkl"),)),),
        ),
        local=LocalName("ZH", "北京", "最佳运输", (Item("03", "abcd"),)),
        reserved=(Item("65", "00"),),
        unreserved=(Template("80", "A011223344998877", (Item("07", "12345678"),)),),
    ),
    PHANNALY: MerchantPayload(
        initiation=Initiation.DYNAMIC,
        accounts=(Item("15", "37210116372101160123456789ABCDE"),),
        mcc="4131",
        currency="840",
        amount="10.00",
        country="KH",
        name="Merchant Shop",
        city="Phnom Penh",
        additional=AdditionalData(bill_number="12345678", mobile_number="012444444"),
    ),
    PHANNALY_WIDE: MerchantPayload(
        initiation=Initiation.DYNAMIC,
        accounts=(Item("15", "37210116372101160123456789ABCDE"),),
        mcc="4131",
        currency="840",
        amount="10.00",
        country="KH",
        name="Kuntheas Shop",
        city="Banteay Meanchey",
        additional=AdditionalData(bill_number="12345678"),
    ),
    PIX: MerchantPayload(
        accounts=(
            Template(
                "26",
                "br.gov.bcb.pix",
                (Item("01", "123e4567-e12b-12d1-a456-426655440000"),),
            ),
        ),
        mcc="0000",
        currency="986",
        country="BR",
        name="Fulano de Tal",
        city="BRASILIA",
        additional=AdditionalData(reference_label=emv_mpm.ASK_THE_CUSTOMER),
    ),
}


@pytest.mark.parametrize("text", DECODED)
def test_the_published_payloads_are_read(text: str) -> None:
    assert emv_mpm.decode(text) == DECODED[text]


@pytest.mark.parametrize("text", [ANNEX_B, PHANNALY, PIX])
def test_the_published_payloads_are_written(text: str) -> None:
    """Objects may stand in any order; these stand in ours once they are written."""
    written = emv_mpm.encode(DECODED[text])

    assert emv_mpm.decode(written) == DECODED[text]
    assert sorted(written[6:-8]) == sorted(text[6:-8])
    assert len(written) == len(text)


def test_a_payload_in_the_order_of_its_tags_is_written_to_the_letter() -> None:
    assert emv_mpm.encode(DECODED[PIX]) == PIX


def test_the_check_value_of_the_crc_is_the_published_one() -> None:
    assert emv_mpm.crc("123456789") == "29B1"


def test_a_length_counts_characters_and_the_crc_counts_bytes() -> None:
    text = emv_mpm.encode(payload_of(local=LocalName("zh", "最佳运输")))

    assert "0104最佳运输" in text
    assert emv_mpm.crc(text[:-4]) == text[-4:]
    assert len(text[:-4].encode()) > len(text[:-4])


def payload_of(**changes: object) -> MerchantPayload:
    plain = {
        "accounts": (Item("02", "M-17"),),
        "mcc": "5309",
        "currency": "634",
        "country": "QA",
        "name": "Pearl",
        "city": "Doha",
    }
    return MerchantPayload(**(plain | changes))  # type: ignore[arg-type] # fields by name


def signed(body: str) -> str:
    """A text of these objects, with a right CRC."""
    unsigned = f"{body}6304"
    return unsigned + emv_mpm.crc(unsigned)


GOOD = "0002010204M-175204530953036345802QA5905Pearl6004Doha"


def test_the_plainest_payload_is_read() -> None:
    assert emv_mpm.decode(signed(GOOD)) == payload_of()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "tag 00: the text does not begin with the format indicator 01"),
        (GOOD.replace("000201", "000202"), "tag 00: the text does not begin"),
        (GOOD.replace("0204M-17", ""), "tag 02 to 51: there is no merchant account"),
        (GOOD.replace("52045309", ""), "tag 52: it is missing"),
        (GOOD.replace("52045309", "5204530X"), "tag 52: it is not four digits"),
        (GOOD.replace("5303634", ""), "tag 53: it is missing"),
        (GOOD.replace("5303634", "5303QAR"), "tag 53: it is not three digits"),
        (GOOD.replace("5802QA", ""), "tag 58: it is missing"),
        (GOOD.replace("5802QA", "5802qa"), "tag 58: it is not two capital letters"),
        (GOOD.replace("5905Pearl", ""), "tag 59: it is missing"),
        (GOOD.replace("6004Doha", ""), "tag 60: it is missing"),
        (GOOD + "6004Doha", "tag 60: it occurs twice"),
        (GOOD + "6104", "tag 61: 0 of 4 characters are there"),
        (GOOD + "6102最", "tag 61: 1 of 2 characters are there"),
        (GOOD + "6100", "tag 61: it is empty"),
        (GOOD + "61\u0663\u0663abc", "tag 61: its length is not two digits"),
        (GOOD + "6", "at character .*: there is no tag of two digits"),
        (GOOD + "010213", "tag 01: it is not 11"),
        (GOOD + "54040.00", "tag 54: it is not digits"),
        (GOOD + "54041e10", "tag 54: it is not digits"),
        (GOOD + "5404-1.0", "tag 54: it is not digits"),
        (GOOD + "540512,50", "tag 54: it is not digits"),
        (GOOD + "541412345678901234", "tag 54: it is not digits"),
        (GOOD + "550204", "tag 55: it is not 01, 02 or 03"),
        (GOOD + "5502025601157011", "tag 57: it may not be there, as tag 55 is 02"),
        (GOOD + "550202", "tag 56: it is missing, as tag 55 is 02"),
        (GOOD + "550203", "tag 57: it is missing, as tag 55 is 03"),
        (GOOD + "55020157011", "tag 57: it may not be there, as tag 55 is 01"),
        (GOOD + "56011", "tag 56: there is no tip indicator"),
        (GOOD + "5502035703100", "tag 57: it is not a percentage"),
        (GOOD + "55020357010", "tag 57: it is not a percentage"),
        (GOOD + "26080104abcd", r"tag 26\.00: the globally unique identifier is missing"),
        (GOOD + "26070004abc", r"tag 26\.00: 3 of 4 characters are there"),
        (GOOD + "80080104abcd", r"tag 80\.00: the globally unique identifier is missing"),
        (GOOD + "62080105abcd", r"tag 62\.01: 4 of 5 characters are there"),
        (GOOD + "62080004abcd", r"tag 62\.00: there is no such object"),
        (GOOD + "62120102ab0102cd", r"tag 62\.01: it occurs twice"),
        (GOOD + "621250080104abcd", r"tag 62\.50\.00: the globally unique"),
        (GOOD + "64060002en", r"tag 64\.01: it is missing"),
        (GOOD + "64060102en", r"tag 64\.00: it is missing"),
        (GOOD + "64120002e10102en", r"tag 64\.00: it is not two letters"),
        (GOOD + "63041234", "tag 63: it stands before the end"),
        (GOOD + "6105a\x07bcd", r"tag 61: it holds the unseen character U\+0007"),
        (GOOD + "6105a\u202ebcd", r"tag 61: it holds the unseen character U\+202E"),
    ],
)
def test_a_payload_that_breaks_a_rule_is_refused_by_its_tag(
    body: str, message: str
) -> None:
    with pytest.raises(InvalidMerchantPayload, match=message):
        emv_mpm.decode(signed(body))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (signed(GOOD)[:-1], "tag 63: the text does not end with a CRC"),
        (GOOD, "tag 63: the text does not end with a CRC"),
        (signed(GOOD)[:-4] + "0000", "tag 63: the CRC is wrong"),
        (signed(GOOD)[:-4] + signed(GOOD)[-4:].lower(), "tag 63: the text does not end"),
        (signed(GOOD + "6599" + "x" * 99 + "6699" + "x" * 99 + "6799" + "x" * 99 + "6899"
                + "x" * 99 + "6999" + "x" * 99), "characters, and 512 is the most"),
        ("000201\ud80063041234", "no UTF-8 form"),
    ],
)  # fmt: skip
def test_a_text_that_was_misread_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidMerchantPayload, match=message):
        emv_mpm.decode(text)


@pytest.mark.parametrize("text", [ANNEX_B, PIX, PHANNALY])
def test_one_wrong_character_is_always_found(text: str) -> None:
    for at, right in enumerate(text):
        wrong = "7" if right != "7" else "8"
        with pytest.raises(InvalidMerchantPayload):
            emv_mpm.decode(text[:at] + wrong + text[at + 1 :])


def test_no_error_and_no_repr_shows_a_value() -> None:
    number = "9999888877776666"
    with pytest.raises(InvalidMerchantPayload) as caught:
        emv_mpm.decode(signed(GOOD.replace("0204M-17", f"0216{number}") + "0301\x07"))

    assert "tag 03" in str(caught.value)
    assert number not in str(caught.value)
    assert number not in repr(payload_of(accounts=(Item("02", number),)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "x" * 26}, "tag 59: 26 characters, and 1 to 25 fit"),
        ({"name": ""}, "tag 59: 0 characters"),
        ({"name": "最佳运输"}, "tag 59: only ASCII; names in other letters"),
        ({"city": "x" * 16}, "tag 60: 16 characters, and 1 to 15 fit"),
        ({"mcc": "53"}, "tag 52: it is not four digits"),
        ({"amount": "0.00"}, "tag 54: it is not digits"),
        ({"accounts": ()}, "tag 02 to 51: there is no merchant account"),
        ({"accounts": (Item("26", "x"),)}, "tag 26: it is in a place"),
        ({"accounts": (Item("59", "x"),)}, "tag 59: it is in a place"),
        ({"accounts": (Template("02", "x"),)}, "tag 02: it is in a place"),
        ({"accounts": (Template("26", ""),)}, r"tag 26\.00: 0 characters"),
        ({"accounts": (Template("26", "x" * 33),)}, r"tag 26\.00: 33 characters"),
        ({"accounts": (Template("26", "x", (Item("00", "y"),)),)}, r"tag 26\.00: it occurs"),
        ({"accounts": (Item("02", "x"), Item("02", "y"))}, "tag 02: it occurs twice"),
        ({"accounts": (Item("02", "x" * 100),)}, "tag 02: 100 characters"),
        ({"reserved": (Item("62", "x"),)}, "tag 62: it is in a place"),
        ({"unreserved": (Template("26", "x"),)}, "tag 26: it is in a place"),
        ({"tip": Tip(TipKind.PROMPT, "1")}, "tag 55: a tip that is asked for has no value"),
        ({"tip": Tip(TipKind.FIXED)}, "tag 56: it is not digits"),
        ({"local": LocalName("en", "\U0001f9f3")}, r"tag 64\.01: readers differ"),
        ({"local": LocalName("en", "x" * 26)}, r"tag 64\.01: 26 characters"),
        ({"local": LocalName("en", "x", "y", (Item("02", "z"),))}, r"tag 64\.02: it is in"),
        ({"additional": AdditionalData(others=(Item("01", "x"),))}, r"tag 62\.01: it is in"),
        ({"additional": AdditionalData(tax_id="x" * 21)}, r"tag 62\.10: 21 characters"),
        (
            {"additional": AdditionalData(consumer_data_request="AA")},
            r"tag 62\.09: it is not of A, M and E",
        ),
        ({"additional": AdditionalData(merchant_channel="12")}, r"tag 62\.11: it is not"),
        (
            {"additional": AdditionalData(purpose="x" * 25, bill_number="y" * 25,
                store_label="z" * 25, terminal_label="t" * 25)},
            "tag 62: 116 characters, and 1 to 99 fit",
        ),
        ({"reserved": tuple(Item(f"{tag}", "x" * 99) for tag in range(65, 70))}, "512"),
        ({"reserved": (Item("6x", "x"),)}, "tag 6x: it is in a place"),
        ({"postal_code": "a\nb"}, "tag 61: it holds the unseen character"),
    ],
)  # fmt: skip
def test_a_payload_that_breaks_a_rule_is_not_written(
    changes: dict[str, object], message: str
) -> None:
    with pytest.raises(InvalidMerchantPayload, match=message):
        emv_mpm.encode(payload_of(**changes))


def test_unknown_tags_are_kept() -> None:
    read = emv_mpm.decode(signed(GOOD + "6503new" + "62081204mine" + "85070003who"))

    assert read.reserved == (Item("65", "new"),)
    assert read.additional.others == (Item("12", "mine"),)
    assert read.unreserved == (Template("85", "who"),)
    assert emv_mpm.decode(emv_mpm.encode(read)) == read


@pytest.mark.parametrize(
    ("text", "number", "amount"),
    [
        ("240.00", "634", Money(24_000, "QAR")),
        ("240", "634", Money(24_000, "QAR")),
        ("240.", "634", Money(24_000, "QAR")),
        ("0.01", "634", Money(1, "QAR")),
        ("500", "392", Money(500, "JPY")),
        ("1.250", "048", Money(1_250, "BHD")),
    ],
)
def test_an_amount_is_exact(text: str, number: str, amount: Money) -> None:
    assert amount_of(payload_of(amount=text, currency=number)) == amount


@pytest.mark.parametrize(
    ("text", "number", "message"),
    [
        ("1.5", "392", "tag 54: JPY has no decimals"),
        ("1.255", "634", "tag 54: QAR has 2 decimals"),
        (".5", "634", "tag 54"),
        ("1", "999", "tag 53"),
        ("1", "959", "tag 53"),  # gold has no minor unit
    ],
)
def test_an_amount_that_is_not_exact_is_refused(
    text: str, number: str, message: str
) -> None:
    with pytest.raises(InvalidMerchantPayload, match=message):
        amount_of(payload_of(amount=text, currency=number))


def test_without_an_amount_the_customer_types_it() -> None:
    assert amount_of(payload_of()) is None


@given(st.sampled_from(["QAR", "JPY", "BHD"]), st.integers(1, 9_999_999_999))
def test_an_amount_is_written_and_read_to_the_unit(
    commodity: str, amount_minor: int
) -> None:
    money = Money(amount_minor, commodity)
    number, text = amount_texts(money)

    read = emv_mpm.decode(emv_mpm.encode(payload_of(currency=number, amount=text)))

    assert amount_of(read) == money


PLAIN = st.characters(min_codepoint=0x20, max_codepoint=0x7E)
SEEN = st.characters(
    exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"], max_codepoint=0xFFFF
)


def plain(most: int) -> st.SearchStrategy[str]:
    return st.text(PLAIN, min_size=1, max_size=most)


def seen(most: int) -> st.SearchStrategy[str]:
    return st.text(SEEN, min_size=1, max_size=most)


def templates(low: int, high: int) -> st.SearchStrategy[tuple[Template, ...]]:
    tags = st.integers(low, high).map("{:02d}".format)
    parts = st.lists(
        st.builds(Item, st.integers(1, 99).map("{:02d}".format), seen(6)),
        max_size=2,
        unique_by=lambda item: item.tag,
    ).map(tuple)
    return st.lists(
        st.builds(Template, tags, plain(12), parts),
        max_size=2,
        unique_by=lambda one: one.tag,
    ).map(tuple)


PAYLOADS = st.builds(
    MerchantPayload,
    accounts=st.tuples(st.builds(Item, st.integers(2, 25).map("{:02d}".format), plain(20))).flatmap(
        lambda first: templates(26, 51).map(lambda more: (*first, *more))
    ),
    mcc=st.integers(0, 9_999).map("{:04d}".format),
    currency=st.integers(0, 999).map("{:03d}".format),
    country=st.sampled_from(["QA", "GB"]),
    name=plain(25),
    city=plain(15),
    initiation=st.sampled_from([None, *Initiation]),
    amount=st.none() | st.integers(1, 10**10).map(str),
    tip=st.sampled_from(
        [None, Tip(TipKind.PROMPT), Tip(TipKind.FIXED, "5.00"), Tip(TipKind.PERCENTAGE, "2.5")]
    ),
    postal_code=st.none() | plain(10),
    additional=st.builds(
        AdditionalData,
        bill_number=st.none() | plain(12),
        terminal_label=st.none() | plain(12),
        consumer_data_request=st.sampled_from([None, "A", "AME", "EM"]),
        others=st.sampled_from([(), (Item("12", "x"),), (Item("49", "最"),)]),
        specific=st.sampled_from([(), (Template("50", "a", (Item("01", "b"),)),)]),
    ),
    local=st.none() | st.builds(LocalName, st.just("ar"), seen(25), st.none() | seen(15)),
    reserved=st.sampled_from([(), (Item("65", "x"), Item("79", "最")), (Item("70", "y"),)]),
    unreserved=templates(80, 99),
)  # fmt: skip


@pytest.mark.slow
@given(PAYLOADS)
def test_what_is_written_is_read_back(payload: MerchantPayload) -> None:
    text = emv_mpm.encode(payload)

    assert text.startswith(emv_mpm.PAYLOAD_PREFIX)
    assert emv_mpm.decode(text) == payload


@given(st.text() | st.text().map(lambda tail: "000201" + tail))
def test_any_text_is_refused_with_one_family_of_errors(text: str) -> None:
    with pytest.raises(InvalidMerchantPayload):
        emv_mpm.decode(text)


def test_every_field_of_the_additional_data_has_a_tag() -> None:
    assert {*ADDITIONAL_FIELDS.values(), "others", "specific"} == set(
        AdditionalData.__struct_fields__
    )


def test_a_consumer_presented_text_is_not_a_merchant_presented_one() -> None:
    text = base64.b64encode(b"\x85\x05CPV01").decode()

    with pytest.raises(InvalidMerchantPayload, match="tag 00"):
        emv_mpm.decode(text)
