"""The tables of one journal on SQLite, and how they came to be: migrations, forward only.

SQLite keeps a number for this in the file itself (sqlite.org/pragma.html#pragma_user_version),
and it changes with the transaction that it is set in.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress

from ledger.errors import SchemaTooNew, SchemaTooOld

# Once released, a migration is never edited: a new one is appended. Each is a row of statements,
# for sqlite3's executescript() would first commit what is under way.
#
# The first release did not count: its files have the tables of the first migration, and version 0.
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE IF NOT EXISTS entries (
            seq INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL)
        """,
        """
        CREATE TABLE IF NOT EXISTS images (
            account BLOB PRIMARY KEY, seq INTEGER NOT NULL, due_ms INTEGER NOT NULL,
            body BLOB NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID
        """,
        "CREATE INDEX IF NOT EXISTS images_due ON images (due_ms) WHERE due_ms > 0",
        """
        CREATE TABLE IF NOT EXISTS mark (
            one INTEGER PRIMARY KEY CHECK (one = 1), body BLOB NOT NULL)
        """,
    ),
)


def version(db: sqlite3.Connection, where: str, known: int = len(MIGRATIONS)) -> int:
    """Of the schema there; 0 where there is none. Raises SchemaTooNew, sqlite3.Error."""
    [found] = db.execute("PRAGMA user_version").fetchone()
    if found > known:
        raise SchemaTooNew(where, found, known)
    return int(found)


def require_current(db: sqlite3.Connection, where: str) -> None:
    """A reader does not migrate. Raises SchemaTooNew, SchemaTooOld, sqlite3.Error."""
    found = version(db, where)
    if found < len(MIGRATIONS):
        raise SchemaTooOld(where, found)


def migrate(
    db: sqlite3.Connection,
    where: str,
    migrations: Sequence[tuple[str, ...]] = MIGRATIONS,
) -> None:
    """Bring the schema to this release's version: every step, or none.

    Raises SchemaTooNew, sqlite3.Error.
    """
    if version(db, where, len(migrations)) == len(migrations):
        return
    try:
        db.execute("BEGIN IMMEDIATE")
        found = version(db, where, len(migrations))  # another may have been quicker
        for statements in migrations[found:]:
            for statement in statements:
                db.execute(statement)
        db.execute(f"PRAGMA user_version = {len(migrations)}")
        db.execute("COMMIT")
    finally:
        with suppress(sqlite3.Error):
            if db.in_transaction:
                db.execute("ROLLBACK")
