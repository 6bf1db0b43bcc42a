"""Work that nobody waits for gives way, now and then and not with each row."""

import os
from collections.abc import Callable

import pytest

from ledger.clock import ManualClock
from ledger.ids import derive_account
from services.leisure import AT_ONCE, at_leisure
from services.order_texts import OrderTexts
from services.rows import ROWS_PER_STATEMENT
from services.store import Store

AMIRA = derive_account("prn_1", "amira")


@pytest.fixture
def times_given_way(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    given: list[None] = []
    monkeypatch.setattr(os, "sched_yield", lambda: given.append(None))
    return lambda: len(given)


def test_whoever_works_at_leisure_meets_each_item_once(
    times_given_way: Callable[[], int],
) -> None:
    assert list(at_leisure(range(2 * AT_ONCE + 1))) == list(range(2 * AT_ONCE + 1))
    assert times_given_way() == 2


def test_rows_give_way_after_each_statement(
    store: Store, clock: ManualClock, times_given_way: Callable[[], int]
) -> None:
    texts = OrderTexts(store, clock)
    for number in range(2 * ROWS_PER_STATEMENT + 1):
        texts.remember(AMIRA, number.to_bytes(16, "big"), f"A-{number}")

    texts.flush()

    assert times_given_way() == 3
