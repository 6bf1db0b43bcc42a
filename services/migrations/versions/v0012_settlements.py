"""Settlements of merchants, their fees and payouts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    create_settlements()
    create_settlement_parts()
    create_fee_rates()
    create_payouts()


def create_settlements() -> None:
    op.create_table(
        "settlements",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("settled_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_settlements"),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_settlements_merchant"
        ),
    )
    number = ["merchant", "number"]
    op.create_index("uq_settlements_number", "settlements", number, unique=True)


def create_settlement_parts() -> None:
    op.create_table(
        "settlement_cuts",
        sa.Column("settlement", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("after", sa.BigInteger, nullable=False),
        sa.Column("upto", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("settlement", "partition", name="pk_settlement_cuts"),
        sa.ForeignKeyConstraint(
            ["settlement"], ["settlements.id"], name="fk_settlement_cuts_settlement"
        ),
    )
    op.create_table(
        "settlement_totals",
        sa.Column("settlement", sa.Text, nullable=False),
        sa.Column("pot", sa.Text, nullable=False),
        sa.Column("payments_minor", sa.BigInteger, nullable=False),
        sa.Column("refunds_minor", sa.BigInteger, nullable=False),
        sa.Column("fees_minor", sa.BigInteger, nullable=False),
        sa.Column("credited_minor", sa.BigInteger, nullable=False),
        sa.Column("carried_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("settlement", "pot", name="pk_settlement_totals"),
        sa.ForeignKeyConstraint(
            ["settlement"], ["settlements.id"], name="fk_settlement_totals_settlement"
        ),
    )


def create_fee_rates() -> None:
    op.create_table(
        "fee_rates",
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("from_ms", sa.BigInteger, nullable=False),
        sa.Column("basis_points", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("merchant", "channel", "from_ms", name="pk_fee_rates"),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_fee_rates_merchant"
        ),
    )


def create_payouts() -> None:
    op.create_table(
        "payouts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("pot", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("asked_by", sa.Text, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_payouts"),
    )
    op.create_index("ix_payouts_account", "payouts", ["account"])
    op.create_table(
        "payout_evidence",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("payout", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_payout_evidence"),
    )
