"""Passkeys: which keys of which devices open a person's wallet.

One credential is one row, found by the id that its device gave it. The count of its signatures only
goes up: it is moved here in one step, so of two answers that say the same count one is refused,
also when they come to two gateways at once.
"""

from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from services.mint import RandomBytes, mint
from services.passkey_proof import Credential, PasskeyRefused, Refusal
from services.passkey_tables import ENROLMENTS, PASSKEYS, SESSIONS
from services.personal_text import open_texts, seal_text
from services.principals import Principal, holder_of, principal_of
from services.sessions import NewSession, end_sessions, insert_session
from services.store import Store
from services.tables import PRINCIPALS

# Of one person: each is one device or one account of a password manager.
PASSKEYS_MAX = 20


class UnknownPasskey(LookupError):
    def __init__(self, passkey: str) -> None:
        super().__init__(f"there is no passkey {passkey[:48]!r}")


class TooManyPasskeys(Exception):
    def __init__(self) -> None:
        super().__init__(f"a person has {PASSKEYS_MAX} passkeys at most")


class PasskeyTaken(Exception):
    """The credential is known here already; a device that was asked properly makes a new one."""

    def __init__(self) -> None:
        super().__init__("this passkey is here already")


class Passkey(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    credential: Credential
    created_at_ms: int
    last_used_at_ms: int | None


class Known(msgspec.Struct, frozen=True):
    """A credential that somebody shows, and whose it is."""

    passkey: str
    credential: Credential
    principal: Principal
    name: str


def add_passkey(
    connection: Connection,
    principal: Principal,
    name: str,
    credential: Credential,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
) -> Passkey:
    """Raises TooManyPasskeys, PasskeyTaken, HolderForgotten."""
    passkey = mint("pky", random_bytes)
    columns = PASSKEYS.c
    mine = select(func.count()).where(columns.principal == principal.id)
    if connection.execute(mine).scalar_one() >= PASSKEYS_MAX:
        raise TooManyPasskeys
    same = select(columns.id).where(columns.credential == credential.id)
    if connection.execute(same).first() is not None:
        raise PasskeyTaken
    row = {
        "id": passkey,
        "principal": principal.id,
        "credential": credential.id,
        "public_key": credential.public_key,
        "sign_count": credential.sign_count,
        "sealed_name": seal_text(connection, _holder(principal), _place(passkey), name),
        "created_at_ms": now_ms,
    }
    connection.execute(insert(PASSKEYS), row)
    return Passkey(
        id=passkey,
        name=name,
        credential=credential,
        created_at_ms=now_ms,
        last_used_at_ms=None,
    )


def adopt(connection: Connection, session: str, passkey: str, *, now_ms: int) -> None:
    """The session that a passkey was made in: its owner was verified just now, and whoever removes
    the passkey means this device.
    """
    columns = SESSIONS.c
    connection.execute(
        update(SESSIONS)
        .where(columns.id == session)
        .values(proved_at_ms=now_ms, passkey=func.coalesce(columns.passkey, passkey))
    )


def passkeys_of(store: Store, principal: Principal) -> list[Passkey]:
    """Oldest first."""
    columns = PASSKEYS.c
    query = select(PASSKEYS).where(columns.principal == principal.id)
    with store.read() as connection:
        rows = connection.execute(query.order_by(columns.created_at_ms, columns.id)).all()
        sealed = {_place(row.id): row.sealed_name for row in rows}
        names = open_texts(connection, _holder(principal), sealed)
    return [_passkey(row, names[_place(row.id)]) for row in rows]


def remove_passkey(store: Store, caller: Principal, passkey: str) -> Passkey:
    """It opens nothing from now on, and what it opened ends, but for the session that asks.

    Raises UnknownPasskey, also for somebody else's.
    """
    found = [each for each in passkeys_of(store, caller) if each.id == passkey]
    if not found:
        raise UnknownPasskey(passkey)
    others = (SESSIONS.c.passkey == passkey) & (SESSIONS.c.id != (caller.session or ""))
    with store.write() as connection:
        connection.execute(delete(PASSKEYS).where(PASSKEYS.c.id == passkey))
        end_sessions(connection, others)
    return found[0]


def remove_all(connection: Connection, principal: str) -> None:
    """Passkeys, sessions and codes of a person who lost their devices, or was forgotten."""
    connection.execute(delete(ENROLMENTS).where(ENROLMENTS.c.principal == principal))
    connection.execute(delete(PASSKEYS).where(PASSKEYS.c.principal == principal))
    end_sessions(connection, SESSIONS.c.principal == principal)


def find_credential(store: Store, credential: bytes) -> Known:
    """Raises PasskeyRefused, also when its owner may not sign in any more."""
    query = (
        select(
            PRINCIPALS,
            PASSKEYS.c.id.label("passkey"),
            PASSKEYS.c.public_key,
            PASSKEYS.c.sign_count,
            PASSKEYS.c.sealed_name.label("sealed_passkey"),
        )
        .join(PASSKEYS, PASSKEYS.c.principal == PRINCIPALS.c.id)
        .where(PASSKEYS.c.credential == credential, PRINCIPALS.c.disabled_at_ms.is_(None))
    )
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise PasskeyRefused(Refusal.UNKNOWN)
        principal = principal_of(connection, row)
        place = _place(row["passkey"])
        sealed = {place: row["sealed_passkey"]}
        name = open_texts(connection, _holder(principal), sealed)[place]
    shown = Credential(credential, row["public_key"], row["sign_count"])
    return Known(row["passkey"], shown, principal, name)


def use_passkey(store: Store, known: Known, now: Credential, *, now_ms: int) -> None:
    """Count this signature. Raises PasskeyRefused."""
    with store.write() as connection:
        _count(connection, known, now, now_ms)


def sign_in(
    store: Store,
    known: Known,
    now: Credential,
    new: NewSession,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
) -> str:
    """Count this signature and open a session, in one step: its key. Raises PasskeyRefused,
    HolderForgotten.
    """
    with store.write() as connection:
        _count(connection, known, now, now_ms)
        return insert_session(
            connection, known.principal, new, random_bytes=random_bytes, now_ms=now_ms
        )


def _count(connection: Connection, known: Known, now: Credential, now_ms: int) -> None:
    columns = PASSKEYS.c
    # An authenticator that does not count says 0 each time.
    upward = or_(columns.sign_count < now.sign_count, columns.sign_count == 0)
    counted = connection.execute(
        update(PASSKEYS)
        .where(columns.id == known.passkey, upward)
        .values(sign_count=now.sign_count, last_used_at_ms=now_ms)
    )
    if counted.rowcount != 1:
        raise PasskeyRefused(Refusal.COUNTED_BACK)


def _passkey(row: Row[Any], name: str) -> Passkey:
    return Passkey(
        id=row.id,
        name=name,
        credential=Credential(row.credential, row.public_key, row.sign_count),
        created_at_ms=row.created_at_ms,
        last_used_at_ms=row.last_used_at_ms,
    )


def _holder(principal: Principal) -> str:
    return holder_of(principal.kind, principal.id, principal.account)


def _place(passkey: str) -> str:
    return f"passkeys.sealed_name {passkey}"
