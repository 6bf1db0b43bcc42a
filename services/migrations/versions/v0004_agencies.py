"""Travel agencies: who they are, their payment numbers, tickets and refunds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    create_agencies()
    create_agency_alerts()
    create_payment_numbers()
    create_tickets()
    create_ticket_refunds()
    create_demo_tickets()


def create_agencies() -> None:
    op.create_table(
        "agencies",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("iata_code", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("utc_offset_min", sa.BigInteger, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_agencies"),
        sa.UniqueConstraint("iata_code", name="uq_agencies_iata_code"),
        sa.UniqueConstraint("account", name="uq_agencies_account"),
    )


def create_agency_alerts() -> None:
    op.create_table(
        "agency_alerts",
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("below_minor", sa.BigInteger, nullable=False),
        sa.Column("raised_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("agency", "currency", name="pk_agency_alerts"),
        sa.ForeignKeyConstraint(
            ["agency"], ["agencies.id"], name="fk_agency_alerts_agency"
        ),
    )


def create_payment_numbers() -> None:
    op.create_table(
        "payment_numbers",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("last_four", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("cancelled_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_payment_numbers"),
        sa.UniqueConstraint("digest", name="uq_payment_numbers_digest"),
        sa.ForeignKeyConstraint(
            ["agency"], ["agencies.id"], name="fk_payment_numbers_agency"
        ),
        sa.CheckConstraint(
            "amount_minor > 0", name="ck_payment_numbers_amount_is_positive"
        ),
    )
    op.create_index(
        "ix_payment_numbers_of_agency", "payment_numbers", ["agency", "created_at_ms", "id"]
    )


def create_tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("agency", sa.Text, nullable=False),
        sa.Column("account", sa.Text, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("offer", sa.Text, nullable=False),
        sa.Column("order_text", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("number", sa.Text),
        sa.Column("passengers", sa.JSON, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("payment", sa.Text),
        sa.Column("ticket_numbers", sa.JSON, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tickets"),
        sa.UniqueConstraint("payment", name="uq_tickets_payment"),
        sa.ForeignKeyConstraint(["agency"], ["agencies.id"], name="fk_tickets_agency"),
        sa.ForeignKeyConstraint(
            ["number"], ["payment_numbers.id"], name="fk_tickets_number"
        ),
        sa.CheckConstraint("amount_minor > 0", name="ck_tickets_amount_is_positive"),
    )
    op.create_index("ix_tickets_of_agency", "tickets", ["agency", "created_at_ms", "id"])
    op.create_index("ix_tickets_by_number", "tickets", ["number"])
    op.create_index("ix_tickets_by_status", "tickets", ["status", "changed_at_ms"])


def create_ticket_refunds() -> None:
    op.create_table(
        "ticket_refunds",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ticket_refunds"),
        sa.ForeignKeyConstraint(
            ["ticket"], ["tickets.id"], name="fk_ticket_refunds_ticket"
        ),
        sa.CheckConstraint("amount_minor > 0", name="ck_ticket_refunds_amount_is_positive"),
    )
    op.create_index(
        "ix_ticket_refunds_by_status", "ticket_refunds", ["status", "changed_at_ms"]
    )


def create_demo_tickets() -> None:
    op.create_table(
        "demo_tickets",
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("serial", sa.BigInteger, nullable=False),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("refused", sa.Text),
        sa.Column("passengers", sa.BigInteger, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("voided", sa.BigInteger, nullable=False),
        sa.Column("refunds", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_demo_tickets"),
        sa.UniqueConstraint("serial", name="uq_demo_tickets_serial"),
    )
