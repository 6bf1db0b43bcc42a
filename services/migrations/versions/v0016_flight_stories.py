"""Of a till that tells two stories both are kept, and each sale of both says who pays for it.

New tables, because a primary key cannot be changed everywhere; what was told moves over.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    create_records()
    create_claims()
    move_over()
    op.drop_table("flight_entries")
    op.drop_table("flight_sales")


def create_records() -> None:
    op.create_table(
        "flight_records",
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("device", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("story", sa.Integer, nullable=False),
        sa.Column("raw", sa.LargeBinary, nullable=False),
        sa.Column("told_by", sa.Text, nullable=False),
        sa.Column("told_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "flight", "device", "seq", "story", name="pk_flight_records"
        ),
        _of_flight("flight_records"),
    )


def create_claims() -> None:
    op.create_table(
        "flight_claims",
        sa.Column("flight", sa.Text, nullable=False),
        sa.Column("device", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("story", sa.Integer, nullable=False),
        sa.Column("allowance", sa.Text, nullable=False),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("nth", sa.Integer, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("pays", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("payment", sa.Text),
        sa.PrimaryKeyConstraint(
            "flight", "device", "seq", "story", name="pk_flight_claims"
        ),
        sa.UniqueConstraint(
            "allowance", "counter", "nth", name="uq_flight_claims_allowance"
        ),
        _of_flight("flight_claims"),
    )
    op.create_index("ix_flight_claims_by_status", "flight_claims", ["status", "flight"])


def move_over() -> None:
    told = "flight, device, seq, 0, raw, told_by, told_at_ms"
    op.execute(f"INSERT INTO flight_records SELECT {told} FROM flight_entries")  # noqa: S608 — ours
    nth = "row_number() OVER (PARTITION BY allowance, counter ORDER BY flight, device, seq) - 1"
    claim = (
        f"flight, device, seq, 0, allowance, counter, {nth}, amount_minor, pays, status, tries,"
        " payment"
    )
    op.execute(f"INSERT INTO flight_claims SELECT {claim} FROM flight_sales")  # noqa: S608 — ours


def _of_flight(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["flight"], ["flights.id"], name=f"fk_{table}_flight_flights"
    )
