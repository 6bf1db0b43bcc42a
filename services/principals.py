"""Principals: who may call, as what, and the API keys that prove it.

A key is `ak_` and 160 random bits, shown once and kept only as its SHA-256. A slow, salted
hash is for passwords, which people choose and others guess; nobody guesses 160 random
bits, so the plain digest is right, and it makes one indexed look-up possible. The time of
that look-up may tell something about digests, which is nothing about keys.

A principal of a merchant or terminal names its merchant, a customer's and an agent's their account.
That is made sure here because the ledger reads a missing merchant as "may reach all of them".

A name may be a person's. So it is sealed: a customer's under the data key of the account, which is
the customer's; anybody else's under a key of their own.
"""

import hashlib
from collections.abc import Collection, Mapping
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, RowMapping, insert, or_, select, update

from ledger.ids import parse_account
from services.access_revision import note_change
from services.data_keys import data_keys
from services.merchants import require_merchant
from services.mint import RandomBytes, base32, mint
from services.passkey_tables import SESSIONS
from services.rows import as_struct
from services.sealing import open_sealed
from services.store import Store
from services.tables import API_KEYS, PRINCIPALS

KEY_PREFIX = "ak_"
KEY_BYTES = 20  # 160 bits: beyond guessing, and base32 without padding
KEY_LENGTH = len(KEY_PREFIX) + 32


class PrincipalKind(StrEnum):
    OPERATOR = "operator"
    MERCHANT = "merchant"
    TERMINAL = "terminal"
    CUSTOMER = "customer"
    AGENT = "agent"  # a user of a travel agency
    COUNTER = "counter"  # an airline's agent at an airport counter


_OF_MERCHANTS = frozenset({"payments", "refunds", "orders", "read"})
# What the merchant's office does, and no till: webhooks, statements.
_OF_OFFICES = _OF_MERCHANTS | {"business"}

SCOPES: Mapping[PrincipalKind, frozenset[str]] = {
    PrincipalKind.OPERATOR: frozenset(
        {"accounts", "funding", "payments", "refunds", "read", "admin"}
    ),
    PrincipalKind.MERCHANT: _OF_OFFICES,
    PrincipalKind.TERMINAL: _OF_MERCHANTS,
    PrincipalKind.CUSTOMER: frozenset({"own"}),
    # Not "own": what an agency has prepaid buys tickets; it is not sent on, nor shown as a code.
    PrincipalKind.AGENT: frozenset({"agency"}),
    # Not "payments": a counter takes money for the documents that it issues, and for nothing else.
    PrincipalKind.COUNTER: frozenset({"counter"}),
}

# What each kind must be bound to, and what it may be bound to.
_BINDINGS: Mapping[PrincipalKind, tuple[frozenset[str], frozenset[str]]] = {
    PrincipalKind.OPERATOR: (frozenset(), frozenset()),
    PrincipalKind.MERCHANT: (frozenset({"merchant"}), frozenset({"merchant", "account"})),
    PrincipalKind.TERMINAL: (frozenset({"merchant"}), frozenset({"merchant"})),
    PrincipalKind.CUSTOMER: (frozenset({"account"}), frozenset({"account"})),
    PrincipalKind.AGENT: (frozenset({"account"}), frozenset({"account"})),
    PrincipalKind.COUNTER: (frozenset({"merchant"}), frozenset({"merchant"})),
}


class UnknownPrincipal(LookupError):
    def __init__(self, principal: str) -> None:
        super().__init__(f"there is no principal {principal[:48]!r}")


class MisboundPrincipal(ValueError):
    """Bound to too little or to too much for its kind; the caller is to blame."""

    def __init__(self, kind: PrincipalKind, bound: frozenset[str]) -> None:
        needs, may = _BINDINGS[kind]
        super().__init__(
            f"{kind} principals need {_listed(needs)} and may have {_listed(may)}, "
            f"not {_listed(bound)}"
        )


class ScopesExceedKind(ValueError):
    def __init__(self, kind: PrincipalKind, excess: frozenset[str]) -> None:
        super().__init__(f"{kind} principals cannot have the scopes {_listed(excess)}")


