"""The tables of the relational store, as the code of this release sees them.

The migrations (services/migrations) make them; a test holds the two together. Times are
milliseconds since 1970, UTC. Kinds, states and scopes are plain text: the code is the only
writer, it refuses what it does not know when it reads, and a new kind needs no migration.

Columns that are called `sealed_…` hold what is personal, under its holder's data key
(services/data_keys.py). They are null once the holder was forgotten.
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
    MetaData,
    Table,
    Text,
    text,
)

# Every constraint has a name, so that a later migration can name the one it drops.
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}

METADATA = MetaData(naming_convention=NAMES)

DATA_KEYS = Table(
    "data_keys",
    METADATA,
    Column("holder", Text, primary_key=True),
    Column("sealed_key", LargeBinary),
    Column("destroyed_at_ms", BigInteger),
    # Only of those that were destroyed: each gateway asks for the latest every few seconds.
    Index(
        "ix_data_keys_destroyed",
        "destroyed_at_ms",
        sqlite_where=text("destroyed_at_ms IS NOT NULL"),
        postgresql_where=text("destroyed_at_ms IS NOT NULL"),
    ),
)

# What must still be done to the files after something was deleted: services/sweep.py.
SWEEPS = Table("sweeps", METADATA, Column("kind", Text, primary_key=True))

MERCHANTS = Table(
    "merchants",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mcc", Text, nullable=False),
    Column("city", Text, nullable=False),
    Column("country", Text, nullable=False),
)

PRINCIPALS = Table(
    "principals",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("sealed_name", LargeBinary),
    Column("scopes", JSON, nullable=False),
    Column("channel", Text, nullable=False),
    Column("account", Text),
    Column("merchant", Text, ForeignKey("merchants.id")),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("disabled_at_ms", BigInteger),
)

API_KEYS = Table(
    "api_keys",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("principal", Text, ForeignKey("principals.id"), nullable=False, index=True),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
    Column("revoked_at_ms", BigInteger),
)

ACCOUNT_LABELS = Table(
    "account_labels",
    METADATA,
    Column("account", Text, primary_key=True),
    Column("sealed_label", LargeBinary),
    Column("owner", Text, ForeignKey("principals.id")),
)

# No foreign key to merchants: rows come in batches from a buffer, and one that the database
# refuses would hold up all the others for ever.
ORDER_TEXTS = Table(
    "sealed_order_texts",
    METADATA,
    Column("holder", Text, primary_key=True),
    Column("digest", LargeBinary, primary_key=True),
    Column("sealed_text", LargeBinary, nullable=False),
    Column("first_seen_ms", BigInteger, nullable=False),
)

ORDERS = Table(
    "orders",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("merchant", Text, ForeignKey("merchants.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("sealed_text", LargeBinary),
    Column("sealed_lines", LargeBinary),
    Column("status", Text, nullable=False),
    Column("paying_account", Text),
    Column("paying_since_ms", BigInteger),
    Column("payment", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_orders_of_merchant", "merchant", "created_at_ms", "id"),
    Index("ix_orders_paying_account", "paying_account"),
)

# One row. Its number grows whenever somebody loses or regains access (services/access_revision.py).
ACCESS_REVISION = Table(
    "access_revision",
    METADATA,
    Column("id", Integer, primary_key=True),
    Column("number", BigInteger, nullable=False),
)

# Merchant, channel and whether it is suspended stand with its principal, once.
TERMINALS = Table(
    "terminals",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("tid", Text, nullable=False, unique=True),
    Column("principal", Text, ForeignKey("principals.id"), nullable=False, index=True),
    Column("name", Text, nullable=False),
    Column("place", Text, nullable=False),
    Column("mac_generation", BigInteger, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("settings_version", BigInteger, nullable=False),
    Column("software", Text, nullable=False),
    Column("backlog", BigInteger, nullable=False),
    Column("last_sequence", BigInteger, nullable=False),
    Column("clock_off_ms", BigInteger, nullable=False),
    Column("last_seen_ms", BigInteger),
    Column("created_at_ms", BigInteger, nullable=False),
)

TERMINAL_KEYS = Table(
    "terminal_keys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("terminal", Text, ForeignKey("terminals.id"), nullable=False, index=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("expires_at_ms", BigInteger),
)

# key: the one that was paired with it; a code that has one is used.
PAIRING_CODES = Table(
    "pairing_codes",
    METADATA,
    Column("selector", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("terminal", Text, ForeignKey("terminals.id"), nullable=False, index=True),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("tries_left", BigInteger, nullable=False),
    Column("key", Text),
)

REQUEST_NONCES = Table(
    "request_nonces",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column("expires_at_ms", BigInteger, nullable=False, index=True),
)

AGENCIES = Table(
    "agencies",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("iata_code", Text, nullable=False, unique=True),
    Column("account", Text, nullable=False, unique=True),
    Column("utc_offset_min", BigInteger, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
)

AGENCY_ALERTS = Table(
    "agency_alerts",
    METADATA,
    Column("agency", Text, ForeignKey("agencies.id"), primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("below_minor", BigInteger, nullable=False),
    Column("raised_at_ms", BigInteger),
)

# The number itself is nowhere: its keyed digest finds it, its last four digits name it for people.
PAYMENT_NUMBERS = Table(
    "payment_numbers",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("agency", Text, ForeignKey("agencies.id"), nullable=False),
    Column("last_four", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("expires_at_ms", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("cancelled_at_ms", BigInteger),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_payment_numbers_of_agency", "agency", "created_at_ms", "id"),
)

TICKETS = Table(
    "tickets",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("agency", Text, ForeignKey("agencies.id"), nullable=False),
    Column("account", Text, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("merchant", Text, nullable=False),
    Column("offer", Text, nullable=False),
    Column("sealed_order_text", LargeBinary),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("number", Text, ForeignKey("payment_numbers.id")),
    Column("sealed_passengers", LargeBinary),
    Column("status", Text, nullable=False),
    Column("payment", Text, unique=True),
    Column("sealed_ticket_numbers", LargeBinary),
    Column("request", LargeBinary),
    Column("reason", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_tickets_of_agency", "agency", "created_at_ms", "id"),
    Index("ix_tickets_by_number", "number"),
    Index("ix_tickets_by_status", "status", "changed_at_ms"),
)

TICKET_REFUNDS = Table(
    "ticket_refunds",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("ticket", Text, ForeignKey("tickets.id"), nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("changed_at_ms", BigInteger, nullable=False),
    CheckConstraint("amount_minor > 0", name="amount_is_positive"),
    Index("ix_ticket_refunds_by_status", "status", "changed_at_ms"),
)

# The airline of the demonstration keeps its own books here: what it issued under which reference.
DEMO_TICKETS = Table(
    "demo_tickets",
    METADATA,
    Column("reference", Text, primary_key=True),
    Column("serial", BigInteger, nullable=False, unique=True),
    Column("request", LargeBinary, nullable=False),
    Column("refused", Text),
    Column("passengers", BigInteger, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("voided", BigInteger, nullable=False),
    Column("refunds", JSON, nullable=False),
)
