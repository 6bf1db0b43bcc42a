"""Merchant-presented objects: two digits of tag, two of length, a value (EMV QRCPS MPM 1.1, 4.1).

The length counts characters, not bytes: 最佳运输 has length 04. A character is a Unicode code
point here. Readers that count in UTF-16 would see two where a code point stands beyond the basic
plane, so such characters are read, but never written.

Which objects hold objects again is not said by the objects; the reader of the format knows
(terminals/emv_mpm.py). What is read is hostile. No error shows a value: a merchant account may be
a card's number. The tag is shown with what it stands in: 62.05.
"""

import unicodedata
from collections.abc import Iterable

import msgspec

VALUE_CHARS_MAX = 99  # two digits

_HEAD_CHARS = 4
# Nobody's name holds them, and some turn the text around that stands behind: a code could show
# the customer another name than the one it pays. Zero-width joiners are letters' business.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_JOINERS = frozenset("\u200c\u200d")


class InvalidMerchantPayload(ValueError):
    """The text or the objects break the specification; the message says which tag and rule."""


class InvalidTag(InvalidMerchantPayload):
    def __init__(self, tag: str, problem: str) -> None:
        super().__init__(f"tag {tag}: {problem}")
        self.tag = tag


class Item(msgspec.Struct, frozen=True):
    """tag: two digits. value: 1 to 99 characters."""

    tag: str
    value: str

    def __repr__(self) -> str:
        return f"Item({self.tag}, {len(self.value)} characters)"


def parse(text: str, inside: str = "") -> tuple[Item, ...]:
    """Read the objects, each tag at most once. inside: "62." for those of template 62.

    Raises InvalidMerchantPayload.
    """
    items: list[Item] = []
    seen: set[str] = set()
    at = 0
    while at < len(text):
        item = _item_at(text, at, inside)
        if item.tag in seen:
            raise InvalidTag(inside + item.tag, "it occurs twice")
        seen.add(item.tag)
        items.append(item)
        at += _HEAD_CHARS + len(item.value)
    return tuple(items)


def write(items: Iterable[Item], inside: str = "") -> str:
    """Write the objects as they come. Raises InvalidTag."""
    text = ""
    seen: set[str] = set()
    for item in items:
        where = inside + item.tag
        if not _is_number(item.tag, 2):
            raise InvalidTag(where[:16], "a tag is two digits")
        if item.tag in seen:
            raise InvalidTag(where, "it occurs twice")
        if not 1 <= (size := len(item.value)) <= VALUE_CHARS_MAX:
            raise InvalidTag(where, f"{size} characters, and 1 to {VALUE_CHARS_MAX} fit")
        if any(ord(character) > 0xFFFF for character in item.value):
            raise InvalidTag(where, "readers differ on the length of one of its characters")
        _require_seen(where, item.value)
        seen.add(item.tag)
        text += f"{item.tag}{size:02d}{item.value}"
    return text


def _item_at(text: str, at: int, inside: str) -> Item:
    head = text[at : at + _HEAD_CHARS]
    place = f"{inside}at character {at}"
    if not _is_number(head[:2], 2):
        raise InvalidMerchantPayload(f"{place}: there is no tag of two digits")
    tag = head[:2]
    if not _is_number(head[2:], 2):
        raise InvalidTag(inside + tag, "its length is not two digits")
    size = int(head[2:])
    value = text[at + _HEAD_CHARS : at + _HEAD_CHARS + size]
    if not size:
        raise InvalidTag(inside + tag, "it is empty")
    if len(value) < size:
        raise InvalidTag(inside + tag, f"{len(value)} of {size} characters are there")
    _require_seen(inside + tag, value)
    return Item(tag, value)


def _require_seen(where: str, value: str) -> None:
    for character in value:
        if unicodedata.category(character) in _UNSEEN and character not in _JOINERS:
            raise InvalidTag(where, f"it holds the unseen character U+{ord(character):04X}")


def _is_number(text: str, digits: int) -> bool:
    return len(text) == digits and text.isascii() and text.isdigit()
