"""Sessions: a person signed in on a device, until they sign out, or somebody signs that device out.

A session is an API key that ends by itself, and a record of the device beside it. So whatever lets
a key in lets a session in, and whoever loses one is refused by every gateway within half a second
(services/access_revision.py).

A session that was opened by a passkey, or has shown one since, has *proved* its owner; for some
minutes that is enough for what a thief with an unlocked phone must not do.
"""

from collections.abc import Collection
from threading import Lock

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from ledger.clock import SECOND_MS, Clock
from services.access_revision import note_change
from services.mint import RandomBytes, base32, mint
from services.passenger_tables import OFFLINE_CODES
from services.passkey_tables import PASSKEYS, SESSIONS
from services.personal_text import open_texts, seal_text
from services.principals import (
    KEY_BYTES,
    KEY_PREFIX,
    Principal,
    holder_of,
    insert_key,
)
from services.rows import chunks
from services.store import Store
from services.tables import API_KEYS

# Of one person; the one that was seen longest ago makes room. More devices than anybody signs in.
SESSIONS_MAX = 20
# How long an owner who proved who they are need not do it again.
PROOF_MS = 300 * SECOND_MS
# When a device was seen last is told to some minutes; finer would be many writes.
SEEN_MS = 300 * SECOND_MS


class UnknownSession(LookupError):
    def __init__(self, session: str) -> None:
        super().__init__(f"there is no session {session[:48]!r}")


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    """name: what its owner will know the device by. passkey: that proved who is there."""

    name: str
    life_ms: int
    passkey: str | None = None


