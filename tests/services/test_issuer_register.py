"""An issuer's key of some number is the one it was, and each that a card needs is there."""

from pathlib import Path
from random import Random

import pytest

from services.card_issuer import (
    FILE_NAME,
    FileKeys,
    IssuerKeysLost,
    Known,
    card_key,
    open_issuer_keys,
)
from services.cards import CardForm, CardStatus, NewCard, card_text, make_card, set_status
from services.issuer_register import (
    IssuerKeyChanged,
    IssuerKeyMissing,
    known_keys,
    require_known,
)
from services.store import Store

CARD = bytes(range(15))
OF_FILE = {1: bytes(range(32))}
OF_MODULE = {1: bytes(32)}


def chip(store: Store, key_id: int, number: int = 1) -> str:
    new = NewCard(
        id=card_text(bytes([number]) * 15),
        account="acc_1",
        form=CardForm.CHIP,
        key_id=key_id,
    )
    make_card(store, new, now_ms=1)
    return new.id


def test_a_key_that_stays_the_same_is_taken_again(store: Store) -> None:
    for _ in range(2):
        require_known(store, FileKeys(OF_FILE))

    assert known_keys(store).ever == {1}


def test_another_key_of_the_same_number_is_refused(store: Store) -> None:
    require_known(store, FileKeys(OF_FILE))

    with pytest.raises(IssuerKeyChanged, match="issuer key 1 is another one"):
        require_known(store, FileKeys(OF_MODULE))
    require_known(store, FileKeys(OF_FILE))


def test_a_ring_that_grows_is_taken(store: Store) -> None:
    require_known(store, FileKeys(OF_FILE))

    require_known(store, FileKeys(OF_FILE | {2: bytes(32)}))

    assert known_keys(store).ever == {1, 2}


def test_a_key_that_a_card_needs_must_be_there(store: Store) -> None:
    card = chip(store, 3)

    with pytest.raises(IssuerKeyMissing, match="issuer key 3, and only 1 is here"):
        require_known(store, FileKeys(OF_FILE))
    set_status(store, card, CardStatus.LOST)

    require_known(store, FileKeys(OF_FILE))


def test_a_stripe_needs_no_key(store: Store) -> None:
    new = NewCard(id="crd_1", account="acc_1", form=CardForm.STRIPE)
    make_card(store, new, now_ms=1)

    assert known_keys(store).in_use == set()


def test_a_lost_file_is_not_replaced_while_a_card_needs_it(
    store: Store, tmp_path: Path
) -> None:
    def opened() -> FileKeys:
        known = known_keys(store)
        return open_issuer_keys(tmp_path, random_bytes=dice.randbytes, known=known)

    dice = Random(1)
    first = opened()
    require_known(store, first)
    card = chip(store, 1)
    (tmp_path / FILE_NAME).unlink()

    with pytest.raises(
        IssuerKeysLost, match=r"restore it from a backup.*airside cards lost"
    ):
        opened()
    assert not (tmp_path / FILE_NAME).exists()
    set_status(store, card, CardStatus.LOST)
    second = opened()

    assert second.key_ids == {2}, "no number is given twice"
    require_known(store, second)
    assert card_key(second, 2, CARD) != card_key(first, 1, CARD)


def test_what_is_kept_of_a_key_gives_no_card_s(store: Store) -> None:
    keys = FileKeys(OF_FILE)
    require_known(store, keys)

    with store.read() as connection:
        [row] = connection.exec_driver_sql("SELECT check_value FROM issuer_keys")
    assert row[0] == keys.mac(1, b"\x00airside issuer key check")
    assert OF_FILE[1] not in row[0]


@pytest.mark.parametrize(
    ("known", "number"),
    [(Known(), 1), (Known(ever=frozenset({4}), in_use=frozenset({9})), 10)],
)
def test_a_new_key_has_a_number_that_none_had(known: Known, number: int) -> None:
    assert known.next_id == number
