"""A first look at bytes that came: enough to say no with little work.

Reading a request as HTTP asks costs a gateway as much as half of a payment; so under a load that
is too much, most of its time would go into refusing. Most requests come whole and plain, and of
those it can be seen where they end without being read. Whatever is not plain is left to the parser.
"""

import re

import msgspec

_PATH = b" /v1/"
_VERSION = b" HTTP/1.1"
_END = b"\r\n\r\n"
_KEY = b"uthorization: "
_KEY_OF_SIGNATURE = b'keyid="'
# A bearer key has 35 characters behind seven more; what is longer is told apart by its beginning.
_KEY_BYTES = 48
# What changes where a message ends (RFC 9112, section 6), or what is to be said about it.
_NOT_PLAIN = re.compile(
    rb"\r\n(?:transfer-encoding|expect|upgrade|connection:(?![ \t]*keep-alive\r\n)|[ \t])"
)
_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,6})[ \t]*\r\n")
_LENGTH_NAME = b"content-length"


def is_asked(data: bytes) -> bool:
    """Whether it begins like a request to a route, not to a page or to a probe."""
    return data.find(_PATH, 3, 12) > 0


def caller_of(data: bytes) -> bytes:
    """What tells callers apart. It is no proof of anything, and goes nowhere."""
    at = data.find(_KEY)
    if at < 0:
        at = data.find(_KEY_OF_SIGNATURE)
    return data[at : at + _KEY_BYTES].partition(b"\r")[0] if at >= 0 else b""


class Plain(msgspec.Struct, frozen=True):
    """A request that can be passed over. to_come: bytes of its body that are still on their way."""

    to_come: int


def plain(data: bytes, *, body_bytes_max: int) -> Plain | None:
    """None: it is not whole, not plain, has a longer body, or something else comes behind it."""
    end = data.find(_END)
    line_end = data.find(b"\r\n")
    if end < 0 or not data.endswith(_VERSION, 0, line_end):
        return None
    head = data[line_end : end + 2].lower()
    if _NOT_PLAIN.search(head) or b"\x00" in head:
        return None
    length = 0
    if _LENGTH_NAME in head:
        said = _LENGTH.search(head)
        if said is None or head.count(_LENGTH_NAME) > 1:
            return None
        length = int(said[1])
    to_come = length - (len(data) - end - len(_END))
    if to_come < 0 or length > body_bytes_max:
        return None
    return Plain(to_come)