class Session(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str
    passkey: str | None
    created_at_ms: int
    last_seen_at_ms: int


def open_session(
    store: Store,
    principal: Principal,
    new: NewSession,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
) -> str:
    """Return its key, for this one time. Raises HolderForgotten."""
    with store.write() as connection:
        return insert_session(
            connection, principal, new, random_bytes=random_bytes, now_ms=now_ms
        )


def insert_session(
    connection: Connection,
    principal: Principal,
    new: NewSession,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
) -> str:
    """The same, as a part of something larger."""
    _make_room(connection, principal.id, now_ms)
    plain = KEY_PREFIX + base32(random_bytes(KEY_BYTES))
    session, expires_at_ms = mint("ses", random_bytes), now_ms + new.life_ms
    digest = insert_key(
        connection, principal.id, plain, now_ms=now_ms, expires_at_ms=expires_at_ms
    )
    row = {
        "id": session,
        "principal": principal.id,
        "key_digest": digest,
        "passkey": new.passkey,
        "sealed_name": seal_text(connection, _holder(principal), _place(session), new.name),
        "created_at_ms": now_ms,
        "last_seen_at_ms": now_ms,
        "proved_at_ms": now_ms if new.passkey else None,
    }
    connection.execute(insert(SESSIONS), row)
    return plain


def sessions_of(store: Store, principal: Principal, *, now_ms: int) -> list[Session]:
    """Those that are open, seen last first."""
    columns = SESSIONS.c
    query = (
        select(SESSIONS)
        .join(API_KEYS, API_KEYS.c.digest == columns.key_digest)
        .where(columns.principal == principal.id, API_KEYS.c.expires_at_ms > now_ms)
        .order_by(columns.last_seen_at_ms.desc(), columns.id)
    )
    with store.read() as connection:
        rows = connection.execute(query).all()
        sealed = {_place(row.id): row.sealed_name for row in rows}
        names = open_texts(connection, _holder(principal), sealed)
    return [
        Session(
            id=row.id,
            name=names[_place(row.id)],
            passkey=row.passkey,
            created_at_ms=row.created_at_ms,
            last_seen_at_ms=row.last_seen_at_ms,
        )
        for row in rows
    ]


def end_session(store: Store, principal: str, session: str) -> None:
    """Its key opens nothing from now on. Raises UnknownSession, also for somebody else's."""
    columns = SESSIONS.c
    with store.write() as connection:
        own = (columns.principal == principal) & (columns.id == session)
        if not end_sessions(connection, own):
            raise UnknownSession(session)


def end_sessions(connection: Connection, which: ColumnElement[bool]) -> int:
    """How many. Their keys go with them: nothing refers to one, and none is kept for nothing."""
    query = select(SESSIONS.c.id, SESSIONS.c.key_digest).where(which)
    found = connection.execute(query).all()
    if found:
        sessions, digests = ([row[column] for row in found] for column in (0, 1))
        # A phone that was signed out pays with no code that it kept.
        connection.execute(
            delete(OFFLINE_CODES).where(OFFLINE_CODES.c.session.in_(sessions))
        )
        connection.execute(delete(SESSIONS).where(SESSIONS.c.key_digest.in_(digests)))
        connection.execute(delete(API_KEYS).where(API_KEYS.c.digest.in_(digests)))
        note_change(connection)
    return len(found)


def passkey_of(store: Store, caller: Principal) -> str | None:
    """By which the caller's session was opened."""
    query = select(SESSIONS.c.passkey).where(SESSIONS.c.id == caller.session)
    with store.read() as connection:
        passkey: str | None = connection.execute(query).scalar_one_or_none()
    return passkey


def note_proof(store: Store, session: str, *, now_ms: int) -> None:
    """Its owner has just shown a passkey."""
    proved = update(SESSIONS).where(SESSIONS.c.id == session)
    with store.write() as connection:
        connection.execute(proved.values(proved_at_ms=now_ms))


def is_proved(store: Store, caller: Principal, *, now_ms: int) -> bool:
    """Whether the caller may do what only its owner should.

    An owner without a passkey has nothing to prove it by; so there, the key is all there is.
    """
    has_one = select(PASSKEYS.c.id).where(PASSKEYS.c.principal == caller.id).limit(1)
    with store.read() as connection:
        if connection.execute(has_one).first() is None:
            return True
    return has_proved(store, caller, now_ms=now_ms)


def has_proved(store: Store, caller: Principal, *, now_ms: int) -> bool:
    """Whether the owner has shown a passkey in this session, some minutes ago at most."""
    lately = select(SESSIONS.c.id).where(
        SESSIONS.c.id == caller.session, SESSIONS.c.proved_at_ms > now_ms - PROOF_MS
    )
    with store.read() as connection:
        return connection.execute(lately).first() is not None


class Sightings:
    """Which sessions were seen since they were last written down. Any thread may use it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._seen: set[str] = set()
        self._written_ms = clock.now_ms()
        self._lock = Lock()

    def note(self, session: str) -> None:
        with self._lock:
            self._seen.add(session)

    def flush(self) -> None:
        """Every few minutes. Raises StoreUnavailable, and what was seen is lost until next time."""
        now_ms = self._clock.now_ms()
        if now_ms - self._written_ms < SEEN_MS:
            return
        with self._lock:
            seen, self._seen = self._seen, set()
        self._written_ms = now_ms
        if seen:
            self._write(seen, now_ms)

    def _write(self, seen: Collection[str], now_ms: int) -> None:
        with self._store.write() as connection:
            for some in chunks(seen):
                these = update(SESSIONS).where(SESSIONS.c.id.in_(some))
                connection.execute(these.values(last_seen_at_ms=now_ms))


def _make_room(connection: Connection, principal: str, now_ms: int) -> None:
    """End what has ended by itself, and what was not seen for longest."""
    columns = SESSIONS.c
    over = select(API_KEYS.c.digest).where(
        API_KEYS.c.principal == principal, API_KEYS.c.expires_at_ms <= now_ms
    )
    newest_first = (columns.last_seen_at_ms.desc(), columns.id)
    of_principal = select(columns.id).where(columns.principal == principal)
    end_sessions(connection, columns.key_digest.in_(over))
    kept = of_principal.order_by(*newest_first).limit(SESSIONS_MAX - 1)
    too_many = (columns.principal == principal) & columns.id.not_in(kept)
    end_sessions(connection, too_many)


def _holder(principal: Principal) -> str:
    return holder_of(principal.kind, principal.id, principal.account)


def _place(session: str) -> str:
    return f"sessions.sealed_name {session}"
