"""Wallet cards and gift cards; bank cards that a wallet knows by a token."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    create_cards()
    create_linked_cards()


def create_cards() -> None:
    op.create_table(
        "cards",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("limit_minor", sa.BigInteger),
        sa.Column("limit_currency", sa.Text),
        sa.Column("number_digest", sa.LargeBinary),
        sa.Column("masked", sa.Text),
        sa.Column("made_at_ms", sa.BigInteger, nullable=False),
        sa.Column("personalised_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
        sa.UniqueConstraint("number_digest", name="uq_cards_number_digest"),
        sa.CheckConstraint("limit_minor >= 0", name="ck_cards_limit_is_not_negative"),
    )
    op.create_index("ix_cards_account", "cards", ["account"])


def create_linked_cards() -> None:
    op.create_table(
        "linked_cards",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("masked", sa.Text, nullable=False),
        sa.Column("expiry", sa.Text, nullable=False),
        sa.Column("linked_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account", "token", name="pk_linked_cards"),
    )
    op.create_index("ix_linked_cards_token", "linked_cards", ["token"])
