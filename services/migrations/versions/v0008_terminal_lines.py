"""What each request of a terminal moved."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "terminal_lines",
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("pot", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("payment", sa.Text, nullable=False),
        sa.Column("amount_minor", sa.BigInteger, nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("partition", "seq", "pot", name="pk_terminal_lines"),
    )
    op.create_index(
        "ix_terminal_lines_of_terminal", "terminal_lines", ["principal", "at_ms"]
    )
