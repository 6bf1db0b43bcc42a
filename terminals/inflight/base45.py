"""Base45 (RFC 9285): bytes as the 45 characters that a QR code packs two into eleven bits.

Two bytes become three characters, so a byte costs 8.25 bits instead of the 10.7 of base64. Only
what `encode` writes is read: of two spellings of one signed text, one could have been altered.
"""

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_PAIR_MAX, _BYTE_MAX = 0xFFFF, 0xFF


class NotBase45(ValueError):
    """No message shows the text."""

    def __init__(self) -> None:
        super().__init__("the text is not base45")


def encode(raw: bytes) -> str:
    text = ""
    for start in range(0, len(raw), 2):
        pair = raw[start : start + 2]
        value = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            value, digit = divmod(value, 45)
            text += ALPHABET[digit]
    return text


def decode(text: str) -> bytes:
    """Raises NotBase45."""
    raw = b""
    for start in range(0, len(text), 3):
        group = text[start : start + 3]
        if len(group) == 1 or any(character not in _VALUES for character in group):
            raise NotBase45
        value = sum(_VALUES[c] * 45**place for place, c in enumerate(group))
        if value > (_PAIR_MAX if len(group) == 3 else _BYTE_MAX):
            raise NotBase45
        raw += value.to_bytes(len(group) - 1, "big")
    return raw
