"""The tables of what a passenger decides: codes for a phone offline, limits, ways to pay.

They say what may be spent and how. What was spent stands in the journal.
"""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text

from services.tables import METADATA

# code_id: a digest; who reads this table can pay with none of them.
OFFLINE_CODES = Table(
    "offline_codes",
    METADATA,
    Column("code_id", LargeBinary, primary_key=True),
    Column("account", Text, nullable=False, index=True),
    Column("session", Text, index=True),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("largest_minor", BigInteger),
    Column("largest_currency", Text),
    Column("begun_at_ms", BigInteger),
)

# The values that hold now, and those that hold from later on. Null: no limit.
OWN_LIMITS = Table(
    "own_limits",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("payment_minor", BigInteger),
    Column("day_minor", BigInteger),
    Column("later_payment_minor", BigInteger),
    Column("later_day_minor", BigInteger),
    Column("later_from_ms", BigInteger),
    Column("changed_at_ms", BigInteger, nullable=False, index=True),
)

# What counts towards a day's limit, by the key that asked for it: a retry counts once.
OWN_LIMIT_USES = Table(
    "own_limit_uses",
    METADATA,
    Column("key_digest", LargeBinary, primary_key=True),
    Column("account", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("day", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Index("ix_own_limit_uses_of_day", "account", "currency", "day"),
)

WAYS_TO_PAY = Table(
    "ways_to_pay",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("pot", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("is_default", Boolean, nullable=False),
    Column("sealed_label", LargeBinary, nullable=False),
)
