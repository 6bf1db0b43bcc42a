"""Which issuer keys cards derive from; and that a card's writing was begun, apart from its end."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("cards", sa.Column("writing_begun_at_ms", sa.BigInteger))
    op.create_table(
        "issuer_keys",
        sa.Column("key_id", sa.Integer, nullable=False),
        sa.Column("check_value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("key_id", name="pk_issuer_keys"),
    )
