"""The tables of signing in: passkeys, sessions, and the codes by which a person begins.

What a passkey is called, and what a device is, may say whose it is; both are sealed. The public key
is no secret, and signs nothing.
"""

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text

from services.tables import METADATA

# sign_count: what the authenticator said last; 0 from one that does not count.
PASSKEYS = Table(
    "passkeys",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("principal", Text, ForeignKey("principals.id"), nullable=False, index=True),
    Column("credential", LargeBinary, nullable=False, unique=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("sign_count", BigInteger, nullable=False),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_used_at_ms", BigInteger),
)

# When it ends, and whether it was revoked, stands with its key. passkey: that opened it.
SESSIONS = Table(
    "sessions",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("principal", Text, ForeignKey("principals.id"), nullable=False),
    Column("key_digest", LargeBinary, ForeignKey("api_keys.digest"), nullable=False),
    Column("passkey", Text),
    Column("sealed_name", LargeBinary, nullable=False),
    Column("created_at_ms", BigInteger, nullable=False),
    Column("last_seen_at_ms", BigInteger, nullable=False),
    Column("proved_at_ms", BigInteger),
    Index("ix_sessions_of_principal", "principal", "last_seen_at_ms"),
    Index("uq_sessions_key_digest", "key_digest", unique=True),
)

# One for a person at most.
ENROLMENTS = Table(
    "enrolments",
    METADATA,
    Column("principal", Text, ForeignKey("principals.id"), primary_key=True),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("expires_at_ms", BigInteger, nullable=False),
)
