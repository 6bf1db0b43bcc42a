"""BER-TLV: objects that say their own name and length (ISO/IEC 8825-1, EMV Book 3 annex B).

An object is a tag, a length and a value. The value of a *primitive* is bytes; the value of
a *template* is objects again. Tags are written as they are spoken: 0x9F26 is the two bytes
9F 26, and the lowest five bits of a first byte all being one says that more bytes follow.

Bit 6 of a tag claims "template", but codes in the field set it on values that are not TLV
at all. So the reader of a known format says which tags it opens; everything else is kept
as bytes, unknown tags included, and is written back as it came.

What is read is hostile. There is one family of errors, TlvError, and no message shows a
value: it may be a card's track or a sealed code.
"""

from collections.abc import Callable, Container, Iterable, Iterator

import msgspec

# Two length bytes. Longer objects do not occur: a QR code holds 512 characters, an extended
# APDU 65,535 bytes.
LENGTH_MAX = 65_535

# EMV's private tags take three bytes (DF8129). One more than anyone uses.
TAG_BYTES_MAX = 4

# EMV nests three deep. Without a bound, 64 KiB of templates inside templates would be
# thirty thousand calls deep, and end in a RecursionError instead of an answer.
DEPTH_MAX = 8

_PADDING = 0x00  # EMV Book 3 annex B: zero bytes between objects mean nothing
_MORE_TAG_BYTES = 0x1F
_CONSTRUCTED = 0x20
_CONTINUES = 0x80


class TlvError(ValueError):
    """Base: the bytes or objects are not BER-TLV as this module speaks it."""


class TlvMalformed(TlvError):
    """The bytes that were read break off or contradict themselves."""

    def __init__(self, tag: bytes, offset: int, problem: str) -> None:
        super().__init__(f"tag {tag.hex().upper()} at offset {offset}: {problem}")
        self.offset = offset


class TlvUnwritable(TlvError):
    """The object that was to be written has no form in BER-TLV."""

    def __init__(self, tag: int, problem: str) -> None:
        super().__init__(f"tag {tag:X}: {problem}")


class Primitive(msgspec.Struct, frozen=True):
    tag: int
    value: bytes

    def __repr__(self) -> str:
        return f"Primitive({self.tag:X}, {len(self.value)} bytes)"


class Template(msgspec.Struct, frozen=True):
    tag: int
    parts: "tuple[DataObject, ...]"


DataObject = Primitive | Template


def is_constructed(tag: int) -> bool:
    """Whether the tag itself claims to hold objects."""
    return bool(tag_bytes(tag)[0] & _CONSTRUCTED)


def tag_bytes(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")


def encode(objects: Iterable[DataObject]) -> bytes:
    """Write the objects, lengths in their shortest form. Raises TlvUnwritable."""
    return b"".join(map(_encode_object, objects))


def decode(raw: bytes, templates: Container[int] | None = None) -> tuple[DataObject, ...]:
    """Read the objects; offsets in errors count from the first byte.

    Tags in templates are opened; without it, each tag that claims to be constructed.
    Raises TlvMalformed.
    """
    opens = is_constructed if templates is None else templates.__contains__
    return tuple(_Reader(raw, opens).objects(0, len(raw), DEPTH_MAX))


def find(objects: Iterable[DataObject], *path: int) -> bytes | None:
    """The value of the first primitive at this path of tags, or None."""
    for item in objects:
        if item.tag != path[0]:
            continue
        if isinstance(item, Primitive):
            return item.value if len(path) == 1 else None
        if len(path) > 1 and (value := find(item.parts, *path[1:])) is not None:
            return value
    return None


def _encode_object(item: DataObject) -> bytes:
    value = item.value if isinstance(item, Primitive) else encode(item.parts)
    if len(value) > LENGTH_MAX:
        raise TlvUnwritable(item.tag, f"{len(value)} bytes, and {LENGTH_MAX} is the most")
    return _checked_tag(item.tag) + _length_bytes(len(value)) + value


def _checked_tag(tag: int) -> bytes:
    if tag <= 0:
        raise TlvUnwritable(tag, "a tag is a positive number")
    raw = tag_bytes(tag)
    if _tag_end(raw, 0, len(raw)) != len(raw):
        raise TlvUnwritable(tag, "the bytes are not one whole tag")
    return raw


def _length_bytes(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    if length < 0x100:
        return bytes([0x81, length])
    return bytes([0x82]) + length.to_bytes(2, "big")


def _tag_end(raw: bytes, at: int, end: int) -> int | None:
    """Find where the tag at this place ends; None if it breaks off or is too long."""
    if raw[at] & _MORE_TAG_BYTES != _MORE_TAG_BYTES:
        return at + 1
    for place in range(at + 1, min(end, at + TAG_BYTES_MAX)):
        if not raw[place] & _CONTINUES:
            return place + 1
    return None


class _Reader:
    """One pass over the bytes; all places are offsets into the whole."""

    def __init__(self, raw: bytes, opens: Callable[[int], bool]) -> None:
        self._raw = raw
        self._opens = opens

    def objects(self, at: int, end: int, depth: int) -> Iterator[DataObject]:
        while at < end:
            if self._raw[at] == _PADDING:
                at += 1
                continue
            name = self._tag(at, end)
            start, stop = self._span(at, name, end)
            tag = int.from_bytes(name, "big")
            if self._opens(tag):
                if depth == 0:
                    raise TlvMalformed(name, at, f"nested deeper than {DEPTH_MAX}")
                yield Template(tag, tuple(self.objects(start, stop, depth - 1)))
            else:
                yield Primitive(tag, self._raw[start:stop])
            at = stop

    def _tag(self, at: int, end: int) -> bytes:
        after = _tag_end(self._raw, at, end)
        if after is None:
            seen = self._raw[at : min(end, at + TAG_BYTES_MAX)]
            raise TlvMalformed(seen, at, f"no end of the tag within {len(seen)} bytes")
        return self._raw[at:after]

    def _span(self, at: int, name: bytes, end: int) -> tuple[int, int]:
        """Find start and stop of the value. Longer forms of a short length are read too."""
        place = at + len(name)
        if place >= end:
            raise TlvMalformed(name, at, "the length is missing")
        first = self._raw[place]
        extra = first & ~_CONTINUES if first & _CONTINUES else 0
        if first & _CONTINUES and extra not in {1, 2}:
            raise TlvMalformed(
                name, at, f"a length that begins with {first:02X} is not read"
            )
        start = place + 1 + extra
        if start > end:
            raise TlvMalformed(name, at, "the length breaks off")
        length = int.from_bytes(self._raw[place + 1 : start], "big") if extra else first
        if start + length > end:
            there = end - start
            raise TlvMalformed(name, at, f"{length} bytes announced, {there} are there")
        return start, start + length
