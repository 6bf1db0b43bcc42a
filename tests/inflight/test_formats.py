"""What is signed offline: it comes back as it went, and nothing else does."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminals.inflight import base45
from terminals.inflight.allowance import (
    AllowanceForged,
    AllowanceKeyUnknown,
    AllowanceRefused,
    AllowanceUnreadable,
    Share,
    equal_shares,
    issue,
    open_allowance,
)
from terminals.inflight.entry import EntryRefused, open_entry
from terminals.inflight.frame import (
    FRAME_PREFIX,
    FrameForged,
    FrameRefused,
    NotAFrame,
    read_frame,
)
from terminals.inflight.plan import PlanRefused, open_plan
from terminals.inflight.records import Damage, record, records
from terminals.qr_image import draw_png
from terminals.scanner import ImageScanner
from tests.inflight.cabin import Cabin, key_of, public

CABIN = Cabin()
KEYS = CABIN.plan.keys


# RFC 9285, section 4.3 and 4.4.
@pytest.mark.parametrize(
    ("plain", "text"),
    [("AB", "BB8"), ("Hello!!", "%69 VD92EX0"), ("base-45", "UJCLQE7W581")],
)
def test_base45_is_the_one_of_rfc_9285(plain: str, text: str) -> None:
    assert base45.encode(plain.encode()) == text
    assert base45.decode(text) == plain.encode()


@pytest.mark.parametrize("text", ["GGW", "::", "A", "AAAA", "aa", "é0"])
def test_what_is_not_base45_is_refused(text: str) -> None:
    with pytest.raises(base45.NotBase45):
        base45.decode(text)


@given(st.binary(max_size=64))
def test_base45_brings_back_what_went(raw: bytes) -> None:
    assert base45.decode(base45.encode(raw)) == raw


def test_a_frame_survives_being_drawn_and_scanned() -> None:
    text = CABIN.phone().show()
    image = draw_png(text, 4)
    assert ImageScanner(image, FRAME_PREFIX).scan() == text


def test_a_frame_says_what_was_set_aside_and_for_whom_by_an_alias_only() -> None:
    frame = read_frame(CABIN.phone(200).show(), KEYS)
    assert frame.allowance.amount_minor == 200
    assert frame.allowance.share_of(1) == frame.allowance.share_of(2) == 100
    assert b"amira" not in frame.raw


def test_no_byte_of_a_frame_can_be_changed() -> None:
    whole = read_frame(CABIN.phone().show(), KEYS).raw
    for at in range(len(whole)):
        for bit in (0x01, 0x80):
            raw = bytearray(whole)
            raw[at] ^= bit
            with pytest.raises((FrameRefused, AllowanceRefused)):
                read_frame(FRAME_PREFIX + base45.encode(bytes(raw)), KEYS)


@settings(max_examples=40)
@given(st.text(max_size=40) | st.binary(max_size=60).map(base45.encode))
def test_whatever_else_is_scanned_is_refused(text: str) -> None:
    for scanned in (text, FRAME_PREFIX + text):
        with pytest.raises((FrameRefused, AllowanceRefused)):
            read_frame(scanned, KEYS)


def test_a_payment_code_is_no_frame() -> None:
    with pytest.raises(NotAFrame):
        read_frame("hQVDUFYwMWEa", KEYS)


def test_an_allowance_on_another_phone_is_refused() -> None:
    stolen = CABIN.phone()
    stolen.key = key_of("thief")
    with pytest.raises(FrameForged):
        read_frame(stolen.show(), KEYS)


def test_an_allowance_that_the_gateway_did_not_sign_is_refused() -> None:
    allowance = read_frame(CABIN.phone().show(), KEYS).allowance
    with pytest.raises(AllowanceForged):
        open_allowance(issue(allowance, key_of("thief")), KEYS)
    with pytest.raises(AllowanceKeyUnknown):
        open_allowance(issue(allowance, CABIN.gateway), {2: public(CABIN.gateway)})


def test_shares_never_add_up_to_more_than_the_allowance() -> None:
    with pytest.raises(AssertionError):
        CABIN.phone(200, shares=(Share(1, 101), Share(2, 100)))
    with pytest.raises(AssertionError):
        CABIN.phone(200, shares=(Share(1, 100), Share(1, 100)))


@given(st.integers(0, 10**9), st.sets(st.integers(1, 255), max_size=20))
def test_equal_shares_are_all_of_it(amount_minor: int, devices: set[int]) -> None:
    shares = equal_shares(amount_minor, list(devices))
    assert {share.device for share in shares} == devices
    if devices:
        parts = [share.amount_minor for share in shares]
        assert sum(parts) == amount_minor
        assert max(parts) - min(parts) <= 1


def test_a_plan_that_was_altered_is_refused() -> None:
    assert open_plan(CABIN.sealed_plan) == CABIN.plan
    for content in (
        CABIN.sealed_plan.replace(b"QR0001", b"QR0002"),
        CABIN.sealed_plan[:-1],
        b"",
        b"\n{}",
    ):
        with pytest.raises(PlanRefused):
            open_plan(content)


def test_an_entry_of_another_flight_or_another_till_is_refused() -> None:
    till = Cabin().tills[0].till
    raw = till.entries[0].raw
    assert open_entry(raw, till.plan.flight, till.public_keys).raw == raw
    with pytest.raises(EntryRefused):
        open_entry(raw, b"another flight.", till.public_keys)
    with pytest.raises(EntryRefused):
        open_entry(raw, till.plan.flight, {1: public(key_of("till 2"))})
    for at in range(len(raw)):
        changed = raw[:at] + bytes([raw[at] ^ 0x80]) + raw[at + 1 :]
        with pytest.raises(EntryRefused):
            open_entry(changed, till.plan.flight, till.public_keys)


@given(st.lists(st.binary(max_size=40), max_size=6), st.data())
def test_records_around_damage_are_found_again(
    raws: list[bytes], data: st.DataObject
) -> None:
    junk = data.draw(st.binary(min_size=1, max_size=30).filter(lambda b: b"A" not in b))
    place = data.draw(st.integers(0, len(raws)))
    before, after = raws[:place], raws[place:]
    content = b"".join(map(record, before)) + junk + b"".join(map(record, after))
    found = list(records(content))
    assert [raw for raw in found if isinstance(raw, bytes)] == raws
    [damage] = [raw for raw in found if isinstance(raw, Damage)]
    assert damage.length == len(junk)


def test_an_oversized_text_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(NotAFrame):
        read_frame(FRAME_PREFIX + "0" * 5_000, KEYS)
    with pytest.raises(AllowanceUnreadable):
        open_allowance(bytes(5_000), KEYS)
