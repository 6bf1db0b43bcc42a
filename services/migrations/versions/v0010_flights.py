"""Flights, what was set aside for them, what their tills told, and what it came to."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    create_flights()
    create_allowances()
    create_told()
    create_cases()


def create_flights() -> None:
    op.create_table(
        "flights",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("date", sa.Text, nullable=False),
        sa.Column("legs", sa.JSON, nullable=False),
        sa.Column("aircraft", sa.Text, nullable=False),
        sa.Column("crew", sa.JSON, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("risk_account", sa.Text, nullable=False),
        sa.Column("articles", sa.JSON, nullable=False),
        sa.Column("rules", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("moved", sa.JSON, nullable=False),
        sa.Column("report_until_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flights"),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_flights_merchant_merchants"
        ),
    )
    op.create_index("ix_flights_by_time", "flights", ["created_at_ms", "id"])
    op.create_index("ix_flights_by_status", "flights", ["status"])
    op.create_table(
        "flight_devices",
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("told_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("flight", "number", name="pk_flight_devices"),
        sa.UniqueConstraint("flight", "public_key", name="uq_flight_devices_flight"),
        _of_flight("flight_devices"),
    )


def create_allowances() -> None:
    op.create_table(
        "allowances",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("alias", sa.LargeBinary, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("sale_max_minor", sa.BigInteger, nullable=False),
        sa.Column("phone_key", sa.LargeBinary, nullable=False),
        sa.Column("shares", sa.JSON, nullable=False),
        sa.Column("not_before_s", sa.BigInteger, nullable=False),
        sa.Column("not_after_s", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("payment", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("blocked_at_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_allowances"),
        sa.CheckConstraint("amount_minor > 0", name="ck_allowances_amount_is_positive"),
        _of_flight("allowances"),
    )
    op.create_index("ix_allowances_of_flight", "allowances", ["flight", "status"])
    op.create_index("ix_allowances_of_account", "allowances", ["account", "created_at_ms"])


def create_told() -> None:
    op.create_table(
        "flight_entries",
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("device", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("told_by", sa.Text, nullable=False),
        sa.Column("told_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("flight", "device", "seq", name="pk_flight_entries"),
        _of_flight("flight_entries"),
    )
    op.create_table(
        "flight_sales",
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("device", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("allowance", sa.Text, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("pays", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("payment", sa.Text),
        sa.PrimaryKeyConstraint("flight", "device", "seq", name="pk_flight_sales"),
        _of_flight("flight_sales"),
    )
    op.create_index("ix_flight_sales_by_counter", "flight_sales", ["allowance", "counter"])
    op.create_index("ix_flight_sales_by_status", "flight_sales", ["status", "flight"])


def create_cases() -> None:
    op.create_table(
        "flight_cases",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("device", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("allowance", sa.Text),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.Column("closed_by", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_flight_cases"),
        _of_flight("flight_cases"),
    )
    op.create_index("ix_flight_cases_of_flight", "flight_cases", ["flight", "opened_at_ms"])
    op.create_index("ix_flight_cases_by_allowance", "flight_cases", ["allowance"])


def _of_flight(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["flight"], ["flights.id"], name=f"fk_{table}_flight_flights"
    )
