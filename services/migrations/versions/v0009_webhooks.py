"""Webhooks and what they are owed; what a merchant's office may do is a scope of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    create_webhooks()
    create_deliveries()
    # Whoever had all that a merchant's key may do has the new scope too.
    op.execute(
        "UPDATE principals"
        """ SET scopes = '["business", "orders", "payments", "read", "refunds"]'"""
        " WHERE kind = 'merchant' AND CAST(scopes AS TEXT) ="
        """ '["orders", "payments", "read", "refunds"]'"""
    )


def create_webhooks() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("previous_until_ms", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_webhooks_merchant"
        ),
    )
    op.create_index("ix_webhooks_merchant", "webhooks", ["merchant"])


def create_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("webhook", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at_ms", sa.BigInteger, nullable=False),
        sa.Column("ended_at_ms", sa.BigInteger, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("webhook", "partition", "seq", name="pk_deliveries"),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name="fk_deliveries_webhook"),
    )
    due = ["webhook", "status", "next_at_ms"]
    op.create_index("ix_deliveries_due", "deliveries", due)
    of_payment = ["webhook", "payment", "status", "seq"]
    op.create_index("ix_deliveries_of_payment", "deliveries", of_payment)
    by_time = ["webhook", "at_ms", "partition", "seq"]
    op.create_index("ix_deliveries_by_time", "deliveries", by_time)
