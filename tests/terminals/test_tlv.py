import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals import tlv
from terminals.tlv import (
    DataObject,
    Primitive,
    Template,
    TlvError,
    TlvMalformed,
    TlvUnwritable,
)

SHORT_TAGS = st.integers(0x01, 0xFF).filter(lambda tag: tag & 0x1F != 0x1F)
LONG_TAGS = st.builds(
    lambda first, middle, last: int.from_bytes(bytes([first, *middle, last]), "big"),
    st.integers(0x00, 0x07).map(lambda top: top << 5 | 0x1F),
    st.lists(st.integers(0x80, 0xFF), max_size=2),
    st.integers(0x00, 0x7F),
)
TAGS = SHORT_TAGS | LONG_TAGS
PRIMITIVES = st.builds(
    Primitive, TAGS.filter(lambda tag: not tlv.is_constructed(tag)), st.binary(max_size=20)
)
CONSTRUCTED = TAGS.filter(tlv.is_constructed)
OBJECTS: st.SearchStrategy[DataObject] = st.recursive(
    PRIMITIVES,
    lambda inner: st.builds(Template, CONSTRUCTED, st.lists(inner, max_size=4).map(tuple)),
    max_leaves=5,
)


@pytest.mark.slow
@given(st.lists(OBJECTS, max_size=5).map(tuple))
def test_what_is_written_is_read_back(objects: tuple[DataObject, ...]) -> None:
    assert tlv.decode(tlv.encode(objects)) == objects


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_one_family_of_errors(raw: bytes) -> None:
    try:
        objects = tlv.decode(raw)
    except TlvError:
        return

    assert tlv.decode(tlv.encode(objects)) == objects


@pytest.mark.parametrize(
    ("length", "header"),
    [
        (0, "C100"),
        (127, "C17F"),
        (128, "C18180"),
        (255, "C181FF"),
        (256, "C1820100"),
        (65_535, "C182FFFF"),
    ],
)
def test_lengths_are_written_in_their_shortest_form(length: int, header: str) -> None:
    raw = tlv.encode([Primitive(0xC1, bytes(length))])

    assert raw[: len(raw) - length].hex().upper() == header
    assert tlv.decode(raw) == (Primitive(0xC1, bytes(length)),)


def test_a_length_in_a_longer_form_is_read() -> None:
    assert tlv.decode(bytes.fromhex("C1 820001 AA")) == (Primitive(0xC1, b"\xaa"),)


def test_tags_of_three_bytes_and_unknown_tags_are_kept() -> None:
    raw = bytes.fromhex("DF8129 01 FF")

    assert tlv.decode(raw) == (Primitive(0xDF8129, b"\xff"),)
    assert tlv.encode(tlv.decode(raw)) == raw


def test_zero_bytes_between_objects_mean_nothing() -> None:
    assert tlv.decode(bytes.fromhex("00 5001AA 0000 5101BB 00")) == (
        Primitive(0x50, b"\xaa"),
        Primitive(0x51, b"\xbb"),
    )


def test_only_the_named_templates_are_opened() -> None:
    # 71 claims to be a template; what it holds is not TLV.
    raw = bytes.fromhex("61 03 50 01 AA  71 02 31 31")

    assert tlv.decode(raw, {0x61}) == (
        Template(0x61, (Primitive(0x50, b"\xaa"),)),
        Primitive(0x71, b"11"),
    )
    with pytest.raises(TlvMalformed, match="tag 31 at offset 7"):
        tlv.decode(raw)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("50", "tag 50 at offset 0: the length is missing"),
        ("5001AA 9F", "tag 9F at offset 3: no end of the tag within 1 bytes"),
        ("9F80808001", "tag 9F808080 at offset 0: no end of the tag within 4 bytes"),
        ("5002AA", "tag 50 at offset 0: 2 bytes announced, 1 are there"),
        ("5080AA0000", "tag 50 at offset 0: a length that begins with 80 is not read"),
        ("5083000001AA", "tag 50 at offset 0: a length that begins with 83 is not read"),
        ("508201", "tag 50 at offset 0: the length breaks off"),
        ("6103 5003AA", "tag 50 at offset 2: 3 bytes announced, 1 are there"),
        ("6103 5003AA 5102BBBB", "tag 50 at offset 2: 3 bytes announced, 1 are there"),
        ("6102 5082 0001AA", "tag 50 at offset 2: the length breaks off"),
        ("6101 50 5101BB", "tag 50 at offset 2: the length is missing"),
        ("6101 9F 2601AA", "tag 9F at offset 2: no end of the tag within 1 bytes"),
        ("5001AA 6104 9F26 02 AA", "tag 9F26 at offset 5: 2 bytes announced, 1 are there"),
    ],
)
def test_an_error_names_the_tag_and_its_offset_in_the_whole(raw: str, message: str) -> None:
    with pytest.raises(TlvMalformed) as caught:
        tlv.decode(bytes.fromhex(raw))

    assert str(caught.value) == message


def test_deep_nesting_is_refused_and_not_followed() -> None:
    nested = b""
    for _ in range(tlv.DEPTH_MAX):
        nested = tlv.encode([Template(0x61, tlv.decode(nested))])
    assert tlv.encode(tlv.decode(nested)) == nested

    bomb = b"\xaa"
    while len(bomb) < 60_000:
        bomb = b"\x61\x82" + len(bomb).to_bytes(2, "big") + bomb
    with pytest.raises(TlvMalformed, match="nested deeper than 8"):
        tlv.decode(bomb)


@pytest.mark.parametrize("tag", [0, -1, 0x9F, 0x9F80, 0x5026, 0x9F80808001, 0x9F268F])
def test_a_number_that_is_not_one_whole_tag_is_not_written(tag: int) -> None:
    with pytest.raises(TlvUnwritable):
        tlv.encode([Primitive(tag, b"")])


def test_a_value_beyond_the_longest_length_is_not_written() -> None:
    with pytest.raises(TlvUnwritable, match="65536 bytes"):
        tlv.encode([Template(0x61, (Primitive(0x50, bytes(65_532)),))])


def test_values_are_not_shown() -> None:
    assert (
        repr(Primitive(0x5A, bytes.fromhex("1234567890123458"))) == "Primitive(5A, 8 bytes)"
    )
    assert "3458" not in repr(Template(0x61, (Primitive(0x57, b"\x34\x58"),)))
