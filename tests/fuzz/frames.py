"""ISO 8583 frames that nobody meant, and what reading them must not do."""

from random import Random

from terminals.iso8583 import mac
from terminals.iso8583.frames import FrameReader, FrameTooLong, frame
from terminals.iso8583.message import Message, MessageMalformed, decode, encode

KEY = bytes(range(32))
# A value that no error may show: a test number of a card scheme, in the element of the PAN.
PLANTED = "4111111111111111"
_ELEMENTS = {
    "3": "000000",
    "4": "000000024000",
    "7": "1122120000",
    "11": "000017",
    "13": "1122",
    "41": "ABCDEFGH",
    "49": "634",
    "62": "hQVDUFYwMW",
}
_KINDS = (
    Message("0200", _ELEMENTS),
    Message("0200", _ELEMENTS | {"2": PLANTED}),
    Message("0420", _ELEMENTS | {"90": "0" * 42}),
    Message("0500", _ELEMENTS | {"74": "0" * 10, "97": "C" + "0" * 16}),
    Message("0800", _ELEMENTS | {"70": "301"}),
)


def frames(source: Random) -> bytes:
    """One or more, with a right code or none, and up to three damages."""
    raw = bytearray()
    for _ in range(source.choice((1, 1, 2, 3))):
        message = source.choice(_KINDS)
        raw += frame(mac.sign(message, KEY) if source.random() < 0.8 else encode(message))
    for _ in range(source.choice((0, 1, 1, 2, 3))):
        _spoil(source, raw)
    return bytes(raw)


def judge_frames(raw: bytes) -> bool:
    """Whether all of it was read, fed in pieces. Only the documented errors are swallowed."""
    reader, at = FrameReader(), 0
    source = Random(raw)
    while at < len(raw):
        size = source.randrange(1, 200)
        try:
            for message in reader.feed(raw[at : at + size]):
                _read(message)
        except FrameTooLong:
            return False
        except MessageMalformed as error:
            return _shows_nothing(error)
        at += size
    return not reader.is_amid


def _read(raw: bytes) -> None:
    message = decode(raw)
    assert PLANTED not in repr(message)
    mac.verify(raw, message, KEY)
    assert decode(encode(message)) == message


def _shows_nothing(error: Exception) -> bool:
    """False: it was not read."""
    assert PLANTED not in str(error)
    return False


def _spoil(source: Random, raw: bytearray) -> None:
    at = source.randrange(len(raw) + 1)
    match source.randrange(5):
        case 0 | 1 if at < len(raw):
            raw[at] = source.choice(b"0123456789ABCDEF\x00\x7f\xff+_ ")
        case 2:
            raw[at:at] = source.randbytes(source.randrange(1, 4))
        case 3:
            del raw[at : at + source.randrange(1, 9)]
        case _:
            raw += raw[at:]
