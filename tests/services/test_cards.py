"""How many cards an account may have."""

import pytest

from services.cards import (
    CARDS_EVER_MAX,
    CARDS_PER_ACCOUNT_MAX,
    Card,
    CardForm,
    CardStatus,
    NewCard,
    TooManyCards,
    card_text,
    make_card,
    set_status,
)
from services.store import Store


def made(store: Store, number: int) -> Card:
    new = NewCard(
        id=card_text(bytes([number]) * 15), account="acc_1", form=CardForm.CHIP, key_id=1
    )
    return make_card(store, new, now_ms=number)[0]


def test_an_account_has_so_many_cards_that_may_pay_again(store: Store) -> None:
    cards = [made(store, number) for number in range(CARDS_PER_ACCOUNT_MAX)]
    set_status(store, cards[0].id, CardStatus.BLOCKED)

    with pytest.raises(TooManyCards):
        made(store, 99)


def test_lost_cards_take_no_place_until_there_are_very_many(store: Store) -> None:
    for number in range(CARDS_EVER_MAX):
        set_status(store, made(store, number).id, CardStatus.LOST)

    with pytest.raises(TooManyCards, match="100 with those that were lost"):
        made(store, 255)
