"""What merchants look at: payments, lines of their stripes, totals of days."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_bookkeeping()
    create_payments()
    create_merchant_lines()
    create_day_totals()


def create_bookkeeping() -> None:
    op.create_table(
        "bookkeeping",
        sa.Column("partition", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("partition", name="pk_bookkeeping"),
    )


def create_payments() -> None:
    op.create_table(
        "payments",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("terminal", sa.Text, nullable=False),
        sa.Column("order_digest", sa.LargeBinary, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("authorised_minor", sa.BigInteger, nullable=False),
        sa.Column("captured_minor", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.Column("decline", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payments"),
    )
    op.create_index("ix_payments_of_merchant", "payments", ["merchant", "at_ms", "id"])
    op.create_index("ix_payments_by_time", "payments", ["at_ms", "id"])


def create_merchant_lines() -> None:
    op.create_table(
        "merchant_lines",
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("pot", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("partition", "seq", "pot", name="pk_merchant_lines"),
    )
    columns = ["merchant", "partition", "seq"]
    op.create_index("ix_merchant_lines_of_merchant", "merchant_lines", columns)


def create_day_totals() -> None:
    op.create_table(
        "day_totals",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("approved", sa.BigInteger, nullable=False),
        sa.Column("declined", sa.BigInteger, nullable=False),
        sa.Column("captured_minor", sa.BigInteger, nullable=False),
        sa.Column("refunded_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "day", "merchant", "channel", "currency", name="pk_day_totals"
        ),
    )
