"""A short text of a person's, sealed under their key: what they call a device, a passkey.

The place says which row it is, so it opens in no other (services/sealing.py).
"""

from collections.abc import Mapping

from sqlalchemy import Connection

from services.data_keys import data_keys
from services.principals import HolderForgotten
from services.sealing import open_sealed


def seal_text(connection: Connection, holder: str, place: str, text: str) -> bytes:
    """In a transaction that writes. Raises HolderForgotten."""
    keys = data_keys(connection)
    key = keys.make(connection, [holder]).get(holder)
    if key is None:
        raise HolderForgotten(holder)
    return keys.seal(key, place, text.encode())


def open_texts(
    connection: Connection, holder: str, sealed: Mapping[str, bytes]
) -> dict[str, str]:
    """By place; all empty once their holder was forgotten. Raises SealBroken."""
    key = data_keys(connection).find(connection, [holder]).get(holder)
    return {
        place: open_sealed(key, place, text).decode() if key else ""
        for place, text in sealed.items()
    }
