"""The registry of terminals: who they are, their keys, pairing codes; and when access changed."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    create_access_revision()
    create_terminals()
    create_terminal_keys()
    create_pairing_codes()
    create_request_nonces()


def create_access_revision() -> None:
    table = op.create_table(
        "access_revision",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_access_revision"),
    )
    op.bulk_insert(table, [{"id": 1, "number": 0}])


def create_terminals() -> None:
    op.create_table(
        "terminals",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("tid", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("mac_generation", sa.BigInteger, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
        sa.Column("settings_version", sa.BigInteger, nullable=False),
        sa.Column("software", sa.Text, nullable=False),
        sa.Column("backlog", sa.BigInteger, nullable=False),
        sa.Column("last_sequence", sa.BigInteger, nullable=False),
        sa.Column("clock_off_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_ms", sa.BigInteger),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_terminals"),
        sa.UniqueConstraint("tid", name="uq_terminals_tid"),
        sa.ForeignKeyConstraint(
            ["principal"], ["principals.id"], name="fk_terminals_principal"
        ),
    )
    op.create_index("ix_terminals_principal", "terminals", ["principal"])


def create_terminal_keys() -> None:
    op.create_table(
        "terminal_keys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("terminal", sa.Text, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_terminal_keys"),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.id"], name="fk_terminal_keys_terminal"
        ),
    )
    op.create_index("ix_terminal_keys_terminal", "terminal_keys", ["terminal"])


def create_pairing_codes() -> None:
    op.create_table(
        "pairing_codes",
        sa.Column("selector", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("terminal", sa.Text, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.Column("tries_left", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text),
        sa.PrimaryKeyConstraint("selector", name="pk_pairing_codes"),
        sa.ForeignKeyConstraint(
            ["terminal"], ["terminals.id"], name="fk_pairing_codes_terminal"
        ),
    )
    op.create_index("ix_pairing_codes_terminal", "pairing_codes", ["terminal"])


def create_request_nonces() -> None:
    op.create_table(
        "request_nonces",
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_request_nonces"),
    )
    op.create_index("ix_request_nonces_expires_at_ms", "request_nonces", ["expires_at_ms"])
