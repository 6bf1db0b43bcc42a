"""Rows of the store: read as structs, written as the dialect says it.

What this release does not know, it refuses to read.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain, islice
from operator import attrgetter
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Insert, Table
from sqlalchemy.dialects import postgresql, sqlite

from services.leisure import give_way

# The execution option that marks a connection as one that will write.
WRITES = "airside_writes"
# Rows, or values to look for, in one statement: SQLite takes 32,766 parameters in one.
CHUNK = 500

# Whoever writes many rows does so in a thread beside an event loop, and the driver lets go of the
# interpreter once in each statement, to win it back from there. Row by row that cost the loop 18 µs
# a row; so, 1 µs. A merchant's payment has 16 columns. A statement takes a millisecond.
ROWS_PER_STATEMENT = 125

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


def as_struct(row: Mapping[Any, Any], struct: type[S]) -> S:
    """Convert by column name. Raises msgspec.ValidationError.

    SQLAlchemy's names are a kind of str of its own, which msgspec does not take as keys.
    """
    return msgspec.convert({str(name): value for name, value in row.items()}, struct)


def insert_into(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Begin an INSERT that can say what to do on conflict, as the dialect says it."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def insert_rows(connection: Connection, table: Table, rows: Collection[object]) -> None:
    """Rows with an attribute for each column. Raises sqlalchemy.exc.IntegrityError."""
    _insert_rows(connection, table, rows, "")


def insert_missing(connection: Connection, table: Table, rows: Iterable[object]) -> None:
    """The same; rows that are there already stay."""
    _insert_rows(connection, table, rows, " ON CONFLICT DO NOTHING")


def replace_rows(connection: Connection, table: Table, rows: Collection[object]) -> None:
    """The same; rows that are there already become these."""
    key = [column.name for column in table.primary_key]
    news = [f"{c.name} = excluded.{c.name}" for c in table.columns if c.name not in key]
    ending = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(news)}"
    _insert_rows(connection, table, rows, ending)


def _insert_rows(
    connection: Connection, table: Table, rows: Iterable[object], ending: str
) -> None:
    """In statements of the driver's own: SQLAlchemy would spend 8 µs on each row."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    names = [column.name for column in table.columns]
    row = f"({', '.join([mark] * len(names))})"
    values_of = attrgetter(*names)
    for some in chunks(rows, ROWS_PER_STATEMENT):
        statement = (
            f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608 — names of ours only
            f" VALUES {', '.join([row] * len(some))}{ending}"
        )
        values = chain.from_iterable(map(values_of, some))
        connection.exec_driver_sql(statement, tuple(values))
        give_way()


def add_to(connection: Connection, table: Table, figures: Collection[str]) -> Insert:
    """Insert rows, or add these columns of theirs to the rows that are there."""
    return _adding(connection.dialect.name, table, tuple(figures))


@cache  # to put it together takes SQLAlchemy longer than SQLite takes to run it
def _adding(dialect: str, table: Table, figures: tuple[str, ...]) -> Insert:
    added = insert_into(dialect, table)
    return added.on_conflict_do_update(
        index_elements=[column.name for column in table.primary_key],
        set_={name: table.c[name] + added.excluded[name] for name in figures},
    )


def writes(connection: Connection) -> bool:
    """Was it begun by Store.write()?"""
    return bool(connection.get_execution_options().get(WRITES, False))


def chunks(items: Iterable[T], most: int = CHUNK) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while some := list(islice(rest, most)):
        yield some
