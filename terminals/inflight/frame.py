"""A frame: what the phone shows. Its allowance, a counter, the time and a nonce, signed by its key.

    "AF1:" base45( <64: signature> 01 <2: length> <allowance> <4: counter> <4: time> <8: nonce> )

Each showing has the next counter. A counter that comes twice was copied; so was one that comes
after a later one. The signature is the phone's own, made with no network; it says that whoever
holds the phone showed this frame, and no more: how much may be sold, the allowance alone says.
"""

import struct
from typing import NamedTuple

from terminals.inflight.allowance import Allowance, open_allowance
from terminals.inflight.base45 import NotBase45, decode, encode
from terminals.inflight.signed import SIGNATURE_BYTES, SignatureWrong, open_signed

KIND = "frame"
FRAME_PREFIX = "AF1:"
VERSION = 1
NONCE_BYTES = 8

_HEAD = struct.Struct(">BH")
_SHOWING = struct.Struct(f">II{NONCE_BYTES}s")
# 528 bytes are 796 characters, of which version 18 of a QR code holds 816 at level M.
FRAME_BYTES_MAX = 528


class FrameRefused(ValueError):
    """Base: nothing can be sold on this; the phone may show another."""


class NotAFrame(FrameRefused):
    def __init__(self) -> None:
        super().__init__("this is not a code for paying on board")


class FrameForged(FrameRefused):
    """The allowance is another phone's, or the frame was altered."""

    def __init__(self) -> None:
        super().__init__(
            "the phone that shows this allowance is not the one it was made for"
        )


class Showing(NamedTuple):
    """at_s: by the phone's clock."""

    counter: int
    at_s: int
    nonce: bytes


class Frame(NamedTuple):
    """raw: as it was scanned, and as the till keeps it: whoever has the keys can check it again."""

    raw: bytes
    sealed: bytes
    allowance: Allowance
    showing: Showing


def frame_body(sealed: bytes, showing: Showing) -> bytes:
    """What the phone signs. sealed: the allowance as the gateway issued it."""
    return _HEAD.pack(VERSION, len(sealed)) + sealed + _SHOWING.pack(*showing)


def frame_text(raw: bytes) -> str:
    return FRAME_PREFIX + encode(raw)


def read_frame(text: str, keys: dict[int, bytes]) -> Frame:
    """Of what was scanned. Raises FrameRefused, AllowanceRefused."""
    if not text.startswith(FRAME_PREFIX) or len(text) > 2 * FRAME_BYTES_MAX:
        raise NotAFrame
    try:
        raw = decode(text.removeprefix(FRAME_PREFIX))
    except NotBase45:
        raise NotAFrame from None
    return open_frame(raw, keys)


def open_frame(raw: bytes, keys: dict[int, bytes]) -> Frame:
    """Both signatures are checked: the gateway's, then the phone's."""
    body = raw[SIGNATURE_BYTES:]
    if len(raw) > FRAME_BYTES_MAX or len(body) < _HEAD.size:
        raise NotAFrame
    version, length = _HEAD.unpack_from(body)
    if version != VERSION or len(body) != _HEAD.size + length + _SHOWING.size:
        raise NotAFrame
    sealed = body[_HEAD.size : _HEAD.size + length]
    allowance = open_allowance(sealed, keys)
    try:
        open_signed(allowance.phone_key, KIND, raw)
    except SignatureWrong:
        raise FrameForged from None
    showing = Showing(*_SHOWING.unpack_from(body, _HEAD.size + length))
    return Frame(raw, sealed, allowance, showing)
