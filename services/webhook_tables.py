"""The tables of webhooks: where merchants want to hear of their payments, and what they are owed.

No secret stands here: it is derived from the installation's keys, the endpoint and the generation.
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

# generation: of the secret. The one before is valid until previous_until_ms.
WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("previous_until_ms", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("disabled_at_ms", BigInteger),
)

# One for each entry about a payment, and each endpoint that is to hear of it. payload: the payment
# as it stood then.
DELIVERIES = Table(
    "deliveries",
    METADATA,
    Column("webhook", Text, ForeignKey("webhooks.id"), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("payment", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("next_at_ms", BigInteger, nullable=False),
    Column("ended_at_ms", BigInteger, nullable=False),
    Column("problem", Text, nullable=False),
    PrimaryKeyConstraint("webhook", "partition", "seq", name="pk_deliveries"),
    Index("ix_deliveries_due", "webhook", "status", "next_at_ms"),
    Index("ix_deliveries_of_payment", "webhook", "payment", "status", "seq"),
    Index("ix_deliveries_by_time", "webhook", "at_ms", "partition", "seq"),
)
