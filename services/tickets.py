"""Tickets of agencies: the row that says how far each one is, so that whoever comes next goes on.

    paying ──> issuing ──> issued ──> voiding ──> voided
      │           │           ^__________│ (the airline refused the void)
      v           v
    declined    refused                 unpaid: issued, and the hold had ended before it was taken

The row is written before anything is asked, and moved after it is known. It is never the truth
about money: that is the payment that it names. Names of passengers are kept for as long as the
airline may have to be asked again, and no longer; neither they nor ticket numbers are ever in the
journal. What may name somebody is sealed under the data key of the agency's account.
"""

from collections.abc import Collection
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, RowMapping, literal, select, tuple_, update

from ledger.money import Money
from services.airline import Passenger
from services.data_keys import data_keys
from services.rows import as_struct
from services.sealing import open_sealed
from services.store import Store
from services.tables import TICKET_REFUNDS, TICKETS

PAGE_MAX = 200


class TicketStatus(StrEnum):
    PAYING = "paying"
    ISSUING = "issuing"
    ISSUED = "issued"
    VOIDING = "voiding"
    VOIDED = "voided"
    DECLINED = "declined"
    REFUSED = "refused"
    UNPAID = "unpaid"


# Something was asked and its end is not known: these are asked again until it is.
UNFINISHED = frozenset({TicketStatus.PAYING, TicketStatus.ISSUING, TicketStatus.VOIDING})


class RefundStatus(StrEnum):
    ASKED = "asked"
    REFUNDED = "refunded"
    REFUSED = "refused"


# Of a ticket, what may name somebody: the booking, who travels, on which documents.
_SEALED = ("order_text", "passengers", "ticket_numbers")


class UnknownTicket(LookupError):
    def __init__(self, ticket: str) -> None:
        super().__init__(f"there is no ticket {ticket[:48]!r}")


class NewTicket(msgspec.Struct, frozen=True, kw_only=True):
    """number: the id of the payment number that pays; None: the agency's account is debited.
    request: a keyed digest of all that was asked, so that its key is not used for anything else.
    """

    agency: str
    account: str
    created_by: str
    channel: str
    merchant: str
    offer: str
    order_text: str
    amount: Money
    number: str | None
    passengers: tuple[Passenger, ...]
    request: bytes | None


class Ticket(NewTicket, frozen=True, kw_only=True):
    """payment: `pay_…`, the clearance id. reason: why it was declined or refused."""

    id: str
    status: TicketStatus
    payment: str | None
    ticket_numbers: tuple[str, ...]
    reason: str | None
    created_at_ms: int
    changed_at_ms: int


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a step of a ticket brought to light."""

    payment: str | None = None
    ticket_numbers: tuple[str, ...] = ()
    reason: str | None = None


NOTHING_NEW = Known()


class TicketRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    ticket: str
    amount: Money
    status: RefundStatus
    reason: str | None
    created_at_ms: int
    changed_at_ms: int


def open_ticket(
    store: Store, ticket: str, new: NewTicket, *, now_ms: int
) -> tuple[Ticket, bool]:
    """The ticket under this id, and whether it was there: ids derive from keys that are retried."""
    plain = msgspec.to_builtins(new, builtin_types=(bytes,))
    row = {
        **{
            name: value for name, value in plain.items() if name not in {"amount", *_SEALED}
        },
        "id": ticket,
        "amount_minor": new.amount.amount_minor,
        "currency": new.amount.commodity,
        "status": TicketStatus.PAYING,
        "created_at_ms": now_ms,
        "changed_at_ms": now_ms,
    }
    personal = {name: plain.get(name, ()) for name in _SEALED}
    with store.write() as connection:
        row |= _sealed(connection, new.account, ticket, personal)
        statement = store.insert_into(TICKETS).values(row).on_conflict_do_nothing()
        made = connection.execute(statement).rowcount == 1
        return _read(connection, ticket), not made


def get_ticket(store: Store, ticket: str) -> Ticket:
    """Return it, or raise UnknownTicket."""
    with store.read() as connection:
        return _read(connection, ticket)


def ticket_of_payment(store: Store, payment: str) -> Ticket:
    """By its clearance id. Raises UnknownTicket."""
    query = select(TICKETS).where(TICKETS.c.payment == payment)
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UnknownTicket(payment)
        return _ticket(connection, row)


def list_tickets(
    store: Store, agency: str, *, limit: int = 50, before: str | None = None
) -> tuple[Ticket, ...]:
    """Newest first; before: the last of the page above. Raises UnknownTicket for another's."""
    assert 0 < limit <= PAGE_MAX, "the wire refuses other limits"
    columns = TICKETS.c
    newest_first = (columns.created_at_ms.desc(), columns.id.desc())
    query = select(TICKETS).where(columns.agency == agency)
    with store.read() as connection:
        if before is not None:
            last = _read(connection, before)
            if last.agency != agency:
                raise UnknownTicket(before)
            place = tuple_(literal(last.created_at_ms), literal(last.id))
            query = query.where(tuple_(columns.created_at_ms, columns.id) < place)
        page = connection.execute(query.order_by(*newest_first).limit(limit))
        return tuple(_ticket(connection, row) for row in page.mappings().all())


def tickets_of_payments(store: Store, payments: Collection[str]) -> dict[str, Ticket]:
    """By payment; for a page of a statement."""
    query = select(TICKETS).where(TICKETS.c.payment.in_(payments))
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
        return {row["payment"]: _ticket(connection, row) for row in rows}


