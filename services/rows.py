"""Rows of the store: read as structs, written as the dialect says it.

What this release does not know, it refuses to read.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

# The execution option that marks a connection as one that will write.
WRITES = "airside_writes"
# Rows, or values to look for, in one statement: SQLite takes 32,766 parameters in one.
CHUNK = 500

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


def writes(connection: Connection) -> bool:
    """Was it begun by Store.write()?"""
    return bool(connection.get_execution_options().get(WRITES, False))


def chunks(items: Collection[T]) -> Iterator[Sequence[T]]:
    rest = iter(items)
    while some := list(islice(rest, CHUNK)):
        yield some
