"""Pairing codes: how a till that nobody knows yet becomes one terminal of the registry.

A code is twelve characters, `K7QD-4MPX-9T2B`: the first four find it, the other eight are the
secret, 40 bits. It lives ten minutes, works once, and dies after five wrong secrets, counted in the
store: so however many gateways are asked, nobody has more than five tries in 2^40. A code that was
used answers the same key again, because the answer to a till may be lost.

Without I, L, O and U, so that it can be read out over a telephone (Crockford's base32).
"""

import hashlib
import hmac
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, insert, select, update

from ledger.clock import SECOND_MS
from services.mint import RandomBytes
from services.store import Store
from services.tables import PAIRING_CODES
from services.terminal_keys import PUBLIC_KEY_BYTES, replace_keys
from services.terminals import Terminal, TerminalStatus, require_terminal

LIFE_MS = 600 * SECOND_MS
TRIES = 5
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_CHARS, SELECTOR_CHARS, GROUP_CHARS = 12, 4, 4

_MISREAD = str.maketrans("OIL", "011", "- ")


class PairingRefused(Exception):
    """The code is wrong, used, too old, or its terminal is suspended: who tries is not told
    which of these.
    """

    def __init__(self) -> None:
        super().__init__(
            "this pairing code opens nothing: ask for a new one, they live ten minutes"
        )


class DrawnCode(msgspec.Struct, frozen=True):
    """Shown once; the store keeps a digest."""

    code: str
    expires_at_ms: int

    def __repr__(self) -> str:
        return "<DrawnCode>"


class Paired(msgspec.Struct, frozen=True):
    terminal: Terminal
    key_id: str


def draw_code(
    store: Store, terminal: str, *, random_bytes: RandomBytes, now_ms: int
) -> DrawnCode:
    """An older code of this terminal is dead from now on. Raises UnknownTerminal."""
    code = "".join(ALPHABET[byte % 32] for byte in random_bytes(CODE_CHARS))
    row = {
        "selector": code[:SELECTOR_CHARS],
        "digest": _digest(code),
        "terminal": terminal,
        "expires_at_ms": now_ms + LIFE_MS,
        "tries_left": TRIES,
        "key": None,
    }
    columns = PAIRING_CODES.c
    with store.write() as connection:
        require_terminal(connection, terminal)
        connection.execute(
            delete(PAIRING_CODES).where(
                (columns.terminal == terminal)
                | (columns.expires_at_ms <= now_ms)
                # One in a million: the other till asks for another code.
                | (columns.selector == code[:SELECTOR_CHARS])
            )
        )
        connection.execute(insert(PAIRING_CODES), row)
    shown = "-".join(code[i : i + GROUP_CHARS] for i in range(0, CODE_CHARS, GROUP_CHARS))
    return DrawnCode(shown, now_ms + LIFE_MS)


def pair(store: Store, code: str, public_key: bytes, *, now_ms: int) -> Paired:
    """Give the terminal of this code its key. Raises PairingRefused, KeyTaken."""
    assert len(public_key) == PUBLIC_KEY_BYTES, "the door checks this"
    code = code.upper().translate(_MISREAD)
    # Read first: whoever tries at random must not keep writers waiting.
    with store.read() as connection:
        if _row(connection, code, now_ms) is None:
            raise PairingRefused
    with store.write() as connection:
        terminal = _opened(connection, code, now_ms)
        if terminal is not None:
            key_id = _take(connection, code, terminal, public_key, now_ms)
            return Paired(require_terminal(connection, terminal.id), key_id)
    raise PairingRefused  # outside: the wrong try must stay counted


def _opened(connection: Connection, code: str, now_ms: int) -> Terminal | None:
    """The terminal of a code that is right, or None; a wrong secret costs a try."""
    found = _row(connection, code, now_ms)
    if found is None:
        return None
    columns = PAIRING_CODES.c
    if not hmac.compare_digest(bytes(found.digest), _digest(code)):
        connection.execute(
            update(PAIRING_CODES)
            .where(columns.selector == found.selector)
            .values(tries_left=columns.tries_left - 1)
        )
        return None
    terminal = require_terminal(connection, found.terminal)
    return None if terminal.status is TerminalStatus.SUSPENDED else terminal


def _row(connection: Connection, code: str, now_ms: int) -> Row[Any] | None:
    """What this may be the code of."""
    if len(code) != CODE_CHARS or not code.isascii():
        return None
    columns = PAIRING_CODES.c
    query = select(PAIRING_CODES).where(
        columns.selector == code[:SELECTOR_CHARS],
        columns.expires_at_ms > now_ms,
        columns.tries_left > 0,
    )
    return connection.execute(query).one_or_none()


def _take(
    connection: Connection, code: str, terminal: Terminal, public_key: bytes, now_ms: int
) -> str:
    columns = PAIRING_CODES.c
    selector = code[:SELECTOR_CHARS]
    used_with = connection.execute(
        select(columns.key).where(columns.selector == selector)
    ).scalar_one()
    key_id = replace_keys(connection, terminal.id, public_key, now_ms=now_ms)
    if used_with not in {None, key_id}:
        raise PairingRefused  # rolls back the key: the code was another till's
    connection.execute(
        update(PAIRING_CODES).where(columns.selector == selector).values(key=key_id)
    )
    return key_id


def _digest(code: str) -> bytes:
    """Plain SHA-256: who could try 2^40 of them has stolen the store, and codes die in minutes."""
    return hashlib.sha256(b"pairing\x00" + code.encode()).digest()
