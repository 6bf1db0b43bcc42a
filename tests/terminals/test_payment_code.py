import base64
import hashlib
import pickle
import random
import re
import struct
import traceback
from collections.abc import Callable, Iterator

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from ledger.ids import ACCOUNT_BYTES, AccountId
from terminals import emv_cpm, tlv
from terminals.emv_cpm import Application, CommonData, ConsumerPayload
from terminals.payment_code import (
    ADF_NAME,
    SEALED_CODE,
    CodeKeys,
    CodeKeyUnknown,
    CodeSealBroken,
    CodeUnreadable,
    NotConsumerPresented,
    NotOurCode,
    PaymentCode,
    UnusableKeyRing,
)
from terminals.tlv import Primitive, Template

KEY = bytes(range(32))
OTHER_KEY = bytes(range(32, 64))

U32 = st.integers(0, 2**32 - 1)
CODES = st.builds(
    PaymentCode,
    st.binary(min_size=ACCOUNT_BYTES, max_size=ACCOUNT_BYTES).map(AccountId),
    U32,
    U32,
    st.integers(0, 2**64 - 1),
    U32,
)


def ring(*pairs: tuple[int, bytes], seed: int = 1) -> CodeKeys:
    return CodeKeys(pairs, random.Random(seed).randbytes)


def answers(*values: bytes) -> Callable[[int], bytes]:
    """A random source that gives these values in turn."""
    left: Iterator[bytes] = iter(values)
    return lambda _: next(left)


def sealed_of(payload: str) -> bytes:
    hidden = emv_cpm.decode(payload).applications[0].transparent
    return emv_cpm.value_of(hidden, SEALED_CODE) or b""


def carried(sealed: bytes, adf_name: bytes = ADF_NAME, tag: int = SEALED_CODE) -> str:
    own = Application(adf_name, transparent=(Primitive(tag, sealed),))
    return emv_cpm.encode(ConsumerPayload((own,)))


# A fixture is made once for all examples of a test, so these share a plain value.
FIXED = ring((1, KEY), (2, OTHER_KEY))


@given(CODES)
def test_what_was_sealed_is_opened(code: PaymentCode) -> None:
    assert FIXED.open(FIXED.seal(code)).code == code


def test_the_format_is_what_it_was() -> None:
    """While gateways are updated one by one, each meets the codes of the others."""
    code = PaymentCode(AccountId(bytes(range(15))), 1, 2, 3, 4)
    keys = CodeKeys([(9, KEY)], answers(b"twelve bytes"))

    payload = keys.seal(code)

    assert payload == (
        "hQVDUFYwMWFPTwnwQUlSU0lERQFjQsFACXR3ZWx2ZSBieXRlc6qE4f1gX7ysF715"
        "Wdvi9RH23RA4r425j2scsYqTQtBIgCCPoWgDuqF5VL1pLH4pxfktxQ=="
    )
    raw = base64.b64decode(payload)
    assert raw[:25].hex() == "85054350563031614f4f09f041495253494445016342c14009"
    assert raw[25:37] == b"twelve bytes"
    plain = AESGCM(KEY).decrypt(b"twelve bytes", raw[37:], b"\xf0AIRSIDE\x01\x09")
    assert plain == struct.pack(">15sIIQI", bytes(range(15)), 1, 2, 3, 4)
    assert (
        keys.open(payload).code_id
        == hashlib.sha256(b"payment code\0" + plain).digest()[:16]
    )


def test_a_payload_is_short_and_begins_as_readers_expect(payload: str) -> None:
    assert payload.startswith("hQVDUFY")
    assert len(payload) == 120


def test_each_seal_of_a_code_looks_unrelated_and_is_the_same_code(
    keys: CodeKeys, code: PaymentCode
) -> None:
    first, second = keys.seal(code), keys.seal(code)

    assert keys.open(first) == keys.open(second)
    alike = sum(
        a == b for a, b in zip(sealed_of(first)[1:], sealed_of(second)[1:], strict=True)
    )
    assert alike <= 3  # of 63 bytes; by chance it is a quarter of a byte


@given(CODES, CODES)
def test_the_id_is_another_if_anything_in_the_code_is(
    code: PaymentCode, other: PaymentCode
) -> None:
    ids = {FIXED.open(FIXED.seal(each)).code_id for each in (code, other)}

    assert len(ids) == len({code, other})
    assert {len(code_id) for code_id in ids} == {16}


