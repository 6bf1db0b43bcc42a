"""The tables of settlement: what is under way for each merchant, up to where, and what came of it.

Each step of a settlement has an idempotency key of its own and is written down here before the next
one begins. That money moves once is promised by the accounts (ledger/decide_settlement.py).
"""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from services.tables import METADATA

SETTLEMENTS = Table(
    "settlements",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("opened_by", Text, nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("settled_at_ms", BigInteger, nullable=False),
    Index("uq_settlements_number", "merchant", "number", unique=True),
)

# The settlement has the entries of this partition after `after`, up to `upto`, which is the cut.
SETTLEMENT_CUTS = Table(
    "settlement_cuts",
    METADATA,
    Column("settlement", Text, ForeignKey("settlements.id"), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("after", BigInteger, nullable=False),
    Column("upto", BigInteger, nullable=False),
    PrimaryKeyConstraint("settlement", "partition", name="pk_settlement_cuts"),
)

# Payments less refunds and fees, with what was carried before, are credited and carried.
SETTLEMENT_TOTALS = Table(
    "settlement_totals",
    METADATA,
    Column("settlement", Text, ForeignKey("settlements.id"), nullable=False),
    Column("pot", Text, nullable=False),
    Column("payments_minor", BigInteger, nullable=False),
    Column("refunds_minor", BigInteger, nullable=False),
    Column("fees_minor", BigInteger, nullable=False),
    Column("credited_minor", BigInteger, nullable=False),
    Column("carried_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("settlement", "pot", name="pk_settlement_totals"),
)

# channel: empty for those that have no rate of their own.
FEE_RATES = Table(
    "fee_rates",
    METADATA,
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("channel", Text, nullable=False),
    Column("from_ms", BigInteger, nullable=False),
    Column("basis_points", Integer, nullable=False),
    PrimaryKeyConstraint("merchant", "channel", "from_ms", name="pk_fee_rates"),
)

# Told by the bookkeeper. account: the merchant's own.
PAYOUTS = Table(
    "payouts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("account", Text, nullable=False, index=True),
    Column("pot", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
)

# One reference of a bank proves one payout, of whichever merchant.
PAYOUT_EVIDENCE = Table(
    "payout_evidence",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("payout", Text, nullable=False),
)
