"""Settlements in the store: which one is under way, up to which cuts, what it came to.

Its lines are those of the merchant's stripes between two cuts, and cuts of one partition follow
each other: so each line stands in exactly one statement, whatever else happens meanwhile.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, and_, func, insert, or_, select, update

from ledger.ids import AccountId, derive_account
from services.bookkeeping import Line
from services.fees import Rates, fee_minor
from services.merchant_tables import MERCHANT_LINES
from services.merchants import require_merchant
from services.rows import as_struct
from services.settlement_tables import (
    SETTLEMENT_CUTS,
    SETTLEMENT_TOTALS,
    SETTLEMENTS,
)
from services.store import Store

LINES_MAX = 500
SETTLEMENTS_MAX = 100


class SettlementStatus(StrEnum):
    OPEN = "open"  # cuts are made, stripes are swept
    SETTLED = "settled"


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    merchant: str
    number: int
    status: SettlementStatus
    opened_by: str
    opened_at_ms: int
    settled_at_ms: int


class Cut(msgspec.Struct, frozen=True):
    partition: int
    after: int
    upto: int


class Total(msgspec.Struct, frozen=True):
    pot: str
    payments_minor: int
    refunds_minor: int
    fees_minor: int
    credited_minor: int
    carried_minor: int

    @property
    def gross_minor(self) -> int:
        return self.payments_minor - self.refunds_minor

    @property
    def carried_before_minor(self) -> int:
        return self.credited_minor + self.carried_minor + self.fees_minor - self.gross_minor


class FeeLine(msgspec.Struct, frozen=True):
    line: Line
    fee_minor: int


class UnknownSettlement(LookupError):
    def __init__(self, settlement: str) -> None:
        super().__init__(f"there is no settlement {settlement[:48]!r}")


class SettlementUnderWay(Exception):
    """The one before must be settled first: its cuts say where the next one begins."""

    def __init__(self, settlement: str) -> None:
        super().__init__(f"settlement {settlement} of this merchant is under way")


def account_of_merchant(merchant: str) -> AccountId:
    """Where what the merchant earned becomes its own."""
    return derive_account("settlement", merchant)


def open_settlement(
    store: Store, settlement: str, merchant: str, *, opened_by: str, now_ms: int
) -> tuple[Settlement, bool]:
    """And whether it was there already. Raises UnknownMerchant, SettlementUnderWay."""
    with store.write() as connection:
        found = _find(connection, settlement)
        if found is not None:
            return found, True
        require_merchant(connection, merchant)
        mine = SETTLEMENTS.c.merchant == merchant
        is_open = SETTLEMENTS.c.status == SettlementStatus.OPEN
        under_way = connection.execute(
            select(SETTLEMENTS.c.id).where(mine, is_open)
        ).scalar()
        if under_way is not None:
            raise SettlementUnderWay(under_way)
        last = connection.execute(select(func.max(SETTLEMENTS.c.number)).where(mine))
        opened = Settlement(
            id=settlement,
            merchant=merchant,
            number=(last.scalar() or 0) + 1,
            status=SettlementStatus.OPEN,
            opened_by=opened_by,
            opened_at_ms=now_ms,
            settled_at_ms=0,
        )
        connection.execute(insert(SETTLEMENTS), msgspec.structs.asdict(opened))
        return opened, False


def get_settlement(store: Store, settlement: str) -> Settlement:
    with store.read() as connection:
        found = _find(connection, settlement)
    if found is None:
        raise UnknownSettlement(settlement)
    return found


def list_settlements(store: Store, merchant: str) -> list[Settlement]:
    """Newest first. merchant: empty for all."""
    query = select(SETTLEMENTS).order_by(
        SETTLEMENTS.c.opened_at_ms.desc(), SETTLEMENTS.c.id
    )
    if merchant:
        query = query.where(SETTLEMENTS.c.merchant == merchant)
    with store.read() as connection:
        rows = connection.execute(query.limit(SETTLEMENTS_MAX)).mappings()
        return [as_struct(row, Settlement) for row in rows]


def open_ones(store: Store) -> list[Settlement]:
    query = select(SETTLEMENTS).where(SETTLEMENTS.c.status == SettlementStatus.OPEN)
    with store.read() as connection:
        return [as_struct(row, Settlement) for row in connection.execute(query).mappings()]


def cuts_of(store: Store, settlement: str) -> list[Cut]:
    columns = SETTLEMENT_CUTS.c
    query = (
        select(columns.partition, columns.after, columns.upto)
        .where(columns.settlement == settlement)
        .order_by(columns.partition)
    )
    with store.read() as connection:
        return [as_struct(row, Cut) for row in connection.execute(query).mappings()]


def save_cut(store: Store, settlement: str, cut: Cut) -> None:
    """The same again changes nothing: a cut that was asked for under one key has one answer."""
    row = {"settlement": settlement, **msgspec.structs.asdict(cut)}
    with store.write() as connection:
        connection.execute(
            store.insert_into(SETTLEMENT_CUTS).values(row).on_conflict_do_nothing()
        )


def totals_of(store: Store, settlement: str) -> list[Total]:
    columns = SETTLEMENT_TOTALS.c
    wanted = [columns[name] for name in Total.__struct_fields__]
    query = select(*wanted).where(columns.settlement == settlement).order_by(columns.pot)
    with store.read() as connection:
        return [as_struct(row, Total) for row in connection.execute(query).mappings()]


def save_settled(
    store: Store, settlement: str, totals: Sequence[Total], *, now_ms: int
) -> None:
    """Its end. Said twice, the first word counts."""
    with store.write() as connection:
        done = connection.execute(
            update(SETTLEMENTS)
            .where(
                SETTLEMENTS.c.id == settlement,
                SETTLEMENTS.c.status == SettlementStatus.OPEN,
            )
            .values(status=SettlementStatus.SETTLED, settled_at_ms=now_ms)
        )
        if done.rowcount and totals:
            rows = [
                {"settlement": settlement, **msgspec.structs.asdict(total)}
                for total in totals
            ]
            connection.execute(insert(SETTLEMENT_TOTALS), rows)


def lines_of(
    store: Store,
    merchant: str,
    cuts: Sequence[Cut],
    *,
    after: tuple[int, int, str] = (-1, 0, ""),
    limit: int = LINES_MAX,
) -> list[Line]:
    """By partition and entry. after: the last line of the page before."""
    columns = MERCHANT_LINES.c
    within = [
        and_(
            columns.partition == cut.partition,
            columns.seq > cut.after,
            columns.seq <= cut.upto,
        )
        for cut in cuts
    ]
    if not within:
        return []
    partition, seq, pot = after
    here = columns.partition == partition
    later = or_(
        columns.partition > partition,
        and_(here, columns.seq > seq),
        and_(here, columns.seq == seq, columns.pot > pot),
    )
    query = (
        select(MERCHANT_LINES)
        .where(columns.merchant == merchant, or_(*within), later)
        .order_by(columns.partition, columns.seq, columns.pot)
        .limit(limit)
    )
    with store.read() as connection:
        return [as_struct(row, Line) for row in connection.execute(query).mappings()]


def place_of(line: Line) -> tuple[int, int, str]:
    return line.partition, line.seq, line.pot


class Sums:
    """What lines come to: by partition and pot, and the totals of the statement."""

    def __init__(self, rates: Rates) -> None:
        self._rates = rates
        self.stripes: dict[tuple[int, str], int] = {}
        self.payments: dict[str, int] = {}
        self.refunds: dict[str, int] = {}
        self.fees: dict[str, int] = {}

    def add(self, line: Line) -> None:
        stripe = (line.partition, line.pot)
        self.stripes[stripe] = self.stripes.get(stripe, 0) + line.amount_minor
        kind = self.payments if line.amount_minor > 0 else self.refunds
        kind[line.pot] = kind.get(line.pot, 0) + abs(line.amount_minor)
        self.fees[line.pot] = self.fees.get(line.pot, 0) + self.fee_of(line)

    def fee_of(self, line: Line) -> int:
        rate = self._rates.basis_points(line.channel, line.at_ms)
        return fee_minor(line.amount_minor, rate)

    @property
    def pots(self) -> list[str]:
        return sorted(self.fees)

    def gross(self, pot: str) -> int:
        return self.payments.get(pot, 0) - self.refunds.get(pot, 0)


def sums_of(store: Store, merchant: str, cuts: Sequence[Cut], rates: Rates) -> Sums:
    """A page at a time, in short reads."""
    sums, after = Sums(rates), (-1, 0, "")
    while page := lines_of(store, merchant, cuts, after=after):
        for line in page:
            sums.add(line)
        after = place_of(page[-1])
    return sums


def _find(connection: Connection, settlement: str) -> Settlement | None:
    query = select(SETTLEMENTS).where(SETTLEMENTS.c.id == settlement)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else as_struct(row, Settlement)
