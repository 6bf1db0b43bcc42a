"""The tables of flights: what is planned, what was set aside, what the tills told, what it came to.

None of it is the truth about money: that is the payment which an allowance or a sale names.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from services.tables import METADATA

FLIGHTS = Table(
    "flights",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("number", Text, nullable=False),
    Column("date", Text, nullable=False),
    Column("legs", JSON, nullable=False),
    Column("aircraft", Text, nullable=False),
    Column("crew", JSON, nullable=False),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("currency", Text, nullable=False),
    Column("risk_account", Text, nullable=False),
    Column("articles", JSON, nullable=False),
    Column("rules", JSON, nullable=False),
    Column("status", Text, nullable=False),
    Column("moved", JSON, nullable=False),
    Column("report_until_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    Index("ix_flights_by_time", "created_at_ms", "id"),
    Index("ix_flights_by_status", "status"),
)

FLIGHT_DEVICES = Table(
    "flight_devices",
    METADATA,
    Column("flight", Text, ForeignKey("flights.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("principal", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("told_at_ms", BigInteger),
    PrimaryKeyConstraint("flight", "number", name="pk_flight_devices"),
    UniqueConstraint("flight", "public_key", name="uq_flight_devices_flight"),
)

ALLOWANCES = Table(
    "allowances",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("flight", Text, ForeignKey("flights.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("alias", LargeBinary, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("sale_max_minor", BigInteger, nullable=False),
    Column("phone_key", LargeBinary, nullable=False),
    Column("shares", JSON, nullable=False),
    Column("not_before_s", BigInteger, nullable=False),
    Column("not_after_s", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("payment", Text),
    Column("reason", Text),
    Column("blocked_at_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_allowances_of_flight", "flight", "status"),
    Index("ix_allowances_of_account", "account", "created_at_ms"),
)

# What the tills told, as they signed it. told_by: who brought it, be it for another till. story:
# 0 for what was told first under a sequence, then 1 and on: a till has one story, unless it was
# copied or set back.
FLIGHT_RECORDS = Table(
    "flight_records",
    METADATA,
    Column("flight", Text, ForeignKey("flights.id"), nullable=False),
    Column("device", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("story", Integer, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("told_by", Text, nullable=False),
    Column("told_at_ms", BigInteger, nullable=False),
    PrimaryKeyConstraint("flight", "device", "seq", "story", name="pk_flight_records"),
)

# pays: the hold, the risk account or nobody. tries: each charge of the risk account has a key of
# its own. nth: how many sales had the counter before; no two can be the first one.
FLIGHT_CLAIMS = Table(
    "flight_claims",
    METADATA,
    Column("flight", Text, ForeignKey("flights.id"), nullable=False),
    Column("device", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("story", Integer, nullable=False),
    Column("allowance", Text, nullable=False),
    Column("counter", BigInteger, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("pays", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("payment", Text),
    PrimaryKeyConstraint("flight", "device", "seq", "story", name="pk_flight_claims"),
    UniqueConstraint("allowance", "counter", "nth", name="uq_flight_claims_allowance"),
    Index("ix_flight_claims_by_status", "status", "flight"),
)

FLIGHT_CASES = Table(
    "flight_cases",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("flight", Text, ForeignKey("flights.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("device", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("allowance", Text),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("closed_at_ms", BigInteger),
    Column("closed_by", Text),
    Index("ix_flight_cases_of_flight", "flight", "opened_at_ms"),
    Index("ix_flight_cases_by_allowance", "allowance"),
)
