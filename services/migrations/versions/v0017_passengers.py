"""What a passenger decides: codes for a phone offline, limits of one's own, ways to pay."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    create_offline_codes()
    create_own_limits()
    create_ways_to_pay()


def create_offline_codes() -> None:
    op.create_table(
        "offline_codes",
        sa.Column("code_id", sa.LargeBinary, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("session", sa.Text),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("largest_minor", sa.BigInteger),
        sa.Column("largest_currency", sa.Text),
        sa.Column("begun_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("code_id", name="pk_offline_codes"),
    )
    for column in ("account", "session"):
        op.create_index(f"ix_offline_codes_{column}", "offline_codes", [column])


def create_own_limits() -> None:
    op.create_table(
        "own_limits",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("payment_minor", sa.BigInteger),
        sa.Column("day_minor", sa.BigInteger),
        sa.Column("later_payment_minor", sa.BigInteger),
        sa.Column("later_day_minor", sa.BigInteger),
        sa.Column("later_from_ms", sa.BigInteger),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", "currency", name="pk_own_limits"),
    )
    op.create_index("ix_own_limits_changed_at_ms", "own_limits", ["changed_at_ms"])
    op.create_table(
        "own_limit_uses",
        sa.Column("key_digest", sa.LargeBinary, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name="pk_own_limit_uses"),
    )
    of_day = ["account", "currency", "day"]
    op.create_index("ix_own_limit_uses_of_day", "own_limit_uses", of_day)


def create_ways_to_pay() -> None:
    op.create_table(
        "ways_to_pay",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("pot", sa.Text, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False),
        sa.Column("sealed_label", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("account", "pot", name="pk_ways_to_pay"),
    )
