"""The registry of terminals: each stands somewhere, sells for one merchant, and has keys.

A terminal acts as a principal of its own, so it is suspended by disabling that one: every key and
every road ends with it. It sells for the merchant and on the channel of its principal. Bound to
others it becomes another principal and must be paired again: attempts are found under the
principal that made them, so one that is still owed would look as if nothing had been taken.

    waiting     registered, and no key of its own yet
    active      it has a key, or shares one for messages (ISO 8583)
    suspended   refused, whatever it shows

Its secret for message codes is derived (services/keyring.py): the store keeps its number only.
"""

from enum import StrEnum

import msgspec
from sqlalchemy import Connection, RowMapping, Select, insert, select, update

from services.mint import RandomBytes, base32, mint
from services.principals import (
    NewPrincipal,
    PrincipalKind,
    insert_principal,
    set_disabled,
)
from services.rows import as_struct
from services.store import Store
from services.tables import PRINCIPALS, TERMINAL_KEYS, TERMINALS
from services.terminal_keys import expire_keys
from services.terminal_totals import has_open_batch

# Eight characters, as the field that names a terminal in ISO 8583 has (data element 41).
TID_BYTES = 5
# Of one answer: some 400 bytes each.
PAGE_MAX = 200


class UnknownTerminal(LookupError):
    def __init__(self, terminal: str) -> None:
        super().__init__(f"there is no terminal {terminal[:48]!r}")


class TerminalExists(Exception):
    """The same random bytes made it before."""

    def __init__(self, terminal: str) -> None:
        super().__init__(f"there is a terminal {terminal} already")
        self.terminal = terminal


class TerminalOwes(Exception):
    """It has attempts whose end is not known, and only as what it is now can it settle them."""

    def __init__(self, backlog: int) -> None:
        super().__init__(
            f"the terminal still has {backlog} attempts to settle:"
            " let it settle them, then bind it to another merchant or channel"
        )


class TerminalBatchOpen(TerminalOwes):
    """A till of ISO 8583 does not say what it owes; one that closed its batch owes nothing."""

    def __init__(self) -> None:
        Exception.__init__(
            self,
            "the terminal's batch is open: let it reconcile, or end its keys if it is lost,"
            " then bind it to another merchant or channel",
        )


