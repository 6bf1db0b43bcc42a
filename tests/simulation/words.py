"""Commands and replies as people read them, for the history of a failure."""

from collections.abc import Mapping
from enum import Enum

import msgspec

from ledger.ids import Ref
from ledger.money import Money

Names = Mapping[bytes, str]


def words(value: object, names: Names) -> str:
    """Accounts by their names, digests by their first digits, fields only where they say
    something.
    """
    match value:
        case bytes():
            return names.get(value) or _text(value)
        case Money():
            return f"{value.amount_minor} {value.commodity}"
        case Ref():
            return f"{words(value.account, names)} #{value.ordinal}"
        case Enum():
            return str(value.value)
        case msgspec.Struct():
            fields = [
                _field(value, field, names) for field in msgspec.structs.fields(value)
            ]
            said = ", ".join(field for field in fields if field)
            return f"{type(value).__name__}({said})"
        case dict():
            parts = [f"{key} {words(part, names)}" for key, part in value.items()]
            return ", ".join(parts) or "nothing"
        case tuple() | list():
            return f"[{', '.join(words(part, names) for part in value)}]"
        case _:
            return str(value)


def _field(
    struct: msgspec.Struct, field: msgspec.structs.FieldInfo, names: Names
) -> str | None:
    value = getattr(struct, field.name)
    return None if value == field.default else f"{field.name}: {words(value, names)}"


def _text(value: bytes) -> str:
    text = value.decode() if value.isascii() else ""
    return text if text and text.isprintable() else value.hex()[:6]
