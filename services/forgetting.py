"""Forgetting a person: their data key is destroyed, and with it whatever it sealed.

The journal stays as it is, to the byte: it names accounts and digests, and no person. What made a
person of an account (its label, its holder's name, what was bought) is in the store, and goes.

It is done for an account that is closed, once the law has no use for its records. While an account
is open somebody owns its money, and who that is must be known. After the close, records must be
kept for a while: five years at least, says the FATF's Recommendation 11; a house may say more.
"""

from contextlib import closing

import msgspec
from sqlalchemy import Connection, delete, select, update

from ledger.account_line import account_line
from ledger.events import AccountClosed
from ledger.ids import AccountId, account_text, parse_account
from ledger.journal import Store as Journals
from services.card_tables import LINKED_CARDS
from services.counter_tables import COUNTER_CHARGES
from services.data_keys import data_keys
from services.order_texts import forget_texts
from services.orders import OrderStatus
from services.passenger_tables import (
    OFFLINE_CODES,
    OWN_LIMIT_USES,
    OWN_LIMITS,
    WAYS_TO_PAY,
)
from services.passkeys import remove_all
from services.principals import set_disabled
from services.store import Store
from services.sweep import SweepKind, sweep_is_due
from services.tables import ACCOUNT_LABELS, DATA_KEYS, ORDERS, PRINCIPALS, TICKETS


class AccountUnknown(LookupError):
    def __init__(self, account: AccountId) -> None:
        super().__init__(f"there is no account {account_text(account)}")


class AccountInUse(Exception):
    """It is not closed: somebody owns what is in it."""

    def __init__(self, account: AccountId) -> None:
        super().__init__(
            f"account {account_text(account)} is not closed: somebody owns what is in it"
        )


class StillRetained(Exception):
    """The records of the person must be kept for longer."""

    def __init__(self, account: AccountId, until_ms: int) -> None:
        super().__init__(f"the records of {account_text(account)} must be kept for longer")
        self.until_ms = until_ms


class Forgotten(msgspec.Struct, frozen=True):
    """at_ms: when the key was destroyed, now or earlier. swept: nothing of it is left in the files
    of the store; otherwise somebody was reading, and it is done within seconds, or at the next
    start.
    """

    account: str
    at_ms: int
    swept: bool


class Trace(msgspec.Struct, frozen=True):
    """What the journal says: when the account closed, and the (merchant, digest) of its sales."""

    closed_at_ms: int | None
    orders: frozenset[tuple[str, bytes]]


def forget(
    store: Store, account: AccountId, trace: Trace, *, retention_ms: int, now_ms: int
) -> Forgotten:
    """Destroy the key, delete what it sealed, disable who signed in, and sweep the files.

    Asked again it says the same. Raises AccountInUse, StillRetained.
    """
    if trace.closed_at_ms is None:
        raise AccountInUse(account)
    if now_ms < trace.closed_at_ms + retention_ms:
        raise StillRetained(account, trace.closed_at_ms + retention_ms)
    holder = account_text(account)
    with store.write() as connection:
        at_ms = store.keys.destroy(connection, holder, now_ms)
        _delete(connection, holder, trace, now_ms)
        sweep_is_due(connection, SweepKind.LOG)
    return Forgotten(holder, at_ms, store.sweep())


def trace_of(journals: Journals, partition: int, account: AccountId) -> Trace:
    """Raises AccountUnknown, StoreUnreadable."""
    closed_at_ms, known = None, False
    orders = set()
    with closing(journals.reader(partition)) as reader:
        for entry in account_line(partition, reader, account):
            known = True
            if isinstance(entry.event, AccountClosed):
                closed_at_ms = entry.at_ms
            sale = getattr(entry.event, "sale", None)
            if sale is not None:
                orders.add((sale.merchant, sale.order))
    if not known:
        raise AccountUnknown(account)
    return Trace(closed_at_ms, frozenset(orders))


def learn_forgotten(store: Store, since_ms: int) -> list[AccountId]:
    """Whose key any process destroyed since; it is dropped from this one's memory."""
    with store.read() as connection:
        holders = store.keys.learn_destroyed(connection, since_ms)
    return [parse_account(holder) for holder in holders if holder.startswith("acc_")]


def forgotten(store: Store) -> dict[str, int]:
    """Holders, and when each was forgotten; in that order. After a restore of an older backup they
    must be forgotten again.
    """
    columns = DATA_KEYS.c
    query = (
        select(columns.holder, columns.destroyed_at_ms)
        .where(columns.destroyed_at_ms.is_not(None))
        .order_by(columns.destroyed_at_ms, columns.holder)
    )
    with store.read() as connection:
        return {row.holder: row.destroyed_at_ms for row in connection.execute(query)}


def _delete(connection: Connection, holder: str, trace: Trace, now_ms: int) -> None:
    keys = data_keys(connection)
    connection.execute(delete(ACCOUNT_LABELS).where(ACCOUNT_LABELS.c.account == holder))
    of_account = PRINCIPALS.c.account == holder
    query = select(PRINCIPALS.c.id).where(of_account)
    for principal in connection.execute(query).scalars().all():
        keys.destroy(connection, principal, now_ms)
        set_disabled(connection, principal, now_ms)
        remove_all(connection, principal)
    connection.execute(update(PRINCIPALS).where(of_account).values(sealed_name=None))
    for table in (OFFLINE_CODES, OWN_LIMITS, OWN_LIMIT_USES, WAYS_TO_PAY):
        connection.execute(delete(table).where(table.c.account == holder))
    connection.execute(delete(LINKED_CARDS).where(LINKED_CARDS.c.account == holder))
    tickets = dict.fromkeys(
        ("sealed_order_text", "sealed_passengers", "sealed_ticket_numbers")
    )
    connection.execute(update(TICKETS).where(TICKETS.c.account == holder).values(tickets))
    charges = COUNTER_CHARGES.c.holder == holder
    connection.execute(update(COUNTER_CHARGES).where(charges).values(sealed_booking=None))
    paid = {"sealed_text": None, "sealed_lines": None}
    connection.execute(
        update(ORDERS)
        .where(ORDERS.c.paying_account == holder, ORDERS.c.status == OrderStatus.PAID)
        .values(paid)
    )
    forget_texts(connection, holder, trace.orders)
