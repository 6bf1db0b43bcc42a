import base64

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from terminals import emv_cpm, tlv
from terminals.emv_cpm import Application, CommonData, ConsumerPayload, InvalidPayload
from terminals.tlv import Primitive

# The two examples of the specification's annex B, as they circulate in public test suites
# (mvallim/emv-qrcode, NikoTung/emv-qrcode-kotlin).
EXAMPLE_1 = "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8="
EXAMPLE_2 = (
    "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8g"
    "DkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
)
DECODED_1 = ConsumerPayload(
    (
        Application(
            bytes.fromhex("A0000000555555"),
            (Primitive(0x57, bytes.fromhex("1234567890123458D191220112345F")),),
        ),
    )
)
DECODED_2 = ConsumerPayload(
    (
        Application(bytes.fromhex("A0000000555555"), (Primitive(0x50, b"Product1"),)),
        Application(bytes.fromhex("A0000000666666"), (Primitive(0x50, b"Product2"),)),
    ),
    CommonData(
        (
            Primitive(0x5A, bytes.fromhex("1234567890123458")),
            Primitive(0x5F20, b"CARDHOLDER/EMV"),
            Primitive(0x5F2D, b"ruesdeen"),
        ),
        (
            Primitive(0x9F10, bytes.fromhex("06010A03000000")),
            Primitive(0x9F26, bytes.fromhex("584FD385FA234BCC")),
            Primitive(0x9F36, bytes.fromhex("0001")),
            Primitive(0x9F37, bytes.fromhex("6D58EF13")),
        ),
    ),
)
EXAMPLES = pytest.mark.parametrize(
    ("text", "payload"), [(EXAMPLE_1, DECODED_1), (EXAMPLE_2, DECODED_2)]
)

AID = bytes.fromhex("A0000000555555")


def text_of(hex_objects: str) -> str:
    """The text of objects written by hand, after the format indicator."""
    return base64.b64encode(b"\x85\x05CPV01" + bytes.fromhex(hex_objects)).decode()


def payload_of(*objects: Primitive, common: CommonData | None = None) -> ConsumerPayload:
    return ConsumerPayload((Application(AID, objects),), common or CommonData())


@EXAMPLES
def test_the_published_examples_are_read(text: str, payload: ConsumerPayload) -> None:
    assert emv_cpm.decode(text) == payload


@EXAMPLES
def test_the_published_examples_are_written(text: str, payload: ConsumerPayload) -> None:
    assert emv_cpm.encode(payload) == text


# Tags with a fixed width are left to the tests of widths.
FREE_TAGS = [0x42, 0x5F34, 0x5F50, 0x71, 0x82, 0xC1, 0x9F63, 0x9F74, 0xDF01, 0xDF8129]


def distinct(tags: list[int]) -> st.SearchStrategy[tuple[Primitive, ...]]:
    objects = st.builds(Primitive, st.sampled_from(tags), st.binary(max_size=12))
    return st.lists(objects, max_size=3, unique_by=lambda item: item.tag).map(tuple)


APPLICATIONS = st.builds(
    Application,
    st.binary(min_size=5, max_size=16),
    distinct(FREE_TAGS[:5]),
    distinct(FREE_TAGS[:5]),
)
PAYLOADS = st.builds(
    ConsumerPayload,
    st.lists(APPLICATIONS, min_size=1, max_size=3).map(tuple),
    st.builds(CommonData, distinct(FREE_TAGS[5:]), distinct(FREE_TAGS[5:])),
    distinct(FREE_TAGS),
)


@pytest.mark.slow
@given(PAYLOADS)
def test_what_is_written_is_read_back(payload: ConsumerPayload) -> None:
    text = emv_cpm.encode(payload)

    assert text.startswith("hQVDUFYwMW")
    assert emv_cpm.decode(text) == payload


@given(st.text() | st.text().map(lambda tail: emv_cpm.PAYLOAD_PREFIX + tail))
def test_any_text_is_refused_with_one_family_of_errors(text: str) -> None:
    with pytest.raises(InvalidPayload):
        emv_cpm.decode(text)


