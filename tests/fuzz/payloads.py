"""Payloads that nobody meant: of QR codes, both ways.

Each is drawn from a seed. Most begin as a good one, or the decoder would refuse them all at the
same door: a payload that is only random never gets past its first character.
"""

import base64
from random import Random

from terminals import emv_cpm, emv_mpm, tlv
from terminals.emv_cpm import InvalidPayload
from terminals.mpm_objects import InvalidMerchantPayload

# The published examples (tests/terminals/test_emv_cpm.py and test_emv_mpm.py say whose), and one
# of ours with a value in it that no error may show.
PLANTED = "7777PLANTED7777"
CONSUMER = (
    "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=",
    (
        "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8g"
        "DkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
    ),
    base64.b64encode(
        tlv.encode(
            [
                tlv.Primitive(0x85, b"CPV01"),
                tlv.Template(
                    0x61,
                    (
                        tlv.Primitive(0x4F, b"\xf0AIRSIDE\x01"),
                        tlv.Template(0x63, (tlv.Primitive(0xC1, PLANTED.encode()),)),
                    ),
                ),
            ]
        )
    ).decode(),
)
MERCHANT = (
    (
        "00020101021229300012D156000000000510A93FO3230Q31280012D156000000010308123456785204411158"
        "02CN5914BEST TRANSPORT6007BEIJING64200002ZH0104最佳运输0202北京540523.725303156550201"
        "6233030412340603***0708A60086670902ME91320016A011223344998877070812345678"
    ),
    (
        "00020126580014br.gov.bcb.pix0136123e4567-e12b-12d1-a456-426655440000520400005303986"
        "5802BR5913Fulano de Tal6008BRASILIA62070503***"
    ),
    f"00020101021102160215{PLANTED}52045309530363454061250.055802QA5905Pearl6004Doha",
)
_ODD = "\x00\u202e\ud800\U0001f9f3\u00e9\u6700\u0660\u00a0\uff10"
_PLAIN = "0123456789ABCabc.*-/"


def consumer_payload(source: Random) -> str:
    raw = bytearray(base64.b64decode(source.choice(CONSUMER)))
    for _ in range(source.randrange(4)):
        _spoil_bytes(source, raw)
    text = base64.b64encode(raw).decode()
    return _spoil_text(source, text) if source.random() < 0.1 else text


def merchant_payload(source: Random) -> str:
    """Half of them with a right CRC, whatever it is right about."""
    text = source.choice(MERCHANT) if source.random() < 0.85 else _objects(source)
    for _ in range(source.choice((0, 1, 1, 2, 3))):
        text = _spoil_text(source, text)
    text += emv_mpm.CRC_HEAD
    try:
        return text + emv_mpm.crc(text) if source.random() < 0.8 else text + "0000"
    except UnicodeEncodeError:
        return text + "0000"


def judge_consumer(text: str) -> bool:
    """Whether it was read. Anything but a payload or the documented error comes through."""
    try:
        payload = emv_cpm.decode(text)
    except InvalidPayload as error:
        return _shows_nothing(error)
    assert PLANTED not in repr(payload)
    try:
        again = emv_cpm.encode(payload)
    except InvalidPayload:
        return True  # read, though too wide to be written
    assert emv_cpm.decode(again) == payload
    return True


def judge_merchant(text: str) -> bool:
    try:
        payload = emv_mpm.decode(text)
    except InvalidMerchantPayload as error:
        return _shows_nothing(error)
    assert PLANTED not in repr(payload.accounts)
    try:
        again = emv_mpm.encode(payload)
    except InvalidMerchantPayload:
        return True
    assert emv_mpm.decode(again) == payload
    try:
        amount = emv_mpm.amount_of(payload)
    except InvalidMerchantPayload:
        return True
    assert amount is None or amount.amount_minor > 0
    return True


def _shows_nothing(error: Exception) -> bool:
    """False: it was not read."""
    assert PLANTED not in str(error)
    return False


def _objects(source: Random) -> str:
    """Objects by the grammar, with tags and contents of any kind."""
    text = "000201"
    for _ in range(source.randrange(12)):
        value = "".join(source.choices(_PLAIN, k=source.randrange(1, 30)))
        if source.random() < 0.3:
            value = f"00{len(value):02d}{value}"
        text += f"{source.randrange(100):02d}{len(value):02d}{value}"
    return text


def _spoil_text(source: Random, text: str) -> str:
    at = source.randrange(len(text) + 1)
    some = "".join(source.choices(_PLAIN + _ODD, k=source.randrange(1, 4)))
    match source.randrange(5):
        case 0:
            return text[:at] + some + text[at:]
        case 1:
            return text[:at] + text[at + len(some) :]
        case 2:
            return text[:at] + some + text[at + len(some) :]
        case 3:
            return text[:at] + text[source.randrange(len(text) + 1) :]
        case _:
            return text + text[at:]


def _spoil_bytes(source: Random, raw: bytearray) -> None:
    at = source.randrange(len(raw) + 1)
    match source.randrange(4):
        case 0 if at < len(raw):
            raw[at] ^= 1 << source.randrange(8)
        case 1:
            raw[at:at] = source.randbytes(source.randrange(1, 4))
        case 2:
            del raw[at : at + source.randrange(1, 9)]
        case _:
            raw += raw[at:]
