import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, select

from ledger.clock import ManualClock
from ledger.ids import derive_account
from services.keyring import Keyring
from services.order_texts import (
    TEXT_CHARS_MAX,
    OrderTexts,
    OrderTextStatistics,
    SaleOf,
)
from services.rows import ROWS_PER_STATEMENT
from services.store import Store, StoreUnavailable, open_store
from services.tables import ORDER_TEXTS

A17 = b"\x17" * 16
A18 = b"\x18" * 16
UNKNOWN = b"\x99" * 16
AMIRA, JONAS = derive_account("prn_1", "amira"), derive_account("prn_1", "jonas")


@pytest.fixture
def texts(store: Store, clock: ManualClock) -> OrderTexts:
    return OrderTexts(store, clock, buffered_max=3)


def of(digests: Iterable[bytes]) -> list[SaleOf]:
    return [SaleOf(AMIRA, "mer_1", digest) for digest in digests]


def texts_of(found: dict[SaleOf, str]) -> dict[bytes, str]:
    return {sale.digest: text for sale, text in found.items()}


def test_a_text_is_found_before_and_after_it_is_written(texts: OrderTexts) -> None:
    texts.remember(AMIRA, A17, "A-17")
    assert texts_of(texts.find(of([A17, UNKNOWN]))) == {A17: "A-17"}

    assert texts.flush() == 1

    assert texts.statistics() == OrderTextStatistics(buffered=0, dropped=0)
    assert texts_of(texts.find(of([A17, UNKNOWN]))) == {A17: "A-17"}


def test_who_pays_again_costs_no_look_up_of_their_key(
    texts: OrderTexts, store: Store
) -> None:
    texts.remember(AMIRA, A17, "A-17")
    texts.flush()
    asked: list[str] = []
    event.listen(
        store._reader, "before_cursor_execute", lambda *all_: asked.append(all_[2])
    )

    texts.remember(AMIRA, A18, "A-18")
    assert texts.flush() == 1

    assert [statement for statement in asked if "data_keys" in statement] == []
    assert texts_of(texts.find(of([A17, A18]))) == {A17: "A-17", A18: "A-18"}


def test_remembering_does_not_touch_the_store(texts: OrderTexts, store: Store) -> None:
    texts.remember(AMIRA, A17, "A-17")

    with store.read() as connection:
        assert connection.execute(select(ORDER_TEXTS)).all() == []


def test_a_text_that_was_seen_lately_is_found_without_the_store(
    texts: OrderTexts, store: Store
) -> None:
    texts.remember(AMIRA, A17, "A-17")
    texts.flush()
    store.close()

    assert texts.recent(AMIRA, A17) == "A-17"
    assert texts.recent(AMIRA, UNKNOWN) is None


def test_of_recent_texts_the_oldest_are_let_go(
    texts: OrderTexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.order_texts.RECENT_MAX", 1)
    texts.remember(AMIRA, A17, "A-17")
    texts.remember(AMIRA, A18, "A-18")

    assert (texts.recent(AMIRA, A17), texts.recent(AMIRA, A18)) == (None, "A-18")
    assert texts_of(texts.find(of([A17]))) == {A17: "A-17"}


def test_written_texts_are_there_for_the_next_process(
    texts: OrderTexts, store: Store, clock: ManualClock
) -> None:
    texts.remember(AMIRA, A17, "A-17")
    texts.flush()

    assert texts_of(OrderTexts(store, clock).find(of([A17]))) == {A17: "A-17"}


def test_a_text_seen_again_keeps_its_first_row(
    texts: OrderTexts, store: Store, clock: ManualClock
) -> None:
    first_seen_ms = clock.now_ms()
    texts.remember(AMIRA, A17, "A-17")
    texts.flush()

    clock.advance(1)
    texts.remember(AMIRA, A17, "A-17")
    texts.remember(AMIRA, A18, "A-18")
    texts.flush()

    with store.read() as connection:
        seen = select(ORDER_TEXTS.c.first_seen_ms).order_by(ORDER_TEXTS.c.digest)
        assert connection.execute(seen).scalars().all() == [
            first_seen_ms,
            first_seen_ms + 1,
        ]


def test_a_full_buffer_drops_what_is_new_and_counts_it(texts: OrderTexts) -> None:
    for number in range(5):
        texts.remember(AMIRA, bytes([number] * 16), f"A-{number}")
    texts.remember(AMIRA, bytes(16), "A-0")

    assert texts.statistics() == OrderTextStatistics(buffered=3, dropped=2)
    assert texts.flush() == 3


def test_a_text_that_comes_during_a_flush_waits_for_the_next(
    texts: OrderTexts, store: Store
) -> None:
    def come_late(_: Connection) -> None:
        texts.remember(AMIRA, A18, "A-18")

    event.listen(store._reader, "commit", come_late)
    texts.remember(AMIRA, A17, "A-17")

    assert texts.flush() == 1
    assert texts.statistics().buffered == 1
    assert texts_of(texts.find(of([A17, A18]))) == {A17: "A-17", A18: "A-18"}


def test_an_empty_buffer_writes_nothing(texts: OrderTexts) -> None:
    assert texts.flush() == 0


def test_a_flush_that_fails_keeps_the_texts(
    store: Store,
    url: str,
    keyring: Keyring,
    clock: ManualClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("services.store.WAIT_S", 0)
    impatient = open_store(url, keyring)
    texts = OrderTexts(impatient, clock)
    texts.remember(AMIRA, A17, "A-17")

    with closing(sqlite3.connect(tmp_path / "store.db")) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            texts.flush()

    assert texts_of(texts.find(of([A17]))) == {A17: "A-17"}
    assert texts.flush() == 1
    impatient.close()


@pytest.mark.parametrize(
    "text", ["nul\x00", "half a pair \ud83d", "x" * (TEXT_CHARS_MAX + 1)]
)
def test_a_text_that_a_database_would_refuse_does_not_hold_up_the_others(
    texts: OrderTexts, text: str
) -> None:
    texts.remember(AMIRA, A17, text)
    texts.remember(AMIRA, A18, "رحلة ✈ 17")

    assert texts.flush() == 1
    assert texts_of(texts.find(of([A17, A18]))) == {A18: "رحلة ✈ 17"}
    assert texts.statistics().dropped == 1


def test_more_texts_than_one_statement_takes_are_all_written(
    store: Store, clock: ManualClock
) -> None:
    texts = OrderTexts(store, clock)
    digests = [number.to_bytes(16, "big") for number in range(2 * ROWS_PER_STATEMENT + 1)]
    for number, digest in enumerate(digests):
        texts.remember(AMIRA, digest, f"A-{number}")

    assert texts.flush() == len(digests)

    written = texts_of(OrderTexts(store, clock).find(of(digests)))
    assert written == {digest: f"A-{number}" for number, digest in enumerate(digests)}