@given(st.binary(max_size=300))
def test_any_objects_are_read_or_refused_with_one_family_of_errors(raw: bytes) -> None:
    try:
        payload = emv_cpm.decode(text_of(raw.hex()))
    except InvalidPayload:
        return

    assert payload.applications


@given(st.integers(0, 8 * len(base64.b64decode(EXAMPLE_2)) - 1))
def test_a_damaged_example_is_read_or_refused_with_one_family_of_errors(bit: int) -> None:
    raw = bytearray(base64.b64decode(EXAMPLE_2))
    raw[bit // 8] ^= 1 << bit % 8
    text = base64.b64encode(raw).decode()
    assume(text.startswith(emv_cpm.PAYLOAD_PREFIX))

    try:
        payload = emv_cpm.decode(text)
    except InvalidPayload:
        return

    assert payload != DECODED_2


@pytest.mark.parametrize(
    ("objects", "message"),
    [
        ("", "no application template"),
        ("6100", "0 ADF names"),
        ("6104 4F02A000", "2 bytes, and 5 to 16 fit"),
        ("6113 4F11" + "A0" * 17, "17 bytes, and 5 to 16 fit"),
        ("610E 4F05A000000001 4F05A000000002", "2 ADF names"),
        ("6107 4F05A000000001 6200 6200", "tag 62 occurs twice"),
        ("610B 4F05A000000001 63006300", "tag 63 occurs twice in tag 61"),
        ("6107 4F05A000000001 6204 64006400", "tag 64 occurs twice in tag 62"),
        ("610D 4F05A000000001 5001AA 5001BB", "tag 50 occurs twice in one template"),
        ("610F 4F05A000000001 6306 C101AA C101BB", "tag C1 occurs twice in one template"),
        ("6109 4F05A000000001 6400", "tag 64 is in a place where it may not be"),
        ("6107 4F05A000000001 6300", "tag 63 is in a place where it may not be"),
        ("610B 4F05A000000001 6302 6100", "tag 61 is in a place where it may not be"),
        ("6107 4F05A000000001 8505 4350563031", "tag 85 occurs twice"),
        (
            "610A 4F05A000000001 5001AA 6203 5001BB",
            "tag 50 is both in tag 61 and in tag 62",
        ),
        (
            "6107 4F05A000000001 6207 4F05A000000001",
            "tag 4F is both in tag 61 and in tag 62",
        ),
        (
            "610E 4F05A000000001 6305 9F3602 0001 6207 6405 9F3602 0002",
            "tag 9F36 is both in tag 61 and in tag 62",
        ),
        (
            "610C 4F05A000000001 9F3602 0001 6207 6405 9F3602 0002",
            "tag 9F36 is both in tag 61 and in tag 62",
        ),
        ("6108 4F05A000000001 50", "tag 50 at offset 16: the length is missing"),
    ],
)
def test_a_payload_that_breaks_a_rule_is_refused(objects: str, message: str) -> None:
    with pytest.raises(InvalidPayload, match=message):
        emv_cpm.decode(text_of(objects))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not begin with hQVDUFY"),
        ("4111111111111111", "does not begin with hQVDUFY"),
        (" " + EXAMPLE_1, "does not begin with hQVDUFY"),
        (EXAMPLE_1 + "\n", "not base64"),
        (EXAMPLE_1[:-1], "not base64"),
        (EXAMPLE_1.replace("Tweg", "Tw-g"), "not base64"),
        (EXAMPLE_1.replace("Tweg", "Twég"), "not base64"),
        (EXAMPLE_1 + "\ud800", "not base64"),
        ("hQVDUFYwMg==", "not tag 85 with CPV01"),
        ("hQVDUFY=", "tag 85 at offset 0: 5 bytes announced"),
    ],
)
def test_a_text_of_another_format_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidPayload, match=message):
        emv_cpm.decode(text)