def test_a_code_in_another_envelope_has_the_same_id(keys: CodeKeys, payload: str) -> None:
    own = emv_cpm.decode(payload).applications[0]
    stranger = Application(b"\xa0\0\0\0\1", (Primitive(0x50, b"Other wallet"),))
    labelled = Application(own.adf_name, (Primitive(0x50, b"Airside"),), own.transparent)
    raw = base64.b64decode(payload)
    padded = base64.b64encode(raw + b"\0").decode()
    longer = base64.b64encode(raw.replace(b"\x61\x4f", b"\x61\x81\x4f", 1)).decode()

    others = [
        emv_cpm.encode(ConsumerPayload((labelled,))),
        emv_cpm.encode(ConsumerPayload((stranger, own))),
        padded,
        longer,
    ]

    assert payload not in others
    assert {keys.open(text).code_id for text in others} == {keys.open(payload).code_id}


def test_the_newest_key_seals_and_all_keys_open(code: PaymentCode) -> None:
    old = ring((1, KEY)).seal(code)
    both = ring((1, KEY), (2, OTHER_KEY))
    new = both.seal(code)

    assert both.open(old) == both.open(new)
    assert ring((2, OTHER_KEY)).open(new).code == code
    assert ring((2, OTHER_KEY), (1, KEY)).open(new).code == code
    assert sealed_of(ring((2, OTHER_KEY), (1, KEY)).seal(code))[0] == 1


def test_a_code_under_a_key_that_left_the_ring_is_unreadable(code: PaymentCode) -> None:
    with pytest.raises(CodeKeyUnknown, match="key 1, which is not known"):
        ring((2, OTHER_KEY)).open(ring((1, KEY)).seal(code))


def test_another_key_under_the_same_id_opens_nothing(code: PaymentCode) -> None:
    with pytest.raises(CodeSealBroken):
        ring((1, OTHER_KEY)).open(ring((1, KEY)).seal(code))


def test_the_key_id_is_sealed_too(code: PaymentCode) -> None:
    sealed = sealed_of(ring((1, KEY)).seal(code))

    with pytest.raises(CodeSealBroken):
        ring((1, KEY), (2, KEY)).open(carried(b"\2" + sealed[1:]))


def test_the_name_and_version_are_sealed_too(keys: CodeKeys, payload: str) -> None:
    with pytest.raises(CodeSealBroken):
        keys.open(carried(sealed_of(payload), ADF_NAME + b"\1"))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", NotConsumerPresented),
        ("4111111111111111", NotConsumerPresented),
        ("284012345678901234", NotConsumerPresented),
        ("hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=", NotOurCode),
        (carried(bytes(64), b"\xf0AIRSIDE\x02"), NotOurCode),
        (carried(bytes(64), b"\xf0AIRSIDE"), NotOurCode),
        (carried(bytes(63)), CodeSealBroken),
        (carried(bytes(65)), CodeSealBroken),
        (carried(bytes(64), tag=0xC2), CodeSealBroken),
        (carried(bytes(64)), CodeKeyUnknown),
        (carried(b"\1" + bytes(63)), CodeSealBroken),
    ],
)
def test_a_text_that_is_no_code_of_ours_says_what_it_is(
    keys: CodeKeys, text: str, error: type[CodeUnreadable]
) -> None:
    with pytest.raises(CodeUnreadable) as caught:
        keys.open(text)

    assert type(caught.value) is error


def test_no_flipped_bit_opens_to_another_code(keys: CodeKeys, payload: str) -> None:
    """Every bit of the bytes, and every bit of the characters."""
    opened = keys.open(payload)
    raw = base64.b64decode(payload)
    texts = [base64.b64encode(damaged).decode() for damaged in flipped(raw)]
    texts += [damaged.decode("latin-1") for damaged in flipped(payload.encode())]

    survivors = 0
    for text in texts:
        try:
            assert keys.open(text) == opened
            survivors += 1
        except CodeUnreadable:
            pass

    # Base64 of 88 bytes leaves four bits of the last group unused: these change nothing.
    assert survivors <= 4


