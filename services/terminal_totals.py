"""What a terminal took and gave back, and the batches in which it agrees with us about that.

Counted is what the terminal itself asked for, whoever made the sale: a refund at another till is
in that till's totals, as the money is in its drawer.

    sales       purchases, and captures of what was held
    refunds     given back on request, the void of a captured payment among them
    reversals   what an attempt had taken, given back because its answer was lost

A hold is no money yet, and its release is none. A batch is everything since the one before. It
closes when the terminal's figures are ours, to the unit; so it names a difference, and stays open
with it until it is settled.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import msgspec
from sqlalchemy import Connection, insert, select

from ledger.entry import Entry
from ledger.events import Captured, Purchased, Refunded, Reversed
from ledger.posting import Legs, commodity_of
from services.leisure import at_leisure
from services.rows import add_to
from services.store import Store
from services.terminal_tables import FIGURES, TERMINAL_BATCHES, TERMINAL_TOTALS


class Totals(msgspec.Struct, frozen=True):
    sales: int = 0
    sales_minor: int = 0
    refunds: int = 0
    refunds_minor: int = 0
    reversals: int = 0
    reversals_minor: int = 0

    @property
    def net_minor(self) -> int:
        """What the merchant is owed for it."""
        return self.sales_minor - self.refunds_minor - self.reversals_minor

    def plus(self, other: "Totals", sign: int = 1) -> "Totals":
        ours, theirs = msgspec.structs.astuple(self), msgspec.structs.astuple(other)
        return Totals(*[one + sign * two for one, two in zip(ours, theirs, strict=True)])


class OtherFigures(Exception):
    """The same request closed a batch before, with other figures."""


class Closing(msgspec.Struct, frozen=True):
    """totals: ours. number: of the batch that was closed; 0 when they differ, and it was not."""

    totals: Totals
    number: int


NOTHING = Totals()


def add_totals(connection: Connection, page: Sequence[Entry]) -> None:
    """Tell these entries. A page has a handful of callers, whatever its length."""
    sums: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for entry in at_leisure(page):
        for currency, kind, minor in _figures(entry):
            total = sums[entry.caller, currency]
            total[kind] += 1
            total[f"{kind}_minor"] += minor
    rows = [
        {"principal": principal, "currency": currency}
        | msgspec.structs.asdict(Totals(**total))
        for (principal, currency), total in sums.items()
    ]
    if rows:
        added = add_to(connection, TERMINAL_TOTALS, FIGURES)
        connection.execute(added, rows)


def open_totals(store: Store, principal: str, currency: str) -> Totals:
    """Of the batch that is open, as far as the journal has been told."""
    with store.read() as connection:
        since_ever = _since_ever(connection, principal, currency)
        return since_ever.plus(_closed(connection, principal, currency)[0], -1)


def close_batch(
    store: Store,
    principal: str,
    currency: str,
    claimed: Totals,
    *,
    request: bytes,
    now_ms: int,
) -> Closing:
    """Close the open batch if the terminal's figures are ours; the same request again, the same
    answer. Raises OtherFigures.
    """
    with store.write() as connection:
        repeated = _repeated(connection, principal, request)
        if repeated is not None and repeated.totals != claimed:
            raise OtherFigures
        if repeated is not None:
            return repeated
        since_ever = _since_ever(connection, principal, currency)
        before, number = _closed(connection, principal, currency)
        totals = since_ever.plus(before, -1)
        if totals != claimed:
            return Closing(totals, 0)
        row = {
            "principal": principal,
            "currency": currency,
            "number": number + 1,
            "request": request,
            "closed_at_ms": now_ms,
        }
        connection.execute(
            insert(TERMINAL_BATCHES), row | msgspec.structs.asdict(since_ever)
        )
        return Closing(totals, number + 1)


def has_open_batch(connection: Connection, principal: str) -> bool:
    """Whether it has sold, or given back, since it last agreed to a batch, in any currency."""
    columns = TERMINAL_TOTALS.c
    query = select(columns.currency).where(columns.principal == principal)
    return any(
        _since_ever(connection, principal, currency)
        != _closed(connection, principal, currency)[0]
        for currency in connection.execute(query).scalars().all()
    )


def _repeated(connection: Connection, principal: str, request: bytes) -> Closing | None:
    columns = TERMINAL_BATCHES.c
    query = select(TERMINAL_BATCHES).where(
        columns.principal == principal, columns.request == request
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        return None
    until = Totals(*[row[name] for name in FIGURES])
    before, _ = _closed(connection, principal, row["currency"], row["number"])
    return Closing(until.plus(before, -1), row["number"])


def _since_ever(connection: Connection, principal: str, currency: str) -> Totals:
    columns = TERMINAL_TOTALS.c
    query = select(*[columns[name] for name in FIGURES]).where(
        columns.principal == principal, columns.currency == currency
    )
    row = connection.execute(query).one_or_none()
    return Totals(*row) if row else NOTHING


def _closed(
    connection: Connection, principal: str, currency: str, below: int = 2**62
) -> tuple[Totals, int]:
    """Where the last batch below this number ended, and its number."""
    columns = TERMINAL_BATCHES.c
    query = (
        select(columns.number, *[columns[name] for name in FIGURES])
        .where(
            columns.principal == principal,
            columns.currency == currency,
            columns.number < below,
        )
        .order_by(columns.number.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return (Totals(*row[1:]), row.number) if row else (NOTHING, 0)


def _figures(entry: Entry) -> Iterable[tuple[str, str, int]]:
    """Currency, what it counts as, and how much."""
    match entry.event:
        case Purchased(legs=legs) | Captured(legs=legs):
            kind = "sales"
        case Refunded(legs=legs):
            kind = "refunds"
        case Reversed(refunded=legs):
            kind = "reversals"
        case _:
            return
    for currency, minor in _by_currency(legs):
        yield currency, kind, minor


def _by_currency(legs: Legs) -> Iterable[tuple[str, int]]:
    sums: dict[str, int] = {}
    for pot, minor in legs.items():
        sums[commodity_of(pot)] = sums.get(commodity_of(pot), 0) + minor
    return sums.items()
