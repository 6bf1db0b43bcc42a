"""EMD-S: the document of a charge. One number, up to four coupons, one for each line of the charge.

    open ──> used            the bag flew; its coupon gives nothing back
      ├────> refunded
      └────> void            the whole document, on the day of its sale, before any use

A coupon belongs to the one void or refund that took it (`undo`) from before money moves until it is
known how that ended; so no two of them give the same coupon back, and none that is used.
"""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, insert, select, update

from services.counter.charges import Charge, ChargeStatus, Known, move_within, read_charge
from services.counter_tables import (
    COUNTER_CHARGES,
    COUNTER_COUPONS,
    COUNTER_EMDS,
    EMD_SERIES,
)
from services.document_numbers import document_number
from services.rows import as_struct, insert_into
from services.store import Store

COUPONS_MAX = 4
# Where the series of EMD numbers begins, apart from those of tickets.
EMDS_FROM = 820_000_000


class CouponStatus(StrEnum):
    OPEN = "open"
    USED = "used"
    REFUNDED = "refunded"
    VOID = "void"


class UnknownEmd(LookupError):
    def __init__(self, name: str) -> None:
        super().__init__(f"there is no EMD {name[:48]!r}")


class NotUsable(Exception):
    """A coupon is not open, so it cannot be used."""

    def __init__(self, coupon: int) -> None:
        super().__init__(f"Coupon {coupon} is not open, or is being given back just now.")


class Coupon(msgspec.Struct, frozen=True, kw_only=True):
    number: int
    status: CouponStatus
    amount_minor: int
    undo: str | None


class Emd(msgspec.Struct, frozen=True, kw_only=True):
    charge: str
    number: str
    issued_at_ms: int
    coupons: tuple[Coupon, ...]

    @property
    def status(self) -> CouponStatus:
        """Of the document: open while a coupon is, then the most that became of any."""
        found = {coupon.status for coupon in self.coupons}
        for status in (CouponStatus.OPEN, CouponStatus.USED, CouponStatus.REFUNDED):
            if status in found:
                return status
        return CouponStatus.VOID


def issue(store: Store, charge: Charge, airline_code: str, *, now_ms: int) -> Charge:
    """The EMD, and the charge that goes on to be captured: both, or neither.

    A charge that is no longer where the caller saw it stays as it is. Raises SeriesExhausted.
    """
    with store.write() as connection:
        if move_within(connection, charge, ChargeStatus.CAPTURING, Known(), now_ms):
            serial = _next_serial(connection, airline_code)
            number = document_number(airline_code, EMDS_FROM, serial)
            row = {"charge": charge.id, "number": number, "issued_at_ms": now_ms}
            connection.execute(insert(COUNTER_EMDS), row)
            connection.execute(insert(COUNTER_COUPONS), _coupons(charge))
        return read_charge(connection, charge.id)


def void_unpaid(store: Store, charge: Charge, reason: str, *, now_ms: int) -> Charge:
    """The hold had ended before it was captured: what was issued is void at once."""
    with store.write() as connection:
        known = Known(reason=reason)
        if move_within(connection, charge, ChargeStatus.WITHDRAWING, known, now_ms):
            every = range(1, COUPONS_MAX + 1)
            set_status(connection, charge.id, every, CouponStatus.VOID)
        return read_charge(connection, charge.id)


def find_emds(store: Store, charges: Collection[str]) -> dict[str, Emd]:
    """By charge; charges without one are left out."""
    with store.read() as connection:
        return read_emds(connection, charges)


def read_emds(connection: Connection, charges: Collection[str]) -> dict[str, Emd]:
    emds, coupons = COUNTER_EMDS, COUNTER_COUPONS
    found = (
        connection.execute(select(emds).where(emds.c.charge.in_(charges))).mappings().all()
    )
    query = select(coupons).where(coupons.c.charge.in_(charges)).order_by(coupons.c.number)
    of: dict[str, list[Coupon]] = {}
    for row in connection.execute(query).mappings():
        of.setdefault(row["charge"], []).append(as_struct(row, Coupon))
    return {
        row["charge"]: as_struct({**row, "coupons": tuple(of[row["charge"]])}, Emd)
        for row in found
    }


def charge_of_emd(store: Store, number: str, merchant: str) -> str:
    """The charge that this document is for, of this merchant's. Raises UnknownEmd."""
    emds, charges = COUNTER_EMDS.c, COUNTER_CHARGES.c
    query = (
        select(emds.charge)
        .join(COUNTER_CHARGES, charges.id == emds.charge)
        .where(emds.number == number, charges.merchant == merchant)
    )
    with store.read() as connection:
        charge = connection.execute(query).scalar_one_or_none()
    if charge is None:
        raise UnknownEmd(number)
    return str(charge)


def use(store: Store, charge: str, coupons: Sequence[int]) -> None:
    """The bags flew. What is used already stays so. Raises NotUsable, and then uses none."""
    with store.write() as connection:
        for number in coupons:
            if not _take(connection, charge, number, {"status": CouponStatus.USED}):
                [found] = read_emds(connection, [charge]).values()
                used = {c.number for c in found.coupons if c.status is CouponStatus.USED}
                if number not in used:
                    raise NotUsable(number)


def set_status(
    connection: Connection, charge: str, coupons: Collection[int], status: CouponStatus
) -> None:
    _set(connection, charge, coupons, {"status": status})


def claim(connection: Connection, charge: str, coupons: Collection[int], undo: str) -> bool:
    """Whether all of them were free, and are now this undo's; otherwise the caller rolls back."""
    taken = [_take(connection, charge, number, {"undo": undo}) for number in coupons]
    return all(taken)


def let_go(connection: Connection, charge: str, coupons: Collection[int]) -> None:
    """The undo that had claimed them was refused."""
    _set(connection, charge, coupons, {"undo": None})


def _take(
    connection: Connection, charge: str, coupon: int, values: Mapping[str, object]
) -> bool:
    """Whether it was open and nobody's: asked and written in one statement, for any database."""
    columns = COUNTER_COUPONS.c
    free = (
        (columns.charge == charge)
        & (columns.number == coupon)
        & (columns.status == CouponStatus.OPEN)
        & columns.undo.is_(None)
    )
    taken = connection.execute(update(COUNTER_COUPONS).where(free).values(values))
    return taken.rowcount == 1


def _set(
    connection: Connection,
    charge: str,
    coupons: Collection[int],
    values: Mapping[str, object],
) -> None:
    columns = COUNTER_COUPONS.c
    here = (columns.charge == charge) & columns.number.in_(coupons)
    connection.execute(update(COUNTER_COUPONS).where(here).values(values))


def _coupons(charge: Charge) -> list[dict[str, object]]:
    assert 0 < len(charge.lines) <= COUPONS_MAX, "longer charges are refused"
    return [
        {
            "charge": charge.id,
            "number": number,
            "status": CouponStatus.OPEN,
            "amount_minor": line.amount_minor,
        }
        for number, line in enumerate(charge.lines, 1)
    ]


def _next_serial(connection: Connection, airline_code: str) -> int:
    """The row is locked until the caller's transaction ends: no gap, and no serial twice."""
    columns = EMD_SERIES.c
    first = {"airline_code": airline_code, "last": 0}
    statement = insert_into(connection.dialect.name, EMD_SERIES).values(first)
    connection.execute(statement.on_conflict_do_nothing())
    here = columns.airline_code == airline_code
    connection.execute(update(EMD_SERIES).where(here).values(last=columns.last + 1))
    serial = connection.execute(select(columns.last).where(here)).scalar_one()
    return int(serial)