class HolderForgotten(Exception):
    """The person behind this account was forgotten, for good: open another account."""

    def __init__(self, holder: str) -> None:
        super().__init__(f"the holder of {holder} was forgotten")


class NewPrincipal(msgspec.Struct, frozen=True, kw_only=True):
    """scopes: None for all that the kind may have."""

    kind: PrincipalKind
    name: str
    channel: str
    account: str | None = None
    merchant: str | None = None
    scopes: frozenset[str] | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """name: empty once its holder was forgotten. session: by which it calls just now, if its key is
    one of a session (services/sessions.py).
    """

    id: str
    kind: PrincipalKind
    name: str
    scopes: frozenset[str]
    channel: str
    account: str | None
    merchant: str | None
    created_at_ms: int
    disabled_at_ms: int | None
    session: str | None = None


def create_principal(
    store: Store, new: NewPrincipal, *, random_bytes: RandomBytes, now_ms: int
) -> Principal:
    """Write it down.

    Raises MisboundPrincipal, ScopesExceedKind, MalformedId (account), UnknownMerchant,
    HolderForgotten.
    """
    with store.write() as connection:
        return insert_principal(connection, new, mint("prn", random_bytes), now_ms)


def insert_principal(
    connection: Connection, new: NewPrincipal, principal_id: str, now_ms: int
) -> Principal:
    """The same, as a part of something larger."""
    _check(new)
    principal = Principal(
        id=principal_id,
        kind=new.kind,
        name=new.name,
        scopes=SCOPES[new.kind] if new.scopes is None else new.scopes,
        channel=new.channel,
        account=new.account,
        merchant=new.merchant,
        created_at_ms=now_ms,
        disabled_at_ms=None,
    )
    row = msgspec.structs.asdict(principal) | {"scopes": sorted(principal.scopes)}
    del row["session"]
    if new.merchant is not None:
        require_merchant(connection, new.merchant)
    keys, holder = data_keys(connection), holder_of(new.kind, principal_id, new.account)
    key = keys.make(connection, [holder]).get(holder)
    if key is None:
        raise HolderForgotten(holder)
    row["sealed_name"] = keys.seal(key, name_place(principal_id), row.pop("name").encode())
    connection.execute(insert(PRINCIPALS), row)
    return principal


def get_principal(store: Store, principal: str) -> Principal:
    """Return it even if it is disabled; raises UnknownPrincipal."""
    with store.read() as connection:
        found = connection.execute(select(PRINCIPALS).where(PRINCIPALS.c.id == principal))
        row = found.mappings().one_or_none()
        if row is None:
            raise UnknownPrincipal(principal)
        return principal_of(connection, row)


def channels_of(store: Store, principals: Collection[str]) -> dict[str, str]:
    """Of those that exist: a principal keeps its channel for good."""
    columns = PRINCIPALS.c
    query = select(columns.id, columns.channel).where(columns.id.in_(principals))
    with store.read() as connection:
        return {row.id: row.channel for row in connection.execute(query)}


def disable(store: Store, principal: str, *, now_ms: int) -> None:
    """Let none of its keys open from now on. Raises UnknownPrincipal, not for a repeat."""
    with store.write() as connection:
        require_principal(connection, principal)
        set_disabled(connection, principal, now_ms)


def set_disabled(connection: Connection, principal: str, at_ms: int | None) -> None:
    """at_ms: None lets its keys open again. What is so already stays."""
    column = PRINCIPALS.c.disabled_at_ms
    connection.execute(
        update(PRINCIPALS)
        .where(PRINCIPALS.c.id == principal, column.is_(None) == (at_ms is not None))
        .values(disabled_at_ms=at_ms)
    )
    note_change(connection)


def issue_key(
    store: Store,
    principal: str,
    *,
    random_bytes: RandomBytes,
    now_ms: int,
    expires_at_ms: int | None = None,
) -> str:
    """Return the key in plain, for this one time. Raises UnknownPrincipal."""
    plain = KEY_PREFIX + base32(random_bytes(KEY_BYTES))
    with store.write() as connection:
        require_principal(connection, principal)
        insert_key(connection, principal, plain, now_ms=now_ms, expires_at_ms=expires_at_ms)
    return plain


