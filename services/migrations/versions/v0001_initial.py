"""The first tables: merchants, principals and their keys, labels, order texts, orders."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_merchants()
    create_principals()
    create_api_keys()
    create_account_labels()
    create_order_texts()
    create_orders()


def create_merchants() -> None:
    op.create_table(
        "merchants",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("mcc", sa.Text, nullable=False),
        sa.Column("city", sa.Text, nullable=False),
        sa.Column("country", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_merchants"),
    )


def create_principals() -> None:
    op.create_table(
        "principals",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("scopes", sa.JSON, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("account", sa.Text),
        sa.Column("merchant", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("disabled_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_principals"),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_principals_merchant"
        ),
    )


def create_api_keys() -> None:
    op.create_table(
        "api_keys",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger),
        sa.Column("revoked_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("digest", name="pk_api_keys"),
        sa.ForeignKeyConstraint(
            ["principal"], ["principals.id"], name="fk_api_keys_principal"
        ),
    )
    op.create_index("ix_api_keys_principal", "api_keys", ["principal"])


def create_account_labels() -> None:
    op.create_table(
        "account_labels",
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.PrimaryKeyConstraint("account", name="pk_account_labels"),
        sa.ForeignKeyConstraint(
            ["owner"], ["principals.id"], name="fk_account_labels_owner"
        ),
    )


def create_order_texts() -> None:
    op.create_table(
        "order_texts",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("order_text", sa.Text, nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_order_texts"),
    )


def create_orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("order_text", sa.Text, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("paying_account", sa.Text),
        sa.Column("paying_since_ms", sa.BigInteger),
        sa.Column("payment", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
        sa.ForeignKeyConstraint(["merchant"], ["merchants.id"], name="fk_orders_merchant"),
        sa.CheckConstraint("amount_minor > 0", name="ck_orders_amount_is_positive"),
    )
    op.create_index("ix_orders_of_merchant", "orders", ["merchant", "created_at_ms", "id"])
