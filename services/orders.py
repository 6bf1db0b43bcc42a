"""Orders: what a merchant asks to be paid by link, and who is paying it just now.

    open ── claim ──> paying ── mark_paid ──> paid
      ^                 │
      └──── release ────┘                     cancelled

The claim keeps two people from paying one order at once. It is a courtesy, not the truth: a
payment that the journal holds marks its order paid in whatever state of these it finds it
(open: its claim was released too early), for an order shown as open is paid a second time.
A claim has no age limit. It ends by evidence, as payments do: its holder tries again, or
somebody who has seen that nothing was taken releases it.
"""

from enum import StrEnum

import msgspec
from sqlalchemy import Connection, RowMapping, literal, select, tuple_, update

from ledger.money import Money
from services.merchants import require_merchant
from services.mint import RandomBytes, mint
from services.rows import as_struct
from services.store import Store
from services.tables import ORDERS

PAGE_MAX = 200  # orders of one list: a page of a screen, and a bounded answer


class OrderStatus(StrEnum):
    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    CANCELLED = "cancelled"


class UnknownOrder(LookupError):
    def __init__(self, order: str) -> None:
        super().__init__(f"there is no order {order[:48]!r}")


class OrderExists(Exception):
    """The id is taken: the random bytes were those of an earlier call.

    On purpose when a caller derives them from an idempotency key: then this is its replay,
    and the order is there to be read and compared.
    """

    def __init__(self, order: str) -> None:
        super().__init__(f"order {order} exists already")
        self.order = order


class OrderNotPayable(Exception):
    """Another payment paid the order, or it is cancelled: give this one back."""

    def __init__(self, order: "Order", payment: str) -> None:
        by = f" by {order.payment}" if order.payment else ""
        super().__init__(f"order {order.id} is {order.status}{by}, {payment} came too late")
        self.order = order
        self.payment = payment


class OrderLine(msgspec.Struct, frozen=True):
    """What the customer reads. The order's amount rules; lines need not add up to it."""

    text: str
    amount_minor: int


class NewOrder(msgspec.Struct, frozen=True, kw_only=True):
    merchant: str
    amount: Money
    order_text: str
    lines: tuple[OrderLine, ...] = ()


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """paying_account: who claimed it last. payment: `pay_…` once it is paid."""

    id: str
    merchant: str
    amount: Money
    order_text: str
    lines: tuple[OrderLine, ...]
    status: OrderStatus
    paying_account: str | None
    paying_since_ms: int | None
    payment: str | None
    created_at_ms: int

    def is_claimed_by(self, account: str) -> bool:
        return self.status is OrderStatus.PAYING and self.paying_account == account


def create_order(
    store: Store, new: NewOrder, *, random_bytes: RandomBytes, now_ms: int
) -> Order:
    """Open it. Raises UnknownMerchant, OrderExists."""
    assert new.amount.amount_minor > 0, "the wire refuses amounts that are not positive"
    order = mint("ord", random_bytes)
    row = {
        "id": order,
        "merchant": new.merchant,
        "amount_minor": new.amount.amount_minor,
        "currency": new.amount.commodity,
        "order_text": new.order_text,
        "lines": msgspec.to_builtins(new.lines),
        "status": OrderStatus.OPEN,
        "created_at_ms": now_ms,
    }
    statement = store.insert_into(ORDERS).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        require_merchant(connection, new.merchant)
        if connection.execute(statement).rowcount != 1:
            raise OrderExists(order)
        return _read(connection, order)


def get_order(store: Store, order: str) -> Order:
    """Return it, or raise UnknownOrder."""
    with store.read() as connection:
        return _read(connection, order)


def list_orders(
    store: Store, merchant: str, *, limit: int = 50, before: str | None = None
) -> tuple[Order, ...]:
    """Those of one merchant, newest first; before: the last order of the page above.

    Raises UnknownOrder for a `before` that is not this merchant's.
    """
    assert 0 < limit <= PAGE_MAX, "the wire refuses other limits"
    columns = ORDERS.c
    newest_first = (columns.created_at_ms.desc(), columns.id.desc())
    query = select(ORDERS).where(columns.merchant == merchant)
    with store.read() as connection:
        if before is not None:
            last = _read(connection, before)
            if last.merchant != merchant:
                raise UnknownOrder(before)
            position = tuple_(literal(last.created_at_ms), literal(last.id))
            query = query.where(tuple_(columns.created_at_ms, columns.id) < position)
        rows = connection.execute(query.order_by(*newest_first).limit(limit)).mappings()
        return tuple(_order(row) for row in rows)


def claim(store: Store, order: str, *, account: str, now_ms: int) -> Order:
    """Take an open order for this account, and say who holds it then.

    Ask the answer: `is_claimed_by(account)` is true for who won now or earlier; if not, it
    is another's, or paid, or cancelled. Raises UnknownOrder.
    """
    claimed = (
        update(ORDERS)
        .where(ORDERS.c.id == order, ORDERS.c.status == OrderStatus.OPEN)
        .values(status=OrderStatus.PAYING, paying_account=account, paying_since_ms=now_ms)
    )
    with store.write() as connection:
        connection.execute(claimed)
        return _read(connection, order)


def mark_paid(store: Store, order: str, *, payment: str) -> Order:
    """Write down that this payment paid it; a second time is no error.

    Raises OrderNotPayable, UnknownOrder. Call it only for a payment that is in the journal.
    """
    payable = ORDERS.c.status.in_([OrderStatus.OPEN, OrderStatus.PAYING])
    paid = (
        update(ORDERS)
        .where(ORDERS.c.id == order, payable)
        .values(status=OrderStatus.PAID, payment=payment)
    )
    with store.write() as connection:
        connection.execute(paid)
        after = _read(connection, order)
    if after.payment != payment:
        raise OrderNotPayable(after, payment)
    return after


def release(store: Store, order: str, *, account: str) -> Order:
    """Give up this account's claim, if it holds one. Raises UnknownOrder.

    Only after a decline, or a reverse: while the outcome is unknown, the claim stays.
    """
    released = (
        update(ORDERS)
        .where(
            ORDERS.c.id == order,
            ORDERS.c.status == OrderStatus.PAYING,
            ORDERS.c.paying_account == account,
        )
        .values(status=OrderStatus.OPEN, paying_account=None, paying_since_ms=None)
    )
    with store.write() as connection:
        connection.execute(released)
        return _read(connection, order)


def _read(connection: Connection, order: str) -> Order:
    query = select(ORDERS).where(ORDERS.c.id == order)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownOrder(order)
    return _order(row)


def _order(row: RowMapping) -> Order:
    money = Money(row["amount_minor"], row["currency"])
    return as_struct({**row, "amount": money}, Order)
