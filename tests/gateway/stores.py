"""The relational store, out of reach for a while."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.store import Store, StoreUnavailable


@contextmanager
def broken(store: Store) -> Iterator[None]:
    def refuse() -> None:
        raise StoreUnavailable

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "read", refuse)
        yield