class TerminalStatus(StrEnum):
    WAITING = "waiting"
    ACTIVE = "active"
    SUSPENDED = "suspended"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a till is told from afar. limits: of one sale, by currency. deny: SHA-256, in
    base64, of what is shown at the till and must not be taken. keys: public ones, by id.
    """

    limits: dict[str, int] = {}
    deny: tuple[str, ...] = ()
    keys: dict[str, str] = {}


class NewTerminal(msgspec.Struct, frozen=True, kw_only=True):
    merchant: str
    channel: str
    name: str
    place: str


class Terminal(msgspec.Struct, frozen=True, kw_only=True):
    """clock_off_ms: how far its clock was ahead of ours at its last sign of life."""

    id: str
    tid: str
    principal: str
    merchant: str
    channel: str
    name: str
    place: str
    mac_generation: int
    settings: Settings
    settings_version: int
    software: str
    backlog: int
    last_sequence: int
    clock_off_ms: int
    last_seen_ms: int | None
    created_at_ms: int
    disabled_at_ms: int | None
    has_key: bool

    @property
    def status(self) -> TerminalStatus:
        if self.disabled_at_ms is not None:
            return TerminalStatus.SUSPENDED
        if self.has_key or self.mac_generation > 0:
            return TerminalStatus.ACTIVE
        return TerminalStatus.WAITING


class SignOfLife(msgspec.Struct, frozen=True, kw_only=True):
    software: str
    backlog: int
    last_sequence: int
    clock_off_ms: int


def register_terminal(
    store: Store, new: NewTerminal, *, random_bytes: RandomBytes, now_ms: int
) -> Terminal:
    """Raises UnknownMerchant, TerminalExists."""
    terminal_id = mint("trm", random_bytes)
    with store.write() as connection:
        if _find(connection, terminal_id):
            raise TerminalExists(terminal_id)
        principal = insert_principal(
            connection, _principal(new), mint("prn", random_bytes), now_ms
        )
        connection.execute(
            insert(TERMINALS),
            {
                "id": terminal_id,
                "tid": base32(random_bytes(TID_BYTES)).upper(),
                "principal": principal.id,
                "name": new.name,
                "place": new.place,
                "mac_generation": 0,
                "settings": msgspec.to_builtins(Settings()),
                "settings_version": 0,
                "software": "",
                "backlog": 0,
                "last_sequence": 0,
                "clock_off_ms": 0,
                "created_at_ms": now_ms,
            },
        )
        return require_terminal(connection, terminal_id)


def get_terminal(store: Store, terminal: str) -> Terminal:
    """Raises UnknownTerminal."""
    with store.read() as connection:
        return require_terminal(connection, terminal)


def find_terminal_of(store: Store, principal: str) -> Terminal | None:
    """The terminal that acts as this principal."""
    with store.read() as connection:
        query = _query().where(TERMINALS.c.principal == principal)
        return _terminal(connection.execute(query).mappings().one_or_none())


def find_terminal_by_tid(store: Store, tid: str) -> Terminal | None:
    """By the eight characters that ISO 8583 calls it."""
    with store.read() as connection:
        query = _query().where(TERMINALS.c.tid == tid)
        return _terminal(connection.execute(query).mappings().one_or_none())


def list_terminals(store: Store, *, skip: int = 0, limit: int = PAGE_MAX) -> list[Terminal]:
    """In the order in which they were registered."""
    query = _query().order_by(TERMINALS.c.created_at_ms, TERMINALS.c.id)
    with store.read() as connection:
        rows = connection.execute(query.offset(skip).limit(limit)).mappings()
        return [terminal for row in rows if (terminal := _terminal(row))]


def suspend_terminal(store: Store, terminal: str, *, now_ms: int) -> Terminal:
    """Raises UnknownTerminal, not for a repeat."""
    return _set_suspended(store, terminal, now_ms)


def resume_terminal(store: Store, terminal: str) -> Terminal:
    """Raises UnknownTerminal, not for a repeat."""
    return _set_suspended(store, terminal, None)


def move_terminal(store: Store, terminal: str, *, name: str, place: str) -> Terminal:
    """Another name or place; it goes on selling. Raises UnknownTerminal."""
    return _update(store, terminal, {"name": name, "place": place})


def bind_terminal(
    store: Store,
    terminal: str,
    *,
    merchant: str,
    channel: str,
    random_bytes: RandomBytes,
    now_ms: int,
) -> Terminal:
    """To another merchant or channel, as another principal; its keys end.

    Raises UnknownTerminal, UnknownMerchant, TerminalOwes.
    """
    with store.write() as connection:
        old = require_terminal(connection, terminal)
        if (merchant, channel) == (old.merchant, old.channel):
            return old
        if old.backlog:
            raise TerminalOwes(old.backlog)
        if old.mac_generation > 0 and has_open_batch(connection, old.principal):
            raise TerminalBatchOpen
        new = NewTerminal(
            merchant=merchant, channel=channel, name=old.name, place=old.place
        )
        principal = mint("prn", random_bytes)
        insert_principal(connection, _principal(new), principal, now_ms)
        set_disabled(connection, old.principal, now_ms)
        expire_keys(connection, terminal, now_ms)
        _write(
            connection,
            terminal,
            {"principal": principal, "mac_generation": -abs(old.mac_generation)},
        )
        return require_terminal(connection, terminal)


def configure_terminal(store: Store, terminal: str, settings: Settings) -> Terminal:
    """Raises UnknownTerminal."""
    version = TERMINALS.c.settings_version + 1
    values = {"settings": msgspec.to_builtins(settings), "settings_version": version}
    return _update(store, terminal, values)


def revoke_keys(store: Store, terminal: str, *, now_ms: int) -> Terminal:
    """It must be paired again, and share a new key for messages. Raises UnknownTerminal."""
    with store.write() as connection:
        old = require_terminal(connection, terminal)
        expire_keys(connection, terminal, now_ms)
        # A negative number remembers the last secret, so that none is ever drawn twice.
        _write(connection, terminal, {"mac_generation": -abs(old.mac_generation)})
        return require_terminal(connection, terminal)


def next_mac_generation(store: Store, terminal: str) -> Terminal:
    """A new secret for message codes from now on. Raises UnknownTerminal."""
    with store.write() as connection:
        old = require_terminal(connection, terminal)
        _write(connection, terminal, {"mac_generation": abs(old.mac_generation) + 1})
        return require_terminal(connection, terminal)


def note_sign_of_life(
    store: Store, terminal: str, sign: SignOfLife, *, now_ms: int
) -> Terminal:
    """Raises UnknownTerminal."""
    values = msgspec.structs.asdict(sign) | {"last_seen_ms": now_ms}
    return _update(store, terminal, values)


def require_terminal(connection: Connection, terminal: str) -> Terminal:
    """Raises UnknownTerminal."""
    found = _find(connection, terminal)
    if found is None:
        raise UnknownTerminal(terminal)
    return found


def _principal(new: NewTerminal) -> NewPrincipal:
    return NewPrincipal(
        kind=PrincipalKind.TERMINAL,
        name=new.name,
        channel=new.channel,
        merchant=new.merchant,
    )


def _set_suspended(store: Store, terminal: str, at_ms: int | None) -> Terminal:
    with store.write() as connection:
        principal = require_terminal(connection, terminal).principal
        set_disabled(connection, principal, at_ms)
        return require_terminal(connection, terminal)


def _update(store: Store, terminal: str, values: dict[str, object]) -> Terminal:
    with store.write() as connection:
        _write(connection, terminal, values)
        return require_terminal(connection, terminal)


def _write(connection: Connection, terminal: str, values: dict[str, object]) -> None:
    connection.execute(update(TERMINALS).where(TERMINALS.c.id == terminal).values(values))


def _query() -> Select[tuple[object, ...]]:
    principals = PRINCIPALS.c
    has_key = (
        select(TERMINAL_KEYS.c.id)
        .where(
            TERMINAL_KEYS.c.terminal == TERMINALS.c.id,
            TERMINAL_KEYS.c.expires_at_ms.is_(None),
        )
        .exists()
    )
    return select(
        TERMINALS,
        principals.merchant,
        principals.channel,
        principals.disabled_at_ms,
        has_key.label("has_key"),
    ).join(PRINCIPALS, TERMINALS.c.principal == principals.id)


def _find(connection: Connection, terminal: str) -> Terminal | None:
    query = _query().where(TERMINALS.c.id == terminal)
    return _terminal(connection.execute(query).mappings().one_or_none())


def _terminal(row: RowMapping | None) -> Terminal | None:
    return None if row is None else as_struct(row, Terminal)
