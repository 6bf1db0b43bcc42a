"""Charges: the row that says how far each one is, so that whoever comes next goes on.

    awaiting ──paid at another device──┐          (the passenger's phone, or a till with a reader)
       │ cancelled                     v
    holding ──────> accepting ──────> capturing ──────> issued
       │ declined       │ refused by departure control │ the hold had ended
       │                v                              v
       │             refused                      withdrawing ──> unpaid
       └──> abandoning ──> abandoned    (nobody knows what became of the hold: it is reversed)

The row is written before anything is asked, and moved after it is known. It is never the truth
about money: that is the payment that it names. The EMD is written in the same transaction that
moves a charge from accepting to capturing, so a charge has one EMD or none, whoever dies.

What may name somebody, the booking and who travels, is sealed under the data key of who pays; until
that is known, under the merchant's. Neither it nor an EMD's number is ever in the journal.
"""

from collections.abc import Collection, Iterable
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, RowMapping, select, update

from ledger.money import Money
from services.counter.departures import Bag
from services.counter.pricing import Line
from services.counter_tables import COUNTER_CHARGES
from services.data_keys import data_keys
from services.rows import as_struct
from services.sealing import open_sealed
from services.store import Store

# What one shift may hold: thrice what the busiest counter sells in a day.
OF_SHIFT_MAX = 1_000


class Way(StrEnum):
    """How it was paid. awaited: at a device that is not ours, and nobody has yet."""

    SCAN = "scan"  # the agent scanned the passenger's code
    CARD = "card"  # a card's number came from the reader at this page
    AWAITED = "awaited"
    PHONE = "phone"  # the passenger scanned the counter's code
    TILL = "till"  # the till beside the page took it, with its reader


class ChargeStatus(StrEnum):
    AWAITING = "awaiting"
    HOLDING = "holding"
    ACCEPTING = "accepting"
    CAPTURING = "capturing"
    ISSUED = "issued"
    WITHDRAWING = "withdrawing"
    ABANDONING = "abandoning"
    DECLINED = "declined"
    REFUSED = "refused"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"
    UNPAID = "unpaid"


# Something was asked and its end is not known: these are asked again until it is.
UNFINISHED = frozenset(
    {
        ChargeStatus.AWAITING,
        ChargeStatus.HOLDING,
        ChargeStatus.ACCEPTING,
        ChargeStatus.CAPTURING,
        ChargeStatus.WITHDRAWING,
        ChargeStatus.ABANDONING,
    }
)


class UnknownCharge(LookupError):
    def __init__(self, charge: str) -> None:
        super().__init__(f"there is no charge {charge[:48]!r}")


class ForWhom(msgspec.Struct, frozen=True, kw_only=True):
    """Whose bags, and which; empty once who paid was forgotten."""

    locator: str = ""
    ticket: str = ""
    given_name: str = ""
    flight: str = ""
    date: str = ""
    route: str = ""
    bags: tuple[Bag, ...] = ()


class NewCharge(msgspec.Struct, frozen=True, kw_only=True):
    """account: who pays, if that is known already. request: a digest of all that was asked, so that
    its key is not used for anything else.
    """

    merchant: str
    agent: str
    shift: str
    way: Way
    amount: Money
    lines: tuple[Line, ...]
    booking: ForWhom
    account: str | None
    request: bytes


class Charge(NewCharge, frozen=True, kw_only=True):
    """order_text: what the payment is for, in the ledger and on receipts. order: `ord_…`, when it
    can be paid elsewhere. payment: `pay_…`. reason: why it ended as it did.
    """

    id: str
    order_text: str
    status: ChargeStatus
    holder: str
    order: str | None
    payment: str | None
    reason: str | None
    created_at_ms: int
    changed_at_ms: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of a charge brought to light."""

    payment: str | None = None
    account: str | None = None
    way: Way | None = None
    reason: str | None = None


NOTHING_NEW = Known()


def open_charge(
    store: Store, charge: str, new: NewCharge, order: str | None, *, now_ms: int
) -> tuple[Charge, bool]:
    """The charge under this id, and whether it was there: ids derive from keys that are retried."""
    holder = new.account or new.merchant
    awaited = new.way is Way.AWAITED
    row = {
        "id": charge,
        "order_text": order_text_of(charge),
        "merchant": new.merchant,
        "agent": new.agent,
        "shift": new.shift,
        "way": new.way,
        "status": ChargeStatus.AWAITING if awaited else ChargeStatus.HOLDING,
        "amount_minor": new.amount.amount_minor,
        "currency": new.amount.commodity,
        "lines": msgspec.to_builtins(new.lines),
        "holder": holder,
        "account": new.account,
        "order": order,
        "request": new.request,
        "created_at_ms": now_ms,
        "changed_at_ms": now_ms,
    }
    with store.write() as connection:
        row["sealed_booking"] = _sealed(connection, holder, charge, new.booking)
        statement = store.insert_into(COUNTER_CHARGES).values(row)
        statement = statement.on_conflict_do_nothing(index_elements=["id"])
        made = connection.execute(statement).rowcount == 1
        return read_charge(connection, charge), not made


def order_text_of(charge: str) -> str:
    """Short enough to be keyed in at a till: `bag-` and ten of the id's characters, 50 bits."""
    body = charge.partition("_")[2]
    return f"bag-{body[:5]}-{body[5:10]}"


