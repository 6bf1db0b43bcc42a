"""The message code: AES-CMAC (RFC 4493) of a message, under a key that one terminal shares.

It stands in the last element that there is, 64 or 128, as sixteen hexadecimal digits: the first
eight bytes of the code over everything before them, so over the type and the bitmap too. A
message that is sent again is the same message: what it does is done once, by its trace number.
"""

import hmac

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from terminals.iso8583 import profile
from terminals.iso8583.message import Message, encode

KEY_BYTES = 32
_BLANK = "0" * profile.MAC_CHARS


def sign(message: Message, key: bytes) -> bytes:
    """The message as it goes out, with its code. Raises MessageMalformed."""
    second = any(int(name) > 64 for name in message.elements)
    element = profile.MAC_FIELDS[second]
    raw = encode(Message(message.mti, message.elements | {element: _BLANK}))
    return _covered(raw) + _code(_covered(raw), key)


def is_signed(message: Message) -> bool:
    return any(name in message.elements for name in profile.MAC_FIELDS)


def verify(raw: bytes, message: Message, key: bytes) -> bool:
    """Whether the message carries the code that its terminal's key makes of these bytes."""
    last = max(message.elements, key=int, default="")
    if last not in profile.MAC_FIELDS:
        return False
    return hmac.compare_digest(raw[-profile.MAC_CHARS :], _code(_covered(raw), key))


def _covered(raw: bytes) -> bytes:
    return raw[: -profile.MAC_CHARS]


def _code(covered: bytes, key: bytes) -> bytes:
    code = CMAC(AES(key))
    code.update(covered)
    return code.finalize()[: profile.MAC_CHARS // 2].hex().upper().encode()
