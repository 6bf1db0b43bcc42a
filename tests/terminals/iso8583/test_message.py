"""Messages, their codes and their frames, byte for byte."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals.iso8583 import mac, profile
from terminals.iso8583.frames import FrameReader, FrameTooLong, frame
from terminals.iso8583.message import Message, MessageMalformed, decode, encode

KEY = bytes(range(32))
PURCHASE = Message(
    "0200",
    {
        "3": "000000",
        "4": "000000024000",
        "7": "1122120000",
        "11": "000017",
        "12": "150000",
        "13": "1122",
        "41": "ABCDEFGH",
        "48": "A-17",
        "49": "634",
        "62": "hQVDUFYwMW",
    },
)
# Written out once, for whoever sets up a till: `docs/iso8583.md` takes it apart.
PURCHASE_BYTES = (
    b"0200" b"3238000000818005" b"000000" b"000000024000" b"1122120000" b"000017" b"150000"
    b"1122" b"ABCDEFGH" b"004A-17" b"634" b"010hQVDUFYwMW" b"FB0700479F923AF6"
)  # fmt: skip


def test_a_purchase_is_these_bytes() -> None:
    assert mac.sign(PURCHASE, KEY) == PURCHASE_BYTES


def test_a_purchase_is_read_from_its_bytes() -> None:
    read = decode(PURCHASE_BYTES)

    assert read == Message("0200", PURCHASE.elements | {"64": "FB0700479F923AF6"})
    assert mac.verify(PURCHASE_BYTES, read, KEY)


def test_a_message_with_elements_above_64_carries_its_code_in_128() -> None:
    raw = mac.sign(Message("0400", PURCHASE.elements | {"90": "0" * 42}), KEY)

    read = decode(raw)

    assert "64" not in read.elements
    assert mac.verify(raw, read, KEY)


def test_one_changed_byte_breaks_the_code() -> None:
    for place in range(len(PURCHASE_BYTES)):
        raw = bytearray(PURCHASE_BYTES)
        raw[place] ^= 1
        try:
            read = decode(bytes(raw))
        except MessageMalformed:
            continue
        assert not mac.verify(bytes(raw), read, KEY)


def test_another_terminals_key_does_not_open_it() -> None:
    assert not mac.verify(PURCHASE_BYTES, decode(PURCHASE_BYTES), bytes(32))


def test_a_message_without_a_code_is_not_signed() -> None:
    raw = encode(PURCHASE)

    assert not mac.is_signed(decode(raw))
    assert not mac.verify(raw, decode(raw), KEY)


def test_no_error_and_no_repr_shows_a_value() -> None:
    raw = PURCHASE_BYTES.replace(b"010hQVDUFYwMW", b"010hQVDUF\x07wMW")

    with pytest.raises(MessageMalformed, match="element 62: it holds") as caught:
        decode(raw)

    assert "hQVD" not in str(caught.value) + repr(PURCHASE)


@pytest.mark.parametrize(
    ("raw", "element"),
    [
        (b"", "t"),
        (b"02", "t"),
        (b"ABCD" + PURCHASE_BYTES[4:], "t"),
        (b"1200" + PURCHASE_BYTES[4:], "t"),
        (PURCHASE_BYTES[:10], "p"),
        (PURCHASE_BYTES.replace(b"3238", b"x238"), "p"),
        (PURCHASE_BYTES.replace(b"000000024000", b"00000002400x"), "4"),
        (PURCHASE_BYTES.replace(b"004A-17", b"999A-17"), "48"),
        (PURCHASE_BYTES.replace(b"004A-17", b"+04A-17"), "48"),
        (PURCHASE_BYTES[:-1], "64"),
        (PURCHASE_BYTES + b"0", "64"),
        (PURCHASE_BYTES.replace(b"634", b"6\xb2\xb3"), "49"),
    ],
)
def test_a_damaged_message_is_refused_by_its_element(raw: bytes, element: str) -> None:
    with pytest.raises(MessageMalformed) as caught:
        decode(raw)

    assert caught.value.element == element


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda tail: b"0200" + tail))
def test_any_bytes_are_read_or_refused_with_the_one_error(raw: bytes) -> None:
    try:
        read = decode(raw)
    except MessageMalformed:
        return

    assert decode(encode(read)) == read


@pytest.mark.parametrize("bits", range(0, 256, 5))
def test_a_bitmap_that_promises_what_is_not_there_is_refused(bits: int) -> None:
    for second in ("", f"{bits:02X}" * 8, "8" + "0" * 15):
        with pytest.raises(MessageMalformed):
            decode(b"0200" + (f"{bits | 0x80:02X}" * 8 + second).encode())


def test_a_third_bitmap_is_refused() -> None:
    """Found by 59,038 fuzzed frames: the library looks for an element 151."""
    bitmaps = "8" + "0" * 15 + "8" + "0" * 15 + "0000020000000000"

    with pytest.raises(MessageMalformed, match="element 65: there is no third bitmap"):
        decode(f"0200{bitmaps}0000".encode())


def test_what_does_not_fit_its_element_is_not_written() -> None:
    for element, text in (("62", "x" * 513), ("48", "x" * 65), ("11", "17")):
        with pytest.raises(MessageMalformed) as caught:
            encode(Message("0200", {element: text}))
        assert caught.value.element == element


def test_the_longest_message_fits_a_frame() -> None:
    elements = PURCHASE.elements | {"48": "x" * 64, "62": "x" * 512, "63": "x" * 36}
    raw = mac.sign(Message("0420", elements | {"90": "0" * 42}), KEY)

    assert len(raw) < profile.MESSAGE_BYTES_MAX


@given(st.lists(st.binary(min_size=1, max_size=300), max_size=5), st.integers(0, 2**32))
def test_frames_are_the_same_however_tcp_cuts_them(
    messages: list[bytes], seed: int
) -> None:
    stream = b"".join(map(frame, messages))
    source, reader, got, at = Random(seed), FrameReader(), [], 0
    while at < len(stream):
        size = source.randrange(1, 40)
        got += reader.feed(stream[at : at + size])
        at += size

    assert got == messages
    assert not reader.is_amid


def test_a_sign_of_life_carries_nothing() -> None:
    assert FrameReader().feed(b"\0\0" * 3 + frame(b"x")) == [b"x"]


def test_half_a_frame_is_waited_for() -> None:
    reader = FrameReader()

    assert reader.feed(frame(b"whole") + b"\x00") == [b"whole"]
    assert reader.is_amid


def test_a_length_that_no_message_has_is_refused_before_it_comes() -> None:
    with pytest.raises(FrameTooLong, match="a frame of 2049 bytes, and 2048 is the most"):
        FrameReader().feed((profile.MESSAGE_BYTES_MAX + 1).to_bytes(2, "big"))