def get_charge(store: Store, charge: str) -> Charge:
    """Return it, or raise UnknownCharge."""
    with store.read() as connection:
        return read_charge(connection, charge)


def read_charge(connection: Connection, charge: str) -> Charge:
    query = select(COUNTER_CHARGES).where(COUNTER_CHARGES.c.id == charge)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownCharge(charge)
    return _charges(connection, [row])[0]


def charges_of_shift(store: Store, shift: str) -> tuple[Charge, ...]:
    """Newest first."""
    columns = COUNTER_CHARGES.c
    query = (
        select(COUNTER_CHARGES)
        .where(columns.shift == shift)
        .order_by(columns.created_at_ms.desc(), columns.id.desc())
        .limit(OF_SHIFT_MAX)
    )
    with store.read() as connection:
        return _charges(connection, connection.execute(query).mappings().all())


def find_charges(store: Store, charges: Collection[str]) -> tuple[Charge, ...]:
    query = select(COUNTER_CHARGES).where(COUNTER_CHARGES.c.id.in_(charges))
    with store.read() as connection:
        return _charges(connection, connection.execute(query).mappings().all())


def unfinished(store: Store, *, before_ms: int, limit: int) -> tuple[Charge, ...]:
    """Those whose end is not known, and that nobody has touched since then; oldest first."""
    columns = COUNTER_CHARGES.c
    query = (
        select(COUNTER_CHARGES)
        .where(columns.status.in_(UNFINISHED), columns.changed_at_ms <= before_ms)
        .order_by(columns.changed_at_ms)
        .limit(limit)
    )
    with store.read() as connection:
        return _charges(connection, connection.execute(query).mappings().all())


def touch(store: Store, charge: Charge, *, now_ms: int) -> None:
    """It was looked at, in vain: others come first in the next round."""
    statement = update(COUNTER_CHARGES).where(COUNTER_CHARGES.c.id == charge.id)
    with store.write() as connection:
        connection.execute(statement.values(changed_at_ms=now_ms))


def move(
    store: Store,
    charge: Charge,
    status: ChargeStatus,
    known: Known = NOTHING_NEW,
    *,
    now_ms: int,
) -> Charge:
    """The charge in its next state, if it is still where the caller saw it; as it is otherwise."""
    with store.write() as connection:
        move_within(connection, charge, status, known, now_ms)
        return read_charge(connection, charge.id)


def move_within(
    connection: Connection,
    charge: Charge,
    status: ChargeStatus,
    known: Known,
    now_ms: int,
) -> bool:
    """The same, as a part of something larger. Whether it moved."""
    values: dict[str, Any] = {
        "status": status,
        "changed_at_ms": now_ms,
        "reason": known.reason,
        "payment": known.payment or charge.payment,
        "way": known.way or charge.way,
    }
    if known.account and known.account != charge.holder:
        values |= {
            "account": known.account,
            "holder": known.account,
            "sealed_booking": _sealed(connection, known.account, charge.id, charge.booking),
        }
    columns = COUNTER_CHARGES.c
    here = (columns.id == charge.id) & (columns.status == charge.status)
    moved = connection.execute(update(COUNTER_CHARGES).where(here).values(values))
    return moved.rowcount == 1


def charge_place(charge: str) -> str:
    return f"counter_charges.sealed_booking {charge}"


def _sealed(
    connection: Connection, holder: str, charge: str, booking: ForWhom
) -> bytes | None:
    """Nothing for a holder that was forgotten."""
    keys = data_keys(connection)
    key = keys.make(connection, [holder]).get(holder)
    if key is None:
        return None
    return keys.seal(key, charge_place(charge), msgspec.json.encode(booking))


def _charges(connection: Connection, rows: Iterable[RowMapping]) -> tuple[Charge, ...]:
    rows = list(rows)
    keys = data_keys(connection).find(connection, {row["holder"] for row in rows})
    return tuple(_charge(row, keys.get(row["holder"])) for row in rows)


def _charge(row: RowMapping, key: bytes | None) -> Charge:
    booking = ForWhom()
    sealed = row["sealed_booking"]
    if key and sealed:
        opened = open_sealed(key, charge_place(row["id"]), sealed)
        booking = msgspec.json.decode(opened, type=ForWhom)
    amount = Money(row["amount_minor"], row["currency"])
    return as_struct({**row, "amount": amount, "booking": booking}, Charge)
