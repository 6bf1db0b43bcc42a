"""After a deletion: nothing of it may be left in the database's files.

`PRAGMA secure_delete` has SQLite overwrite with zeros whatever a statement frees. But the
write-ahead log still holds the pages as they were, until it is folded into the database and cut to
nothing. That cannot be done inside of the transaction that deletes, and a reader that is in the
way, or a crash, may keep it from being done at once. So the transaction also writes down that it is
due, and whoever opens the store, or looks every few seconds, does it until it is done.

    log    fold the log in, and cut it to nothing
    file   write the whole database anew first: an older release deleted without overwriting

On PostgreSQL this is PostgreSQL's: old rows go with VACUUM, old log segments as its settings say.
"""

from contextlib import closing
from enum import StrEnum

from sqlalchemy import Connection, Engine, delete, select

from services.rows import WRITES, insert_into
from services.tables import SWEEPS


class SweepKind(StrEnum):
    LOG = "log"
    FILE = "file"


def sweep_is_due(connection: Connection, kind: SweepKind) -> None:
    """Write it down, in the transaction that deletes."""
    statement = insert_into(connection.dialect.name, SWEEPS).values(kind=kind.value)
    connection.execute(statement.on_conflict_do_nothing())


def sweep(engine: Engine) -> bool:
    """Do what is due; False while somebody is in the way. Raises OperationalError."""
    with engine.connect() as connection:
        due = set(connection.execute(select(SWEEPS.c.kind)).scalars())
    if not due:
        return True
    if engine.dialect.name == "sqlite" and not _sweep_files(engine, due):
        return False
    with engine.execution_options(**{WRITES: True}).begin() as connection:
        connection.execute(delete(SWEEPS).where(SWEEPS.c.kind.in_(due)))
    return True


def _sweep_files(engine: Engine, due: set[str]) -> bool:
    # The driver's own connection: SQLAlchemy's would begin a transaction, in which neither works.
    with closing(engine.raw_connection()) as raw, closing(raw.cursor()) as cursor:
        if SweepKind.FILE in due:
            cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        row = cursor.fetchone()
        assert row is not None, "it always says how it went"
        return not row[0]
