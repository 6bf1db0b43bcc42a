"""The public keys of terminals: Ed25519, named by their own digest.

A terminal makes its key itself and sends the public half when it is paired (services/pairing.py);
the private half never leaves it. When it changes its key the old one is good for some minutes
more, for what is under way.
"""

import hashlib

import msgspec
from sqlalchemy import Connection, insert, or_, select, update

from ledger.clock import SECOND_MS
from services.access_revision import note_change
from services.mint import base32
from services.principals import Principal, principal_of
from services.rows import as_struct
from services.store import Store
from services.tables import PRINCIPALS, TERMINAL_KEYS, TERMINALS

PUBLIC_KEY_BYTES = 32  # RFC 8032, section 5.1.5
KEY_ID_PREFIX = "tk_"
KEY_ID_BYTES = 15  # 120 bits of SHA-256: no two keys have one name
# A request that was signed with the old key is answered, or asked again, within this.
OVERLAP_MS = 300 * SECOND_MS


class KeyTaken(Exception):
    """Another terminal has this public key: somebody copied a till's folder."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key {key_id} is another terminal's: each makes its own")


class Signer(msgspec.Struct, frozen=True):
    """Whose signature a key makes."""

    public_key: bytes
    principal: Principal


class TerminalKey(msgspec.Struct, frozen=True):
    """expires_at_ms: None as long as it is the terminal's present one."""

    id: str
    created_at_ms: int
    expires_at_ms: int | None


def key_id_of(public_key: bytes) -> str:
    digest = hashlib.sha256(public_key).digest()
    return KEY_ID_PREFIX + base32(digest[:KEY_ID_BYTES])


def find_signer(store: Store, key_id: str, *, now_ms: int) -> Signer | None:
    """None for every reason alike: unknown, expired, suspended."""
    keys, principals = TERMINAL_KEYS.c, PRINCIPALS.c
    query = (
        select(PRINCIPALS, keys.public_key)
        .join(TERMINALS, TERMINALS.c.principal == principals.id)
        .join(TERMINAL_KEYS, keys.terminal == TERMINALS.c.id)
        .where(
            keys.id == key_id,
            or_(keys.expires_at_ms.is_(None), keys.expires_at_ms > now_ms),
            principals.disabled_at_ms.is_(None),
        )
    )
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return Signer(bytes(row["public_key"]), principal_of(connection, row))


def keys_of(store: Store, terminal: str) -> list[TerminalKey]:
    """Newest first."""
    columns = TERMINAL_KEYS.c
    query = (
        select(columns.id, columns.created_at_ms, columns.expires_at_ms)
        .where(columns.terminal == terminal)
        .order_by(columns.created_at_ms.desc(), columns.id)
    )
    with store.read() as connection:
        return [as_struct(row, TerminalKey) for row in connection.execute(query).mappings()]


def rotate_key(store: Store, terminal: str, public_key: bytes, *, now_ms: int) -> str:
    """The terminal's new key; the old one is good for some minutes more. Raises KeyTaken."""
    with store.write() as connection:
        key_id = _put_key(connection, terminal, public_key, now_ms=now_ms)
        _expire_others(connection, terminal, key_id, now_ms + OVERLAP_MS)
        return key_id


def replace_keys(
    connection: Connection, terminal: str, public_key: bytes, *, now_ms: int
) -> str:
    """The only key from now on: whoever has an older one is another device. Raises KeyTaken."""
    key_id = _put_key(connection, terminal, public_key, now_ms=now_ms)
    _expire_others(connection, terminal, key_id, now_ms)
    return key_id


def _put_key(
    connection: Connection, terminal: str, public_key: bytes, *, now_ms: int
) -> str:
    """One more key. Again with the same one, nothing happens."""
    key_id = key_id_of(public_key)
    columns = TERMINAL_KEYS.c
    query = select(columns.terminal, columns.expires_at_ms).where(columns.id == key_id)
    found = connection.execute(query).one_or_none()
    if found is not None:
        if found.terminal != terminal or found.expires_at_ms is not None:
            raise KeyTaken(key_id)
        return key_id
    row = {
        "id": key_id,
        "terminal": terminal,
        "public_key": public_key,
        "created_at_ms": now_ms,
    }
    connection.execute(insert(TERMINAL_KEYS), row)
    return key_id


def expire_keys(connection: Connection, terminal: str, at_ms: int) -> None:
    """All that would be good for longer."""
    _expire_others(connection, terminal, "", at_ms)


def _expire_others(connection: Connection, terminal: str, key_id: str, at_ms: int) -> None:
    columns = TERMINAL_KEYS.c
    connection.execute(
        update(TERMINAL_KEYS)
        .where(
            columns.terminal == terminal,
            columns.id != key_id,
            or_(columns.expires_at_ms.is_(None), columns.expires_at_ms > at_ms),
        )
        .values(expires_at_ms=at_ms)
    )
    note_change(connection)
