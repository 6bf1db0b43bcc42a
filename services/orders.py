"""Orders: what a merchant asks to be paid by link, and who is paying it just now.

    open ── claim ──> paying ── mark_paid ──> paid
      ^                 │
      └──── release ────┘                     cancelled

The claim keeps two people from paying one order at once. It is a courtesy, not the truth: a
payment that the journal holds marks its order paid in whatever state of these it finds it
(open: its claim was released too early), for an order shown as open is paid a second time.
A claim has no age limit. It ends by evidence, as payments do: its holder tries again, or
somebody who has seen that nothing was taken releases it.

What an order is for may name a person. Until it is paid it is the merchant's, and sealed under the
merchant's data key; from then on it is the payer's, sealed anew under theirs, and ends with it.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, RowMapping, literal, select, tuple_, update

from ledger.money import Money
from services.merchants import require_merchant
from services.mint import RandomBytes, mint
from services.rows import as_struct
from services.sealing import open_sealed
from services.store import Store
from services.tables import ORDERS

PAGE_MAX = 200  # orders of one list: a page of a screen, and a bounded answer


class OrderStatus(StrEnum):
    OPEN = "open"
    PAYING = "paying"
    PAID = "paid"
    CANCELLED = "cancelled"


_PAYABLE = frozenset({OrderStatus.OPEN, OrderStatus.PAYING})


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
    """paying_account: who paid it, or claimed it last. payment: `pay_…` once it is paid. order_text
    and lines are empty once the payer was forgotten.
    """

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
        "status": OrderStatus.OPEN,
        "created_at_ms": now_ms,
    }
    with store.write() as connection:
        require_merchant(connection, new.merchant)
        key = store.keys.make(connection, [new.merchant])[new.merchant]
        row |= _sealed(store, key, order, (new.order_text, new.lines))
        statement = store.insert_into(ORDERS).values(row).on_conflict_do_nothing()
        if connection.execute(statement).rowcount != 1:
            raise OrderExists(order)
        return _read(store, connection, order)


def get_order(store: Store, order: str) -> Order:
    """Return it, or raise UnknownOrder."""
    with store.read() as connection:
        return _read(store, connection, order)


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
            last = _read(store, connection, before)
            if last.merchant != merchant:
                raise UnknownOrder(before)
            position = tuple_(literal(last.created_at_ms), literal(last.id))
            query = query.where(tuple_(columns.created_at_ms, columns.id) < position)
        page = connection.execute(query.order_by(*newest_first).limit(limit))
        return _orders(store, connection, page.mappings().all())


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
        return _read(store, connection, order)


def mark_paid(store: Store, order: str, *, payment: str, account: str) -> Order:
    """Write down that this payment, from this account, paid it; a second time is no error.

    Raises OrderNotPayable, UnknownOrder. Call it only for a payment that is in the journal.
    """
    with store.write() as connection:
        before = _read(store, connection, order)
        if before.status in _PAYABLE:
            _give_to_payer(store, connection, before, account)
            paid = {"status": OrderStatus.PAID, "payment": payment}
            connection.execute(update(ORDERS).where(ORDERS.c.id == order).values(paid))
        after = _read(store, connection, order)
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
        return _read(store, connection, order)


def cancel(store: Store, order: str) -> Order:
    """Nobody pays it from now on, if nobody has claimed it yet; then it stays as it is.

    Raises UnknownOrder.
    """
    cancelled = (
        update(ORDERS)
        .where(ORDERS.c.id == order, ORDERS.c.status == OrderStatus.OPEN)
        .values(status=OrderStatus.CANCELLED)
    )
    with store.write() as connection:
        connection.execute(cancelled)
        return _read(store, connection, order)


def order_place(order: str, column: str) -> str:
    return f"orders.{column} {order}"


def _give_to_payer(
    store: Store, connection: Connection, order: Order, account: str
) -> None:
    """What it was for is the payer's from now on; nobody's, if the payer is forgotten already."""
    key = store.keys.make(connection, [account]).get(account)
    texts: dict[str, bytes | None] = {"sealed_text": None, "sealed_lines": None}
    if key:
        texts |= _sealed(store, key, order.id, (order.order_text, order.lines))
    given = {"paying_account": account, **texts}
    connection.execute(update(ORDERS).where(ORDERS.c.id == order.id).values(given))


def _sealed(
    store: Store, key: bytes, order: str, texts: tuple[str, tuple[OrderLine, ...]]
) -> dict[str, bytes]:
    text, lines = texts
    content = {
        "sealed_text": text.encode(),
        "sealed_lines": msgspec.json.encode(lines),
    }
    return {
        column: store.keys.seal(key, order_place(order, column), plain)
        for column, plain in content.items()
    }


def _holder(row: RowMapping) -> str:
    """Whose it is: the payer's once it is paid. Of the first release some do not say who paid."""
    paid = row["status"] == OrderStatus.PAID and row["paying_account"]
    return str(row["paying_account"] if paid else row["merchant"])


def _read(store: Store, connection: Connection, order: str) -> Order:
    query = select(ORDERS).where(ORDERS.c.id == order)
    rows = connection.execute(query).mappings().all()
    if not rows:
        raise UnknownOrder(order)
    return _orders(store, connection, rows)[0]


def _orders(
    store: Store, connection: Connection, rows: Sequence[RowMapping]
) -> tuple[Order, ...]:
    keys = store.keys.find(connection, {_holder(row) for row in rows})
    return tuple(_order(row, keys.get(_holder(row))) for row in rows)


def _order(row: RowMapping, key: bytes | None) -> Order:
    def opened(column: str) -> bytes:
        sealed = row[column]
        if key is None or sealed is None:
            return b""
        return open_sealed(key, order_place(row["id"], column), sealed)

    values = {
        **row,
        "amount": Money(row["amount_minor"], row["currency"]),
        "order_text": opened("sealed_text").decode(),
        "lines": msgspec.json.decode(opened("sealed_lines") or b"[]"),
    }
    return as_struct(values, Order)
