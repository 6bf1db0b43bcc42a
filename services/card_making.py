"""New cards: a chip to be personalised, a stripe with its number."""

from ledger.money import Money
from services.cards import Card, CardForm, NewCard, card_text, make_card
from services.keyring import Keyring
from services.store import Store
from terminals.card_format import CARD_BYTES
from terminals.card_numbers import holds_card_number
from terminals.gift_number import draw_number
from terminals.masked_number import masked

# A byte below this gives a digit, each with the same chance.
_FAIR = 250


def make_chip(
    store: Store,
    card: bytes,
    *,
    account: str,
    key_id: int,
    tap_limit: Money | None,
    now_ms: int,
) -> tuple[Card, bool]:
    """The card, and whether it was made before. Raises TooManyCards."""
    assert len(card) == CARD_BYTES
    new = NewCard(
        id=card_text(card),
        account=account,
        form=CardForm.CHIP,
        key_id=key_id,
        tap_limit=tap_limit,
    )
    return make_card(store, new, now_ms=now_ms)


def make_stripe(
    store: Store, keyring: Keyring, card: bytes, *, account: str, now_ms: int
) -> tuple[Card, str, bool]:
    """The card, its number, and whether it was made before. Raises TooManyCards."""
    text = card_text(card)
    stream = (byte % 10 for byte in keyring.gift_number_stream(text) if byte < _FAIR)
    number = draw_number(lambda: next(stream), holds_card_number)
    new = NewCard(
        id=text,
        account=account,
        form=CardForm.STRIPE,
        number_digest=keyring.gift_digest(number),
        masked=masked(number),
    )
    made, replayed = make_card(store, new, now_ms=now_ms)
    return made, number, replayed
