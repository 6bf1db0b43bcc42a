"""What merchants pay for their payments: a rate per channel, in basis points of what was captured.

A fee is an integer of minor units: amount * rate / 10,000, and half a unit or more is rounded up.
Each line of a statement is rounded by itself, so the fees of a statement are the sum of its lines'.
Nothing is given back on a refund: the work was done.

A rate is for whole days (UTC) from tomorrow on: what has happened has its fee already, and a
settlement that is being made cannot change under whoever makes it.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from ledger.clock import DAY_MS
from services.merchants import require_merchant
from services.rows import as_struct
from services.settlement_tables import FEE_RATES
from services.store import Store

WHOLE = 10_000
# A tenth: more is a mistake of the one who types.
BASIS_POINTS_MAX = 1_000


class FeeRate(msgspec.Struct, frozen=True):
    """channel: empty for all that have no rate of their own."""

    merchant: str
    channel: str
    from_ms: int
    basis_points: int


def fee_minor(amount_minor: int, basis_points: int) -> int:
    """Of what was captured; nothing of what was given back."""
    if amount_minor <= 0:
        return 0
    return (amount_minor * basis_points + WHOLE // 2) // WHOLE


class Rates:
    """Of one merchant."""

    def __init__(self, rates: Sequence[FeeRate]) -> None:
        self._rates = sorted(rates, key=lambda rate: rate.from_ms, reverse=True)

    def basis_points(self, channel: str, at_ms: int) -> int:
        """The channel's own rate that was valid then, else the general one, else nothing."""
        for wanted in (channel, ""):
            for rate in self._rates:
                if rate.channel == wanted and rate.from_ms <= at_ms:
                    return rate.basis_points
        return 0


def rates_of(store: Store, merchant: str) -> list[FeeRate]:
    """The latest first."""
    query = (
        select(FEE_RATES)
        .where(FEE_RATES.c.merchant == merchant)
        .order_by(FEE_RATES.c.channel, FEE_RATES.c.from_ms.desc())
    )
    with store.read() as connection:
        return [as_struct(row, FeeRate) for row in connection.execute(query).mappings()]


def agree_rate(
    store: Store, merchant: str, channel: str, basis_points: int, *, now_ms: int
) -> FeeRate:
    """From the next day on; the latest word of a day counts. Raises UnknownMerchant."""
    from_ms = (now_ms // DAY_MS + 1) * DAY_MS
    return set_rate(store, FeeRate(merchant, channel, from_ms, basis_points))


def set_rate(store: Store, rate: FeeRate) -> FeeRate:
    row = store.insert_into(FEE_RATES).values(msgspec.structs.asdict(rate))
    with store.write() as connection:
        require_merchant(connection, rate.merchant)
        connection.execute(
            row.on_conflict_do_update(
                index_elements=["merchant", "channel", "from_ms"],
                set_={"basis_points": row.excluded.basis_points},
            )
        )
    return rate