def numbers_used(store: Store, agency: str) -> dict[str, str]:
    """By payment number, the ticket that it was spent on, be it declined."""
    columns = TICKETS.c
    query = select(columns.number, columns.id).where(
        columns.agency == agency,
        columns.number.is_not(None),
        columns.payment.is_not(None),
    )
    with store.read() as connection:
        return {row["number"]: row["id"] for row in connection.execute(query).mappings()}


def unfinished(store: Store, *, before_ms: int, limit: int) -> tuple[Ticket, ...]:
    """Those whose end is not known, and that nobody has touched since then; oldest first."""
    columns = TICKETS.c
    query = (
        select(TICKETS)
        .where(columns.status.in_(UNFINISHED), columns.changed_at_ms <= before_ms)
        .order_by(columns.changed_at_ms)
        .limit(limit)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
        return tuple(_ticket(connection, row) for row in rows)


def move(
    store: Store,
    ticket: Ticket,
    status: TicketStatus,
    known: Known = NOTHING_NEW,
    *,
    now_ms: int,
) -> Ticket:
    """The ticket in its next state, if it is still where the caller saw it; as it is otherwise."""
    values: dict[str, object] = {
        "status": status,
        "changed_at_ms": now_ms,
        "reason": known.reason,
        "payment": known.payment or ticket.payment,
    }
    personal: dict[str, object] = {}
    if known.ticket_numbers:
        personal["ticket_numbers"] = known.ticket_numbers
    if status not in {TicketStatus.PAYING, TicketStatus.ISSUING}:
        personal["passengers"] = ()
    here = (TICKETS.c.id == ticket.id) & (TICKETS.c.status == ticket.status)
    with store.write() as connection:
        values |= _sealed(connection, ticket.account, ticket.id, personal)
        connection.execute(update(TICKETS).where(here).values(values))
        return _read(connection, ticket.id)


def find_refund(store: Store, refund: str) -> TicketRefund | None:
    query = select(TICKET_REFUNDS).where(TICKET_REFUNDS.c.id == refund)
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _refund(row)


def open_refund(
    store: Store, refund: str, ticket: Ticket, amount: Money, *, now_ms: int
) -> TicketRefund:
    """Under this id; one that is there already stays as it is."""
    row = {
        "id": refund,
        "ticket": ticket.id,
        "amount_minor": amount.amount_minor,
        "currency": amount.commodity,
        "status": RefundStatus.ASKED,
        "created_at_ms": now_ms,
        "changed_at_ms": now_ms,
    }
    statement = store.insert_into(TICKET_REFUNDS).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        connection.execute(statement)
        return _read_refund(connection, refund)


def end_refund(
    store: Store,
    refund: TicketRefund,
    status: RefundStatus,
    *,
    now_ms: int,
    reason: str | None = None,
) -> TicketRefund:
    values = {"status": status, "reason": reason, "changed_at_ms": now_ms}
    here = TICKET_REFUNDS.c.id == refund.id
    with store.write() as connection:
        connection.execute(update(TICKET_REFUNDS).where(here).values(values))
        return _read_refund(connection, refund.id)


def unfinished_refunds(
    store: Store, *, before_ms: int, limit: int
) -> tuple[TicketRefund, ...]:
    columns = TICKET_REFUNDS.c
    query = (
        select(TICKET_REFUNDS)
        .where(columns.status == RefundStatus.ASKED, columns.changed_at_ms <= before_ms)
        .order_by(columns.changed_at_ms)
        .limit(limit)
    )
    with store.read() as connection:
        return tuple(_refund(row) for row in connection.execute(query).mappings())


def _read(connection: Connection, ticket: str) -> Ticket:
    query = select(TICKETS).where(TICKETS.c.id == ticket)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownTicket(ticket)
    return _ticket(connection, row)


def _read_refund(connection: Connection, refund: str) -> TicketRefund:
    query = select(TICKET_REFUNDS).where(TICKET_REFUNDS.c.id == refund)
    return _refund(connection.execute(query).mappings().one())


def ticket_place(ticket: str, column: str) -> str:
    return f"tickets.{column} {ticket}"


def _sealed(
    connection: Connection, account: str, ticket: str, personal: dict[str, object]
) -> dict[str, bytes | None]:
    """As columns; nothing for an agency that was forgotten."""
    keys = data_keys(connection)
    key = keys.make(connection, [account]).get(account)
    columns: dict[str, bytes | None] = {}
    for name, value in personal.items():
        place, plain = ticket_place(ticket, f"sealed_{name}"), msgspec.json.encode(value)
        columns[f"sealed_{name}"] = keys.seal(key, place, plain) if key else None
    return columns


def _ticket(connection: Connection, row: RowMapping) -> Ticket:
    account = row["account"]
    key = data_keys(connection).find(connection, [account]).get(account)
    opened: dict[str, object] = {"order_text": "", "passengers": (), "ticket_numbers": ()}
    for name in _SEALED:
        sealed = row[f"sealed_{name}"]
        if key and sealed:
            place = ticket_place(row["id"], f"sealed_{name}")
            opened[name] = msgspec.json.decode(open_sealed(key, place, sealed))
    amount = Money(row["amount_minor"], row["currency"])
    return as_struct({**row, **opened, "amount": amount}, Ticket)


def _refund(row: RowMapping) -> TicketRefund:
    money = Money(row["amount_minor"], row["currency"])
    return as_struct({**row, "amount": money}, TicketRefund)
