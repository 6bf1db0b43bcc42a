"""Lists of payments and totals of days, as the bookkeeper told them: newest first, by cursor."""

from collections.abc import Collection

import msgspec
from sqlalchemy import and_, or_, select

from services.merchant_tables import DAY_TOTALS, PAYMENTS
from services.payment_state import PaymentRow
from services.rows import as_struct
from services.store import Store

# A page of some 40 kB of JSON.
PAYMENTS_MAX = 100
# A big airport has some hundred merchants, each with a few channels and currencies.
TOTALS_MAX = 2_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """merchant, channel: empty for all. before: the last payment of the page before."""

    merchant: str = ""
    channel: str = ""
    before: tuple[int, str] | None = None
    limit: int = PAYMENTS_MAX


class DayTotal(msgspec.Struct, frozen=True):
    day: str
    merchant: str
    channel: str
    currency: str
    approved: int
    declined: int
    captured_minor: int
    refunded_minor: int


def list_payments(store: Store, wanted: Wanted) -> list[PaymentRow]:
    """Newest first. Two of one millisecond stand in the order of their ids."""
    columns = PAYMENTS.c
    query = select(PAYMENTS).order_by(columns.at_ms.desc(), columns.id.desc())
    if wanted.merchant:
        query = query.where(columns.merchant == wanted.merchant)
    if wanted.channel:
        query = query.where(columns.channel == wanted.channel)
    if wanted.before:
        at_ms, payment = wanted.before
        earlier = and_(columns.at_ms == at_ms, columns.id < payment)
        query = query.where(columns.at_ms <= at_ms, or_(columns.at_ms < at_ms, earlier))
    with store.read() as connection:
        rows = connection.execute(query.limit(wanted.limit)).mappings()
        return [as_struct(row, PaymentRow) for row in rows]


def find_payments(store: Store, payments: Collection[str]) -> list[PaymentRow]:
    """Those that have been told."""
    found: list[PaymentRow] = []
    ids = sorted(payments)
    with store.read() as connection:
        for start in range(0, len(ids), PAYMENTS_MAX):
            some = ids[start : start + PAYMENTS_MAX]
            rows = connection.execute(select(PAYMENTS).where(PAYMENTS.c.id.in_(some)))
            found += [as_struct(row, PaymentRow) for row in rows.mappings()]
    return found


def payments_for(
    store: Store, merchant: str, order_digest: bytes, *, since_ms: int
) -> list[PaymentRow]:
    """Of this merchant and order, made since then and told; oldest first."""
    columns = PAYMENTS.c
    query = (
        select(PAYMENTS)
        .where(
            columns.merchant == merchant,
            columns.at_ms >= since_ms,
            columns.order_digest == order_digest,
        )
        .order_by(columns.at_ms, columns.id)
        .limit(PAYMENTS_MAX)
    )
    with store.read() as connection:
        return [as_struct(row, PaymentRow) for row in connection.execute(query).mappings()]


def day_totals(store: Store, day: str, merchant: str) -> list[DayTotal]:
    """By merchant, channel and currency. merchant: empty for all."""
    query = select(DAY_TOTALS).where(DAY_TOTALS.c.day == day)
    if merchant:
        query = query.where(DAY_TOTALS.c.merchant == merchant)
    query = query.order_by(*DAY_TOTALS.primary_key.columns).limit(TOTALS_MAX)
    with store.read() as connection:
        return [as_struct(row, DayTotal) for row in connection.execute(query).mappings()]