def test_512_characters_are_written_and_read_and_one_group_more_is_neither() -> None:
    fits = payload_of(Primitive(0xC1, bytes(360)))
    text = emv_cpm.encode(fits)
    assert len(text) == 512
    assert emv_cpm.decode(text) == fits

    with pytest.raises(InvalidPayload, match="516 characters, and 512 is the most"):
        emv_cpm.encode(payload_of(Primitive(0xC1, bytes(361))))
    with pytest.raises(InvalidPayload, match="516 characters, and 512 is the most"):
        emv_cpm.decode(text_of("00" * 378))


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (ConsumerPayload(()), "no application template"),
        (ConsumerPayload((Application(b"\xf0"),)), "1 bytes, and 5 to 16 fit"),
        (payload_of(Primitive(0x4F, AID)), "tag 4F occurs twice"),
        (payload_of(Primitive(0x63, b"")), "tag 63 is in a place"),
        (payload_of(Primitive(0x9F36, b"\0")), "tag 9F36: 1 bytes, and 2 to 2 fit"),
        (
            payload_of(Primitive(0x50, b"A label of 17 by.")),
            "tag 50: 17 bytes, and 1 to 16",
        ),
        (payload_of(Primitive(0x9F, b"")), "tag 9F: the bytes are not one whole tag"),
        (
            payload_of(
                Primitive(0x50, b"A"),
                common=CommonData(transparent=(Primitive(0x50, b"B"),)),
            ),
            "tag 50 is both in tag 61 and in tag 62",
        ),
        (
            payload_of(common=CommonData(transparent=(Primitive(0x9F37, b"123"),))),
            "tag 9F37: 3 bytes, and 4 to 4 fit",
        ),
        (
            ConsumerPayload((Application(AID),), others=(Primitive(0x85, b""),)),
            "tag 85 occurs",
        ),
    ],
)
def test_a_payload_that_breaks_a_rule_is_not_written(
    payload: ConsumerPayload, message: str
) -> None:
    with pytest.raises(InvalidPayload, match=message):
        emv_cpm.encode(payload)


def test_widths_outside_the_data_dictionary_are_read() -> None:
    read = emv_cpm.decode(text_of("610B 4F05A000000001 9F3601 01"))

    assert (
        emv_cpm.value_of(read.applications[0].objects, emv_cpm.TRANSACTION_COUNTER) == b"\1"
    )


def test_an_unknown_tag_that_claims_to_be_a_template_is_kept_as_bytes() -> None:
    text = text_of("610B 4F05A000000001 7102 3131 DF0101 AA")

    read = emv_cpm.decode(text)

    assert read.applications[0].objects == (Primitive(0x71, b"11"),)
    assert read.others == (Primitive(0xDF01, b"\xaa"),)
    assert emv_cpm.encode(read) == text


@pytest.mark.parametrize(
    ("aid", "label"),
    [
        ("A0000000666666", b"Product2"),
        ("A000000066", b"Product2"),
        ("A0000000", b"Product1"),
        ("A000000066666601", None),
        ("F041495253494445", None),
    ],
)
def test_a_till_selects_by_the_whole_name_or_its_beginning(
    aid: str, label: bytes | None
) -> None:
    found = emv_cpm.select(DECODED_2, bytes.fromhex(aid))

    assert (found and emv_cpm.value_of(found.objects, emv_cpm.APPLICATION_LABEL)) == label


def test_no_error_shows_a_value() -> None:
    track = "1234567890123458D191220112345F"
    text = text_of(f"611B 4F07A0000000555555 570F{track} 57")

    with pytest.raises(InvalidPayload) as caught:
        emv_cpm.decode(text)

    assert "tag 57" in str(caught.value)
    assert "1234" not in str(caught.value)
    assert "1234" not in repr(DECODED_1)


def test_objects_are_written_in_the_order_of_the_specification() -> None:
    first, *rest = tlv.decode(base64.b64decode(emv_cpm.encode(DECODED_2)))

    assert first == Primitive(0x85, b"CPV01")
    assert [item.tag for item in rest] == [0x61, 0x61, 0x62]
