"""The tables of the airport counter: charges, EMDs and their coupons, what was undone, shifts.

None of it is the truth about money: that is the payment which a charge names.
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
    text,
)

from services.tables import METADATA

COUNTER_SHIFTS = Table(
    "counter_shifts",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("agent", Text, ForeignKey("principals.id"), nullable=False),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("opened_at_ms", BigInteger, nullable=False),
    Column("closed_at_ms", BigInteger),
    # One open shift for each agent, whatever two windows ask at once.
    Index(
        "ix_counter_shifts_open",
        "agent",
        unique=True,
        sqlite_where=text("closed_at_ms IS NULL"),
        postgresql_where=text("closed_at_ms IS NULL"),
    ),
    Index("ix_counter_shifts_of_agent", "agent", "opened_at_ms"),
)

# holder: under whose data key the booking is sealed; the payer's as soon as there is one.
COUNTER_CHARGES = Table(
    "counter_charges",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("order_text", Text, nullable=False, unique=True),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("shift", Text, ForeignKey("counter_shifts.id"), nullable=False),
    Column("way", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("holder", Text, nullable=False),
    Column("sealed_booking", LargeBinary),
    Column("account", Text),
    Column("order", Text),
    Column("payment", Text, unique=True),
    Column("reason", Text),
    Column("request", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_counter_charges_of_shift", "shift", "created_at_ms", "id"),
    Index("ix_counter_charges_by_status", "status", "changed_at_ms"),
    Index("ix_counter_charges_by_holder", "holder"),
)

# The charge is its key, so a charge has one EMD or none.
COUNTER_EMDS = Table(
    "counter_emds",
    METADATA,
    Column("charge", Text, ForeignKey("counter_charges.id"), primary_key=True),
    Column("number", Text, nullable=False, unique=True),
    Column("issued_at_ms", BigInteger, nullable=False),
)

# undo: the void or refund that has taken this coupon for itself.
COUNTER_COUPONS = Table(
    "counter_coupons",
    METADATA,
    Column("charge", Text, ForeignKey("counter_emds.charge"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("undo", Text),
    PrimaryKeyConstraint("charge", "number", name="pk_counter_coupons"),
)

COUNTER_UNDOS = Table(
    "counter_undos",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("charge", Text, ForeignKey("counter_emds.charge"), nullable=False),
    Column("shift", Text, ForeignKey("counter_shifts.id"), nullable=False),
    Column("agent", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("coupons", JSON, nullable=False),
    Column("last", Integer, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_counter_undos_of_shift", "shift", "created_at_ms"),
    Index("ix_counter_undos_of_charge", "charge"),
    Index("ix_counter_undos_by_status", "status", "changed_at_ms"),
)

# The next serial of each airline's EMDs. A row that is locked, so no number is given twice.
EMD_SERIES = Table(
    "emd_series",
    METADATA,
    Column("airline_code", Text, primary_key=True),
    Column("last", BigInteger, nullable=False),
)

# The departure control of the demonstration: what it was told, and what it answered.
DEMO_CHECK_INS = Table(
    "demo_check_ins",
    METADATA,
    Column("reference", Text, primary_key=True),
    Column("ticket", Text, nullable=False, index=True),
    Column("bags", JSON, nullable=False),
    Column("refused", Text),
    Column("taken_back", Integer, nullable=False),
)
