"""The tables of what merchants look at: payments as they stand, what each earned, totals of days.

All of it is told from the journal (services/bookkeeping.py), is behind it by a moment, and could be
made anew from it. So nothing here decides about money.
"""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from services.tables import METADATA

# Up to where each journal has been told, in the same transaction as what it told.
BOOKKEEPING = Table(
    "bookkeeping",
    METADATA,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
)

# seq: the entry that changed the payment last.
PAYMENTS = Table(
    "payments",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("merchant", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("terminal", Text, nullable=False),
    Column("order_digest", LargeBinary, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("authorised_minor", BigInteger, nullable=False),
    Column("captured_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    Column("decline", Text, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Index("ix_payments_of_merchant", "merchant", "at_ms", "id"),
    Index("ix_payments_by_time", "at_ms", "id"),
)

# One for each posting to a merchant's stripe: amount_minor > 0 was earned, < 0 was given back.
MERCHANT_LINES = Table(
    "merchant_lines",
    METADATA,
    Column("partition", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("pot", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("payment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("partition", "seq", "pot", name="pk_merchant_lines"),
    Index("ix_merchant_lines_of_merchant", "merchant", "partition", "seq"),
)

# By UTC day of what happened: a payment of yesterday that is refunded today counts in both.
DAY_TOTALS = Table(
    "day_totals",
    METADATA,
    Column("day", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("approved", BigInteger, nullable=False),
    Column("declined", BigInteger, nullable=False),
    Column("captured_minor", BigInteger, nullable=False),
    Column("refunded_minor", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "merchant", "channel", "currency", name="pk_day_totals"),
)
