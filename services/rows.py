"""A row of the store as a struct; what this release does not know, it refuses to read."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)


def as_struct(row: Mapping[Any, Any], struct: type[T]) -> T:
    """Convert by column name. Raises msgspec.ValidationError.

    SQLAlchemy's names are a kind of str of its own, which msgspec does not take as keys.
    """
    return msgspec.convert({str(name): value for name, value in row.items()}, struct)
