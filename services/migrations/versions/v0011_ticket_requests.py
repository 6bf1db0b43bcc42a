"""What each ticket was asked for with, as a digest: a key is not used for two requests."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("tickets", sa.Column("request", sa.LargeBinary))