def flipped(raw: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


@given(st.text() | st.text().map(lambda tail: emv_cpm.PAYLOAD_PREFIX + tail))
def test_any_text_is_unreadable_with_one_family_of_errors(text: str) -> None:
    with pytest.raises(CodeUnreadable):
        FIXED.open(text)


@given(
    st.binary(max_size=70) | st.binary(min_size=63, max_size=63).map(lambda x: b"\1" + x),
    st.sampled_from([ADF_NAME, ADF_NAME + b"\0", b"\xf0AIRSIDE\0"]),
)
def test_any_bytes_in_our_envelope_are_unreadable(sealed: bytes, adf_name: bytes) -> None:
    with pytest.raises(CodeUnreadable):
        FIXED.open(carried(sealed, adf_name))


@given(st.binary(max_size=120))
def test_any_objects_in_our_template_are_unreadable(raw: bytes) -> None:
    objects: list[tlv.DataObject] = [
        Primitive(0x85, b"CPV01"),
        Template(0x61, (Primitive(0x4F, ADF_NAME), Primitive(0x42, raw))),
    ]
    whole = tlv.encode(objects).replace(tlv.encode([Primitive(0x42, raw)]), raw)

    with pytest.raises(CodeUnreadable):
        FIXED.open(base64.b64encode(whole).decode())


def test_no_error_shows_the_code(keys: CodeKeys, payload: str) -> None:
    broken = payload[:60] + ("A" if payload[60] != "A" else "B") + payload[61:]
    for text in (broken, payload[:-4], payload + "====", "x" + payload):
        with pytest.raises(CodeUnreadable) as caught:
            keys.open(text)

        shown = "".join(traceback.format_exception(caught.value))
        assert payload[30:50] not in shown
        assert payload[70:90] not in shown


def test_keys_are_never_shown_or_copied() -> None:
    keys = ring((1, KEY), (2, OTHER_KEY))

    assert repr(keys) == "CodeKeys(ids=[1, 2], seals_with=2)"
    assert KEY.hex() not in str(vars(keys))
    assert repr(KEY)[2:10] not in str(vars(keys))
    with pytest.raises(TypeError):
        pickle.dumps(keys)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "a ring needs a key"),
        ([(256, KEY)], "key id 256"),
        ([(-1, KEY)], "key id -1"),
        ([(1, KEY), (1, OTHER_KEY)], "key id 1"),
        ([(1, KEY[:16])], "key 1 has 16 bytes, not 32"),
    ],
)
def test_a_ring_that_cannot_be_used_says_why_without_a_key(
    pairs: list[tuple[int, bytes]], message: str
) -> None:
    with pytest.raises(UnusableKeyRing, match=message) as caught:
        ring(*pairs)

    assert repr(KEY)[2:10] not in str(caught.value)


def test_a_payload_never_has_as_many_digits_in_a_row_as_a_card_number(
    code: PaymentCode,
) -> None:
    # The nonce is seen in the payload, so a nonce can be made that reads as digits.
    plain = CodeKeys([(1, KEY)], answers(bytes(12))).seal(code)
    digits = plain[:34] + "411111111111111" + plain[49:]
    unlucky = base64.b64decode(digits)[25:37]
    assert re.search(r"\d{13}", carried(b"\1" + unlucky + bytes(51)))

    payload = CodeKeys([(1, KEY)], answers(unlucky, unlucky, b"twelve bytes")).seal(code)

    assert sealed_of(payload)[1:13] == b"twelve bytes"
    assert not re.search(r"\d{13}", payload)
    with pytest.raises(AssertionError, match="random"):
        CodeKeys([(1, KEY)], lambda _: unlucky).seal(code)


def test_a_payload_has_no_field_for_a_card_number(payload: str) -> None:
    decoded = emv_cpm.decode(payload)

    assert decoded.common == CommonData()
    assert [
        (app.objects, [item.tag for item in app.transparent])
        for app in decoded.applications
    ] == [((), [SEALED_CODE])]


@pytest.mark.parametrize(
    "code",
    [
        PaymentCode(AccountId(bytes(14)), 0, 0, 0),
        PaymentCode(AccountId(bytes(15)), 2**32, 0, 0),
        PaymentCode(AccountId(bytes(15)), 0, -1, 0),
        PaymentCode(AccountId(bytes(15)), 0, 0, 2**64),
        PaymentCode(AccountId(bytes(15)), 0, 0, 0, 2**32),
    ],
)
def test_a_code_that_does_not_fit_is_a_broken_promise(code: PaymentCode) -> None:
    with pytest.raises(AssertionError):
        FIXED.seal(code)


def test_a_random_source_that_gives_too_little_is_a_broken_promise(
    code: PaymentCode,
) -> None:
    with pytest.raises(AssertionError):
        CodeKeys([(1, KEY)], lambda size: bytes(size - 1)).seal(code)
