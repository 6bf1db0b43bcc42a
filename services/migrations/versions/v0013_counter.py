"""The airport counter: shifts, charges, EMDs with their coupons, and what was undone."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    create_shifts()
    create_charges()
    create_emds()
    create_undos()
    create_demo_check_ins()


def create_shifts() -> None:
    op.create_table(
        "counter_shifts",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("opened_at_ms", sa.BigInteger, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_counter_shifts"),
        sa.ForeignKeyConstraint(
            ["agent"], ["principals.id"], name="fk_counter_shifts_agent"
        ),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_counter_shifts_merchant"
        ),
    )
    op.create_index(
        "ix_counter_shifts_open",
        "counter_shifts",
        ["agent"],
        unique=True,
        sqlite_where=sa.text("closed_at_ms IS NULL"),
        postgresql_where=sa.text("closed_at_ms IS NULL"),
    )
    op.create_index(
        "ix_counter_shifts_of_agent", "counter_shifts", ["agent", "opened_at_ms"]
    )


def create_charges() -> None:
    table = "counter_charges"
    op.create_table(
        table,
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("order_text", sa.Text, nullable=False),
        sa.Column("merchant", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("shift", sa.Text, nullable=False),
        sa.Column("way", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("lines", sa.JSON, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("sealed_booking", sa.LargeBinary),
        sa.Column("account", sa.Text),
        sa.Column("order", sa.Text),
        sa.Column("payment", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counter_charges"),
        sa.UniqueConstraint("order_text", name="uq_counter_charges_order_text"),
        sa.UniqueConstraint("payment", name="uq_counter_charges_payment"),
        sa.CheckConstraint(
            "amount_minor > 0", name="ck_counter_charges_amount_is_positive"
        ),
        sa.ForeignKeyConstraint(
            ["merchant"], ["merchants.id"], name="fk_counter_charges_merchant"
        ),
        sa.ForeignKeyConstraint(
            ["shift"], ["counter_shifts.id"], name="fk_counter_charges_shift"
        ),
    )
    of_shift = ["shift", "created_at_ms", "id"]
    op.create_index("ix_counter_charges_of_shift", table, of_shift)
    op.create_index("ix_counter_charges_by_status", table, ["status", "changed_at_ms"])
    op.create_index("ix_counter_charges_by_holder", table, ["holder"])


def create_emds() -> None:
    op.create_table(
        "counter_emds",
        sa.Column("charge", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("issued_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("charge", name="pk_counter_emds"),
        sa.UniqueConstraint("number", name="uq_counter_emds_number"),
        sa.ForeignKeyConstraint(
            ["charge"], ["counter_charges.id"], name="fk_counter_emds_charge"
        ),
    )
    op.create_table(
        "counter_coupons",
        sa.Column("charge", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("undo", sa.Text),
        sa.PrimaryKeyConstraint("charge", "number", name="pk_counter_coupons"),
        sa.ForeignKeyConstraint(
            ["charge"], ["counter_emds.charge"], name="fk_counter_coupons_charge"
        ),
    )
    op.create_table(
        "emd_series",
        sa.Column("airline_code", sa.Text, nullable=False),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("airline_code", name="pk_emd_series"),
    )


def create_undos() -> None:
    table = "counter_undos"
    op.create_table(
        table,
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("charge", sa.Text, nullable=False),
        sa.Column("shift", sa.Text, nullable=False),
        sa.Column("agent", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("coupons", sa.JSON, nullable=False),
        sa.Column("last", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("changed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_counter_undos"),
        sa.CheckConstraint("amount_minor > 0", name="ck_counter_undos_amount_is_positive"),
        sa.ForeignKeyConstraint(
            ["charge"], ["counter_emds.charge"], name="fk_counter_undos_charge"
        ),
        sa.ForeignKeyConstraint(
            ["shift"], ["counter_shifts.id"], name="fk_counter_undos_shift"
        ),
    )
    op.create_index("ix_counter_undos_of_shift", table, ["shift", "created_at_ms"])
    op.create_index("ix_counter_undos_of_charge", table, ["charge"])
    op.create_index("ix_counter_undos_by_status", table, ["status", "changed_at_ms"])


def create_demo_check_ins() -> None:
    op.create_table(
        "demo_check_ins",
        sa.Column("reference", sa.Text, nullable=False),
        sa.Column("ticket", sa.Text, nullable=False),
        sa.Column("bags", sa.JSON, nullable=False),
        sa.Column("refused", sa.Text),
        sa.Column("taken_back", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("reference", name="pk_demo_check_ins"),
    )
    op.create_index("ix_demo_check_ins_ticket", "demo_check_ins", ["ticket"])
