"""The tables of what each terminal did, for the totals of its day's end (terminal_totals.py).

Told from the journal like merchants' books, in the same transaction as its place there.
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
    UniqueConstraint,
)

from services.tables import METADATA

FIGURES = (
    "sales",
    "sales_minor",
    "refunds",
    "refunds_minor",
    "reversals",
    "reversals_minor",
)

# Since ever: what a batch holds is the difference to where the one before ended.
TERMINAL_TOTALS = Table(
    "terminal_totals",
    METADATA,
    Column("principal", Text, nullable=False),
    Column("currency", Text, nullable=False),
    *[Column(name, BigInteger, nullable=False) for name in FIGURES],
    PrimaryKeyConstraint("principal", "currency", name="pk_terminal_totals"),
)

# A batch that was closed: the totals since ever at that moment. request: the digest of the message
# that closed it, so that the same one again gets the same answer.
TERMINAL_BATCHES = Table(
    "terminal_batches",
    METADATA,
    Column("principal", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("number", BigInteger, nullable=False),
    *[Column(name, BigInteger, nullable=False) for name in FIGURES],
    Column("request", LargeBinary, nullable=False),
    Column("closed_at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("principal", "currency", "number", name="pk_terminal_batches"),
    UniqueConstraint("principal", "request", name="uq_terminal_batches_principal"),
)

# One for each posting to a merchant's stripe that a terminal asked for: amount_minor > 0 was taken,
# < 0 was given back. key: the digest of the key that it was asked under.
TERMINAL_LINES = Table(
    "terminal_lines",
    METADATA,
    Column("partition", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("pot", Text, nullable=False),
    Column("principal", Text, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("payment", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("partition", "seq", "pot", name="pk_terminal_lines"),
    Index("ix_terminal_lines_of_terminal", "principal", "at_ms"),
)
