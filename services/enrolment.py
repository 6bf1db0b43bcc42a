"""Enrolment: how a person who has no passkey yet gets the first one.

An operator, or the airline's own service of who is who, makes a code for an account and hands it to
whoever it knows to be its owner: `K7QD-4MPX-9T2B-6HVR-2WJ8`. It lives a day, makes one passkey, and
a newer one replaces it. It has 100 random bits: its digest finds it, and nobody guesses it.

A person who lost their devices begins in the same way; then what they had is removed as soon as the
code is made, not when it is used.
"""

import hashlib

import msgspec
from sqlalchemy import Connection, delete, insert, select

from ledger.clock import DAY_MS
from services.mint import RandomBytes, mint
from services.pairing import ALPHABET
from services.passkey_proof import Credential
from services.passkey_tables import ENROLMENTS
from services.passkeys import Passkey, add_passkey, remove_all
from services.principals import (
    NewPrincipal,
    Principal,
    PrincipalKind,
    insert_principal,
    principal_of,
)
from services.sessions import NewSession, insert_session
from services.store import Store
from services.tables import PRINCIPALS

LIFE_MS = DAY_MS
CODE_CHARS, GROUP_CHARS = 20, 4

_MISREAD = str.maketrans("OIL", "011", "- ")


class EnrolmentRefused(Exception):
    """Wrong, used, replaced or too old: who tries is not told which."""

    def __init__(self) -> None:
        super().__init__("this code opens nothing: ask for a new one, they live a day")


class Enrolment(msgspec.Struct, frozen=True):
    """Shown once; the store keeps a digest."""

    code: str
    expires_at_ms: int

    def __repr__(self) -> str:
        return "<Enrolment>"


class Enrolled(msgspec.Struct, frozen=True):
    """key: of the session that it opened."""

    passkey: Passkey
    key: str

    def __repr__(self) -> str:
        return f"<Enrolled {self.passkey.id}>"


def begin_enrolment(
    store: Store,
    account: str,
    name: str,
    *,
    anew: bool,
    random_bytes: RandomBytes,
    now_ms: int,
) -> Enrolment:
    """For the owner of this account; who has none yet gets this name. anew: whatever they signed in
    with is gone from now on. Raises HolderForgotten.
    """
    code = "".join(ALPHABET[byte % 32] for byte in random_bytes(CODE_CHARS))
    with store.write() as connection:
        owner = _owner(connection, account)
        if owner is None:
            new = NewPrincipal(
                kind=PrincipalKind.CUSTOMER, name=name, channel="web", account=account
            )
            minted = mint("prn", random_bytes)
            owner = insert_principal(connection, new, minted, now_ms)
        if anew:
            remove_all(connection, owner.id)
        row = {"principal": owner.id, "digest": _digest(code)}
        _drop(connection, owner.id)
        connection.execute(insert(ENROLMENTS), row | {"expires_at_ms": now_ms + LIFE_MS})
    shown = "-".join(code[i : i + GROUP_CHARS] for i in range(0, CODE_CHARS, GROUP_CHARS))
    return Enrolment(shown, now_ms + LIFE_MS)


def find_enrolled(store: Store, code: str, *, now_ms: int) -> Principal:
    """Whose code it is. Raises EnrolmentRefused."""
    with store.read() as connection:
        return _find(connection, code, now_ms)


def end_enrolment(
    store: Store,
    code: str,
    first: tuple[str, Credential],
    new: NewSession,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
) -> Enrolled:
    """Use the code up for this first passkey (its name, its credential), and sign in with it.

    Raises EnrolmentRefused, TooManyPasskeys, PasskeyTaken, HolderForgotten.
    """
    name, credential = first
    with store.write() as connection:
        owner = _find(connection, code, now_ms)
        _drop(connection, owner.id)
        passkey = add_passkey(
            connection, owner, name, credential, random_bytes=random_bytes, now_ms=now_ms
        )
        opened = msgspec.structs.replace(new, passkey=passkey.id)
        key = insert_session(
            connection, owner, opened, random_bytes=random_bytes, now_ms=now_ms
        )
    return Enrolled(passkey, key)


def _find(connection: Connection, code: str, now_ms: int) -> Principal:
    code = code.upper().translate(_MISREAD)
    query = (
        select(PRINCIPALS)
        .join(ENROLMENTS, ENROLMENTS.c.principal == PRINCIPALS.c.id)
        .where(
            ENROLMENTS.c.digest == _digest(code),
            ENROLMENTS.c.expires_at_ms > now_ms,
            PRINCIPALS.c.disabled_at_ms.is_(None),
        )
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise EnrolmentRefused
    return principal_of(connection, row)


def _owner(connection: Connection, account: str) -> Principal | None:
    """The first, should there be several."""
    columns = PRINCIPALS.c
    query = (
        select(PRINCIPALS)
        .where(
            columns.account == account,
            columns.kind == PrincipalKind.CUSTOMER,
            columns.disabled_at_ms.is_(None),
        )
        .order_by(columns.created_at_ms, columns.id)
        .limit(1)
    )
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else principal_of(connection, row)


def _drop(connection: Connection, principal: str) -> None:
    connection.execute(delete(ENROLMENTS).where(ENROLMENTS.c.principal == principal))


def _digest(code: str) -> bytes:
    return hashlib.sha256(b"enrolment\x00" + code.encode()).digest()
