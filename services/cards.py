"""Cards: whose account each pays from, whether it may, and up to what without a PIN.

A card is a chip (terminals/card_format.py) or, for gift cards, a stripe with a number
(terminals/gift_number.py). A stripe can be copied by who has held it once, so no wallet has one.

A lost card stays lost: whoever finds it again gets a new one.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Connection, Update, select, update

from ledger.ids import AccountId, parse_account
from ledger.money import Money
from services.card_tables import CARDS
from services.mint import base32
from services.rows import as_struct
from services.store import Store

PREFIX = "crd_"
CARDS_PER_ACCOUNT_MAX = 20
# Lost ones too: each card keeps a counter in the head of its account, which is written down again
# and again; of so many that is 2 KB.
CARDS_EVER_MAX = 100


class CardForm(StrEnum):
    CHIP = "chip"
    STRIPE = "stripe"


class CardStatus(StrEnum):
    ACTIVE = "active"
    BLOCKED = "blocked"
    LOST = "lost"


class UnknownCard(LookupError):
    def __init__(self) -> None:
        super().__init__("there is no such card")


class CardIsLost(Exception):
    def __init__(self) -> None:
        super().__init__("the card was reported lost, and stays so: make a new one")


class CardNotWritable(Exception):
    """A chip is written once: two of one number would be each other's copies."""


class TooManyCards(Exception):
    def __init__(self) -> None:
        super().__init__(
            f"an account has {CARDS_PER_ACCOUNT_MAX} cards at most, and {CARDS_EVER_MAX}"
            " with those that were lost"
        )


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """tap_limit: above it a PIN is needed; None for never. masked: of a stripe's number.

    A chip whose writing was begun, and is not personalised, may be either: only it can tell.
    """

    id: str
    account: str
    form: CardForm
    status: CardStatus
    key_id: int
    tap_limit: Money | None
    masked: str | None
    made_at_ms: int
    personalised_at_ms: int | None
    writing_begun_at_ms: int | None

    @property
    def payer(self) -> AccountId:
        return parse_account(self.account)

    def needs_pin(self, amount: Money) -> bool:
        """A limit in one currency says nothing about another."""
        limit = self.tap_limit
        if limit is None:
            return False
        return (
            limit.commodity != amount.commodity or limit.amount_minor < amount.amount_minor
        )


class NewCard(msgspec.Struct, frozen=True, kw_only=True):
    """id: derived by the caller, so that a retry makes the same card."""

    id: str
    account: str
    form: CardForm
    key_id: int = 0
    tap_limit: Money | None = None
    number_digest: bytes | None = None
    masked: str | None = None


def card_text(card: bytes) -> str:
    return PREFIX + base32(card)


def make_card(store: Store, new: NewCard, *, now_ms: int) -> tuple[Card, bool]:
    """The card, and whether it was made before. Raises TooManyCards."""
    limit = new.tap_limit
    row = msgspec.structs.asdict(new) | {
        "status": CardStatus.ACTIVE,
        "limit_minor": limit.amount_minor if limit else None,
        "limit_currency": limit.commodity if limit else None,
        "made_at_ms": now_ms,
    }
    del row["tap_limit"]
    statement = store.insert_into(CARDS).values(row)
    with store.write() as connection:
        found = _find(connection, new.id)
        if found is not None:
            return found, True
        there = _of_account(connection, new.account)
        kept = [card for card in there if card.status is not CardStatus.LOST]
        if len(kept) >= CARDS_PER_ACCOUNT_MAX or len(there) >= CARDS_EVER_MAX:
            raise TooManyCards
        connection.execute(statement)
        return _read(connection, new.id), False


def get_card(store: Store, card: str) -> Card:
    """Raises UnknownCard."""
    with store.read() as connection:
        return _read(connection, card)


def find_by_number(store: Store, digest: bytes) -> Card:
    """Raises UnknownCard."""
    query = select(CARDS).where(CARDS.c.number_digest == digest)
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownCard
    return _card(row)


def cards_of(store: Store, account: str) -> list[Card]:
    """Oldest first."""
    with store.read() as connection:
        return _of_account(connection, account)


def all_cards(store: Store) -> list[Card]:
    """Oldest first."""
    query = select(CARDS).order_by(CARDS.c.made_at_ms, CARDS.c.id)
    with store.read() as connection:
        return [_card(row) for row in connection.execute(query).mappings()]


def set_status(store: Store, card: str, status: CardStatus) -> Card:
    """Raises UnknownCard, CardIsLost."""
    change = update(CARDS).where(CARDS.c.id == card, CARDS.c.status != CardStatus.LOST)
    after = _change(store, card, change.values(status=status))
    if after.status is not status:
        raise CardIsLost
    return after


def set_tap_limit(store: Store, card: str, limit: Money | None) -> Card:
    """Raises UnknownCard."""
    values = {
        "limit_minor": limit.amount_minor if limit else None,
        "limit_currency": limit.commodity if limit else None,
    }
    return _change(store, card, update(CARDS).where(CARDS.c.id == card).values(values))


def require_writable(card: Card) -> None:
    """Raises CardNotWritable."""
    if (card.form, card.status) != (CardForm.CHIP, CardStatus.ACTIVE):
        raise CardNotWritable("this is not an active chip card: make a new one")
    if card.personalised_at_ms is not None or card.writing_begun_at_ms is not None:
        raise CardNotWritable(
            "this card was written, or its writing was begun: make a new one"
        )


def begin_personalising(store: Store, card: str, *, now_ms: int) -> None:
    """Noted before the chip is written: a desk that dies meanwhile leaves none to write again.

    Raises UnknownCard, CardNotWritable.
    """
    change = update(CARDS).where(CARDS.c.id == card).values(writing_begun_at_ms=now_ms)
    with store.write() as connection:
        require_writable(_read(connection, card))
        connection.execute(change)


def end_personalising(store: Store, card: str, *, now_ms: int) -> None:
    """The chip said that it is written. Raises UnknownCard."""
    change = update(CARDS).where(CARDS.c.id == card).values(personalised_at_ms=now_ms)
    _change(store, card, change)


def undo_personalising(store: Store, card: str) -> None:
    """The chip said that it is not written. Raises UnknownCard."""
    change = update(CARDS).where(CARDS.c.id == card).values(writing_begun_at_ms=None)
    _change(store, card, change)


def _change(store: Store, card: str, change: Update) -> Card:
    with store.write() as connection:
        connection.execute(change)
        return _read(connection, card)


def _of_account(connection: Connection, account: str) -> list[Card]:
    query = select(CARDS).where(CARDS.c.account == account)
    rows = connection.execute(query.order_by(CARDS.c.made_at_ms, CARDS.c.id)).mappings()
    return [_card(row) for row in rows]


def _read(connection: Connection, card: str) -> Card:
    found = _find(connection, card)
    if found is None:
        raise UnknownCard
    return found


def _find(connection: Connection, card: str) -> Card | None:
    query = select(CARDS).where(CARDS.c.id == card)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _card(row)


def _card(row: Mapping[Any, Any]) -> Card:
    minor, currency = row["limit_minor"], row["limit_currency"]
    limit = None if minor is None else Money(minor, currency)
    return as_struct({**row, "tap_limit": limit}, Card)
