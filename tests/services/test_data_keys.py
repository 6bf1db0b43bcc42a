from secrets import token_bytes

import pytest
from sqlalchemy import event, select, update

from services.data_keys import DataKeys
from services.keyring import Keyring
from services.sealing import NONCE_BYTES, SealBroken, open_sealed
from services.store import Store, open_store
from services.tables import DATA_KEYS

AMIRA, JONAS = "acc_amira", "acc_jonas"


def make(store: Store, *holders: str) -> dict[str, bytes]:
    with store.write() as connection:
        return store.keys.make(connection, holders)


def find(store: Store, *holders: str) -> dict[str, bytes]:
    with store.read() as connection:
        return store.keys.find(connection, holders)


def destroy(store: Store, holder: str, now_ms: int = 7) -> int:
    with store.write() as connection:
        return store.keys.destroy(connection, holder, now_ms)


def test_each_holder_has_one_key_of_its_own(store: Store) -> None:
    made = make(store, AMIRA, JONAS, AMIRA)

    assert made.keys() == {AMIRA, JONAS}
    assert made[AMIRA] != made[JONAS]
    assert make(store, AMIRA) == find(store, AMIRA) == {AMIRA: made[AMIRA]}


def test_another_process_opens_it_with_the_same_keyring(
    store: Store, url: str, keyring: Keyring
) -> None:
    made = make(store, AMIRA)
    other = open_store(url, keyring)

    assert find(other, AMIRA) == made
    other.close()


def test_the_store_holds_no_key_in_plain(store: Store) -> None:
    key = make(store, AMIRA)[AMIRA]

    with store.read() as connection:
        [wrapped] = connection.execute(select(DATA_KEYS.c.sealed_key)).scalars()

    assert key not in wrapped


def test_another_keyring_opens_none(store: Store, url: str) -> None:
    make(store, AMIRA)
    other = open_store(url, Keyring({1: bytes(32)}, bytes(32)))

    with pytest.raises(SealBroken, match=AMIRA):
        find(other, AMIRA)
    other.close()


def test_a_key_that_was_moved_to_another_holder_does_not_open(
    store: Store, url: str, keyring: Keyring
) -> None:
    make(store, AMIRA, JONAS)
    with store.write() as connection:
        mine = select(DATA_KEYS.c.sealed_key).where(DATA_KEYS.c.holder == AMIRA)
        connection.execute(update(DATA_KEYS).values(sealed_key=mine.scalar_subquery()))
    other = open_store(url, keyring)

    with pytest.raises(SealBroken, match=JONAS):
        find(other, JONAS)
    other.close()


def test_a_destroyed_key_is_found_no_more_and_never_made_anew(store: Store) -> None:
    make(store, AMIRA)

    assert destroy(store, AMIRA, 7) == 7

    assert find(store, AMIRA) == {}
    assert make(store, AMIRA) == {}


def test_who_never_had_a_key_can_be_forgotten_too(store: Store) -> None:
    destroy(store, AMIRA)

    assert make(store, AMIRA) == {}


def test_a_key_is_destroyed_once(store: Store) -> None:
    destroy(store, AMIRA, 7)

    assert destroy(store, AMIRA, 9) == 7


def test_what_another_process_destroyed_is_learnt(
    store: Store, url: str, keyring: Keyring
) -> None:
    other = open_store(url, keyring)
    make(store, AMIRA, JONAS)
    assert find(other, AMIRA, JONAS).keys() == {AMIRA, JONAS}
    destroy(store, AMIRA, 7)

    with other.read() as connection:
        assert other.keys.learn_destroyed(connection, 7) == []
        assert other.keys.learn_destroyed(connection, 6) == [AMIRA]

    assert find(other, AMIRA, JONAS).keys() == {JONAS}
    other.close()


def asked_of(store: Store) -> list[object]:
    """What the store is asked from now on."""
    asked: list[object] = []
    event.listen(store._reader, "before_cursor_execute", lambda *all_: asked.append(all_))
    return asked


def test_a_key_of_a_transaction_that_stands_is_at_hand(store: Store) -> None:
    keys = make(store, AMIRA)
    store.keys.committed(keys, store.keys.drops)
    asked = asked_of(store)

    assert find(store, AMIRA) == keys
    assert asked == []


def test_a_key_that_was_destroyed_meanwhile_does_not_come_back(store: Store) -> None:
    drops, keys = store.keys.drops, make(store, AMIRA)
    destroy(store, AMIRA)

    store.keys.committed(keys, drops)

    assert find(store, AMIRA) == {}


def test_a_key_that_is_at_hand_costs_no_look_at_the_store(store: Store) -> None:
    make(store, AMIRA)
    find(store, AMIRA)
    asked = asked_of(store)

    find(store, AMIRA)

    assert asked == []


def test_a_key_whose_transaction_was_rolled_back_is_not_kept(store: Store) -> None:
    def make_and_fail() -> None:
        with store.write() as connection:
            store.keys.make(connection, [AMIRA])
            store.keys.find(connection, [AMIRA])
            raise InterruptedError

    with pytest.raises(InterruptedError):
        make_and_fail()

    assert find(store, AMIRA) == {}


def test_keys_at_hand_are_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.data_keys.KEPT_MAX", 2)
    holders = [f"acc_{number}" for number in range(1_001)]
    make(store, *holders)

    assert find(store, *holders).keys() == set(holders)
    assert len(store.keys._kept) == 2


def test_it_shows_no_key(store: Store) -> None:
    make(store, AMIRA)
    find(store, AMIRA)

    assert repr(store.keys) == "<DataKeys, 1 at hand>"
    assert isinstance(store.keys, DataKeys)


def test_many_texts_are_sealed_with_one_draw_and_a_nonce_for_each(
    store: Store, keyring: Keyring
) -> None:
    key = make(store, AMIRA)[AMIRA]
    drawn: list[int] = []

    def draw(count: int) -> bytes:
        drawn.append(count)
        return token_bytes(count)

    keys = DataKeys(keyring.wrapping_key(), draw)
    texts = [(key, f"place {number}", b"the same text") for number in range(100)]
    sealed = list(keys.seal_all(texts))

    assert len(drawn) == 1
    assert len({text[1 : 1 + NONCE_BYTES] for text in sealed}) == len(texts)
    for (_, place, plain), text in zip(texts, sealed, strict=True):
        assert open_sealed(key, place, text) == plain
