import pytest
from sqlalchemy import func, insert, select

from ledger.clock import ManualClock
from ledger.ids import account_text, derive_account
from services.card_tables import LINKED_CARDS
from services.forgetting import (
    AccountInUse,
    StillRetained,
    Trace,
    forget,
    forgotten,
    learn_forgotten,
)
from services.labels import AccountLabel, find_labels, set_label
from services.order_texts import OrderTexts, SaleOf
from services.store import Store
from services.tables import ACCOUNT_LABELS, ORDER_TEXTS

AMIRA = derive_account("prn_1", "amira")
HOLDER = account_text(AMIRA)
A17, A18 = b"\x17" * 16, b"\x18" * 16


@pytest.fixture
def texts(store: Store, clock: ManualClock) -> OrderTexts:
    """One that Amira paid for; and two of the first release, left with the merchant."""
    texts = OrderTexts(store, clock)
    texts.remember(AMIRA, b"\x16" * 16, "A-16")
    texts.flush()
    with store.write() as connection:
        key = store.keys.make(connection, ["mer_1"])["mer_1"]
        for digest in (A17, A18):
            place = f"order_texts.sealed_text mer_1 {digest.hex()}"
            sealed = store.keys.seal(key, place, b"PNR")
            row = {"holder": "mer_1", "digest": digest, "sealed_text": sealed}
            connection.execute(insert(ORDER_TEXTS), row | {"first_seen_ms": 1})
    return texts


def rows(store: Store) -> list[tuple[str, bytes]]:
    columns = ORDER_TEXTS.c
    with store.read() as connection:
        found = connection.execute(select(columns.holder, columns.digest))
        return [(row.holder, row.digest) for row in found]


def closed(*orders: tuple[str, bytes], at_ms: int = 5) -> Trace:
    return Trace(at_ms, frozenset(orders))


def test_no_row_is_left_of_what_the_account_paid_for(
    store: Store, texts: OrderTexts
) -> None:
    assert len(rows(store)) == 3

    forget(store, AMIRA, closed(("mer_1", A17)), retention_ms=0, now_ms=9)

    assert rows(store) == [("mer_1", A18)]  # of somebody else
    assert texts.find([SaleOf(AMIRA, "mer_1", A17)]) == {}


def test_its_label_and_its_bank_cards_go_too(store: Store) -> None:
    set_label(store, AccountLabel(account=HOLDER, label="Amira"))
    card = {"account": HOLDER, "token": "tok", "masked": "•••• 1111", "expiry": "2712"}
    with store.write() as connection:
        connection.execute(insert(LINKED_CARDS), card | {"linked_at_ms": 1})

    forget(store, AMIRA, closed(), retention_ms=0, now_ms=9)

    assert find_labels(store, [HOLDER]) == {}
    with store.read() as connection:
        for table in (ACCOUNT_LABELS, LINKED_CARDS):
            assert connection.execute(select(func.count()).select_from(table)).scalar() == 0


def test_it_must_be_closed_for_as_long_as_the_law_asks(store: Store) -> None:
    with pytest.raises(AccountInUse, match="is not closed"):
        forget(store, AMIRA, Trace(None, frozenset()), retention_ms=0, now_ms=9)
    with pytest.raises(StillRetained) as caught:
        forget(store, AMIRA, closed(at_ms=5), retention_ms=10, now_ms=14)

    assert caught.value.until_ms == 15
    assert forgotten(store) == {}
    assert forget(store, AMIRA, closed(at_ms=5), retention_ms=10, now_ms=15).at_ms == 15


def test_who_was_forgotten_is_listed_and_learnt(store: Store) -> None:
    forget(store, AMIRA, closed(), retention_ms=0, now_ms=9)

    assert forgotten(store) == {HOLDER: 9}
    assert learn_forgotten(store, 8) == [AMIRA]
    assert learn_forgotten(store, 9) == []
