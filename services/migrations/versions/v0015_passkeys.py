"""Passkeys, the sessions that they open, and the codes by which a person begins."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    create_passkeys()
    create_sessions()
    create_enrolments()


def create_passkeys() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("credential", sa.LargeBinary, nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("sign_count", sa.BigInteger, nullable=False),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_used_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential", name="uq_passkeys_credential"),
        _of_principal("passkeys"),
    )
    op.create_index("ix_passkeys_principal", "passkeys", ["principal"])


def create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("key_digest", sa.LargeBinary, nullable=False),
        sa.Column("passkey", sa.Text),
        sa.Column("sealed_name", sa.LargeBinary, nullable=False),
        sa.Column("created_at_ms", sa.BigInteger, nullable=False),
        sa.Column("last_seen_at_ms", sa.BigInteger, nullable=False),
        sa.Column("proved_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.ForeignKeyConstraint(
            ["key_digest"], ["api_keys.digest"], name="fk_sessions_key_digest"
        ),
        _of_principal("sessions"),
    )
    seen = ["principal", "last_seen_at_ms"]
    op.create_index("ix_sessions_of_principal", "sessions", seen)
    op.create_index("uq_sessions_key_digest", "sessions", ["key_digest"], unique=True)


def create_enrolments() -> None:
    op.create_table(
        "enrolments",
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("expires_at_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal", name="pk_enrolments"),
        sa.UniqueConstraint("digest", name="uq_enrolments_digest"),
        _of_principal("enrolments"),
    )


def _of_principal(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["principal"], ["principals.id"], name=f"fk_{table}_principal"
    )
