"""The tables of all journals on PostgreSQL, and how they came to be: migrations, forward only.

All stands in one PostgreSQL schema, `airside`, and is always named with it: a search path that
changes one day must not lead to other, empty tables.

`tips` has one row per partition: its last entry, and whose turn it is. Every append begins by
moving that row on, under its lock; see postgres_store.py.
"""

from collections.abc import Sequence
from typing import LiteralString

from ledger.errors import SchemaTooNew, SchemaTooOld, StoreUnreadable
from ledger.postgres_session import Session

# Once released, a migration is never edited: a new one is appended.
MIGRATIONS: tuple[LiteralString, ...] = (
    """
    CREATE TABLE airside.entries (
        partition integer NOT NULL,
        seq bigint NOT NULL CHECK (seq > 0),
        body bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (partition, seq));
    CREATE TABLE airside.images (
        partition integer NOT NULL,
        account bytea NOT NULL,
        seq bigint NOT NULL,
        due_ms bigint NOT NULL,
        body bytea NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (partition, account));
    CREATE INDEX images_due ON airside.images (partition, due_ms) WHERE due_ms > 0;
    CREATE TABLE airside.mark (
        partition integer PRIMARY KEY,
        body bytea NOT NULL);
    -- Rewritten by each append: room on the page keeps the new version beside the old one.
    CREATE TABLE airside.tips (
        partition integer PRIMARY KEY,
        seq bigint NOT NULL,
        hash bytea NOT NULL,
        turn bigint NOT NULL) WITH (fillfactor = 10);
    """,
)

# Any number that nobody else locks: partitions start together, and one of them migrates.
_LOCK: LiteralString = (
    "SELECT pg_advisory_xact_lock(hashtextextended('airside.schema_version', 0))"
)
_MADE = "SELECT to_regclass('airside.schema_version') IS NOT NULL"
_VERSION = "SELECT coalesce(max(version), 0) FROM airside.schema_version"
_MAKE: LiteralString = """
CREATE SCHEMA IF NOT EXISTS airside;
CREATE TABLE IF NOT EXISTS airside.schema_version (
    version integer PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now())
"""
_NOTE = "INSERT INTO airside.schema_version (version) VALUES (%s)"


def version(session: Session, known: int = len(MIGRATIONS)) -> int:
    """Of the schema there; 0 where there is none. Raises SchemaTooNew, StoreUnreadable."""
    [[made]] = session.rows(_MADE)
    [[found]] = session.rows(_VERSION) if made else [[0]]
    if found > known:
        raise SchemaTooNew(session.where, found, known)
    return int(found)


def require_current(session: Session) -> None:
    """A reader does not migrate. Raises SchemaTooNew, SchemaTooOld, StoreUnreadable."""
    found = version(session)
    if found == 0:
        raise StoreUnreadable(session.where, "there are no journals")
    if found < len(MIGRATIONS):
        raise SchemaTooOld(session.where, found)


def migrate(session: Session, migrations: Sequence[LiteralString] = MIGRATIONS) -> None:
    """Bring the schema to this release's version. Raises SchemaTooNew, StoreUnreadable."""
    if version(session, len(migrations)) == len(migrations):
        return
    with session.transaction():
        session.run(_LOCK)
        session.run(_MAKE)
        found = version(session, len(migrations))
        for number, migration in enumerate(migrations[found:], found + 1):
            session.run(migration)
            session.run(_NOTE, (number,))
