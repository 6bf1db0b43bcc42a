"""What SQLite can say about its own file: are its pages, its trees and its index in order?

A journal's entries and images carry hashes; what is between them (the trees that they hang in, the
index of holds that expire) does not, and is checked by SQLite's own PRAGMA integrity_check. Bytes
of a page that no row uses are checked by nobody, and mean nothing: docs/evidence.md.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from functools import cache

from ledger.sqlite_schema import MIGRATIONS

# Of each kind so many are told: a file that was overwritten has one for every page.
TOLD_MAX = 10

# SQLite lets a column hold any type: a flipped bit can make of bytes a text of the same bytes,
# which no look-up finds any more.
_STRAY = (
    (
        "entry {} is not kept as bytes",
        "SELECT seq FROM entries WHERE typeof(body) <> 'blob' OR typeof(hash) <> 'blob' LIMIT ?",
    ),
    (
        "the image at entry {} is not kept as it is written",
        """
        SELECT seq FROM images WHERE typeof(account) <> 'blob' OR typeof(seq) <> 'integer'
        OR typeof(due_ms) <> 'integer' OR typeof(body) <> 'blob' OR typeof(hash) <> 'blob' LIMIT ?
        """,
    ),
    (
        "the mark is not kept as bytes",
        "SELECT one FROM mark WHERE typeof(body) <> 'blob' LIMIT ?",
    ),
)


_SCHEMA = "SELECT type, name, tbl_name, IFNULL(sql, '') FROM sqlite_schema ORDER BY name"


def damage_of_file(db: sqlite3.Connection) -> Iterator[str]:
    """Sentences; none when it is in order. Some 1 µs for each entry. Raises sqlite3.Error."""
    for (line,) in db.execute(f"PRAGMA integrity_check({TOLD_MAX})"):
        if line != "ok":
            yield " ".join(str(line).split())
    for sentence, query in _STRAY:
        for (seq,) in db.execute(query, (TOLD_MAX,)):
            yield sentence.format(seq)
    [number] = db.execute("PRAGMA application_id").fetchone()
    if number:
        yield f"its header says that it belongs to application {number}"
    if _schema(db) != _wanted_schema():
        yield "its tables are not declared as they are made"


def _schema(db: sqlite3.Connection) -> list[tuple[str, ...]]:
    rows = db.execute(_SCHEMA).fetchall()
    return [tuple(" ".join(str(cell).split()) for cell in row) for row in rows]


@cache
def _wanted_schema() -> list[tuple[str, ...]]:
    with closing(sqlite3.connect(":memory:")) as db:
        for statements in MIGRATIONS:
            for statement in statements:
                db.execute(statement)
        return _schema(db)