def insert_key(
    connection: Connection,
    principal: str,
    plain: str,
    *,
    now_ms: int,
    expires_at_ms: int | None,
) -> bytes:
    """The same, as a part of something larger; the key's digest."""
    digest = key_digest(plain)
    assert digest is not None, "the key is one of ours"
    row = {
        "digest": digest,
        "principal": principal,
        "created_at_ms": now_ms,
        "expires_at_ms": expires_at_ms,
    }
    connection.execute(insert(API_KEYS), row)
    return digest


def find_by_key(store: Store, plain: str, *, now_ms: int) -> Principal | None:
    """None for every reason alike: who holds a bad key learns nothing about it."""
    digest = key_digest(plain)
    if digest is None:
        return None
    keys, principals = API_KEYS.c, PRINCIPALS.c
    query = (
        select(PRINCIPALS, SESSIONS.c.id.label("session"))
        .join(API_KEYS, keys.principal == principals.id)
        .outerjoin(SESSIONS, SESSIONS.c.key_digest == keys.digest)
        .where(
            keys.digest == digest,
            keys.revoked_at_ms.is_(None),
            or_(keys.expires_at_ms.is_(None), keys.expires_at_ms > now_ms),
            principals.disabled_at_ms.is_(None),
        )
    )
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        found = principal_of(connection, row)
        return msgspec.structs.replace(found, session=row["session"])


def revoke_key(store: Store, plain: str, *, now_ms: int) -> bool:
    """Whether this call revoked it: False when it is unknown or was revoked before."""
    digest = key_digest(plain)
    if digest is None:
        return False
    with store.write() as connection:
        revoked = connection.execute(
            update(API_KEYS)
            .where(API_KEYS.c.digest == digest, API_KEYS.c.revoked_at_ms.is_(None))
            .values(revoked_at_ms=now_ms)
        )
        note_change(connection)
        return revoked.rowcount == 1


def require_principal(connection: Connection, principal: str) -> None:
    """Raise UnknownPrincipal, rather than let a foreign key fail with an error of SQL."""
    query = select(PRINCIPALS.c.id).where(PRINCIPALS.c.id == principal)
    if connection.execute(query).first() is None:
        raise UnknownPrincipal(principal)


def holder_of(kind: str, principal: str, account: str | None) -> str:
    """Under whose data key the name is sealed."""
    return account if account and kind == PrincipalKind.CUSTOMER else principal


def name_place(principal: str) -> str:
    return f"principals.sealed_name {principal}"


def principal_of(connection: Connection, row: RowMapping) -> Principal:
    """Of a row that has all its columns. Raises SealBroken."""
    values = {column.name: row[column.name] for column in PRINCIPALS.columns}
    sealed = values.pop("sealed_name")
    holder = holder_of(row["kind"], row["id"], row["account"])
    key = data_keys(connection).find(connection, [holder]).get(holder)
    # Without a key: forgotten a moment ago, between the look at the row and the one at its key.
    opened = open_sealed(key, name_place(row["id"]), sealed) if key and sealed else b""
    return as_struct({**values, "name": opened.decode()}, Principal)


def key_digest(plain: str) -> bytes | None:
    """None if the text cannot be a key, so that junk costs neither a hash nor a look-up.

    isascii also keeps out what an HTTP server makes of bytes that are not UTF-8: encoding
    such text raises an error that carries it.
    """
    if len(plain) != KEY_LENGTH or not plain.startswith(KEY_PREFIX) or not plain.isascii():
        return None
    return hashlib.sha256(plain.encode()).digest()


def _check(new: NewPrincipal) -> None:
    bound = frozenset(
        field for field in ("account", "merchant") if getattr(new, field) is not None
    )
    needs, may = _BINDINGS[new.kind]
    if not needs <= bound <= may:
        raise MisboundPrincipal(new.kind, bound)
    if new.account is not None:
        parse_account(new.account)
    if excess := (new.scopes or frozenset()) - SCOPES[new.kind]:
        raise ScopesExceedKind(new.kind, excess)


def _listed(names: frozenset[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
