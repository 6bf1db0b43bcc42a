"""What each terminal took and gave back, and the batches in which it agreed with us."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

FIGURES = (
    "sales",
    "sales_minor",
    "refunds",
    "refunds_minor",
    "reversals",
    "reversals_minor",
)


def upgrade() -> None:
    op.create_table(
        "terminal_totals",
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in FIGURES],
        sa.PrimaryKeyConstraint("principal", "currency", name="pk_terminal_totals"),
    )
    op.create_table(
        "terminal_batches",
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("currency", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        *[sa.Column(name, sa.BigInteger, nullable=False) for name in FIGURES],
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("closed_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint(
            "principal", "currency", "number", name="pk_terminal_batches"
        ),
        sa.UniqueConstraint("principal", "request", name="uq_terminal_batches_principal"),
    )
