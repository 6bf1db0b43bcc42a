"""The tables of what each terminal did, for the totals of its day's end (terminal_totals.py).

Told from the journal like merchants' books, in the same transaction as its place there.
"""

from sqlalchemy import (
    BigInteger,
    Column,
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
