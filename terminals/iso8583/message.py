"""A message: its type, and its elements by number. The only importer of iso8583, with the profile.

What is read is hostile. MessageMalformed is the one error, and it names the element: never a value,
for that may be a wallet's code or, from a till that was set up wrongly, a card.

The type (four digits) is version, class, function, origin:

    0100 authorisation        0200 purchase, refund    0220 advice of either, stored before
    0400 reversal             0420 reversal advice     0500 reconciliation
    0800 sign-on, echo        ..x1 the same again      ..10, ..30 the answers
"""

import iso8583
import msgspec

from terminals.iso8583 import profile

# All that the elements we know may hold.
_PRINTABLE = frozenset(map(chr, range(0x20, 0x7F)))


class MessageMalformed(ValueError):
    """element: its number, or `t` for the type, `p` and `1` for the bitmaps."""

    def __init__(self, element: str, problem: str) -> None:
        super().__init__(f"element {element}: {problem}")
        self.element = element


class Message(msgspec.Struct, frozen=True):
    """elements: by their numbers as the standard spells them, "11"; without bitmaps."""

    mti: str
    elements: dict[str, str]

    def get(self, element: str) -> str:
        return self.elements.get(element, "")

    def __repr__(self) -> str:
        """Without values: one of them may be a code."""
        return f"Message({self.mti}, {', '.join(self.elements)})"


def decode(raw: bytes) -> Message:
    """Raises MessageMalformed."""
    try:
        decoded, encoded = iso8583.decode(raw, profile.SPEC)
    except iso8583.DecodeError as error:
        raise MessageMalformed(error.field, error.msg) from None
    except KeyError:  # the library follows bit 65 to elements that no profile of 1987 has
        raise MessageMalformed("65", "there is no third bitmap here") from None
    mti = decoded["t"]
    if not (mti.isascii() and mti.isdigit() and mti.startswith("0")):
        raise MessageMalformed("t", "it is no type of ISO 8583:1987")
    elements = {name: text for name, text in decoded.items() if name not in _NO_ELEMENTS}
    for name, text in elements.items():
        # The library reads lengths as Python reads numbers: "+04" and "0_4" too.
        if not (encoded[name]["len"] or b"0").isdigit():
            raise MessageMalformed(name, "its length is not digits")
        if not _PRINTABLE.issuperset(text):
            raise MessageMalformed(name, "it holds what cannot be printed")
        digits = profile.DIGITS.get(name)
        if digits is not None and not (text.isdigit() and len(text) == digits):
            raise MessageMalformed(name, f"it is not {digits} digits")
    return Message(mti, elements)


def encode(message: Message) -> bytes:
    """Raises MessageMalformed for a text that does not fit its element."""
    document = {"t": message.mti, **message.elements}
    try:
        raw, _ = iso8583.encode(document, profile.SPEC)
    except iso8583.EncodeError as error:
        raise MessageMalformed(error.field, error.msg) from None
    return bytes(raw)


_NO_ELEMENTS = frozenset({"h", "t", "p", "1"})
