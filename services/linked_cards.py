"""Bank cards that a wallet knows again: by a token, never by a number (terminals/pan.py).

They pay for nothing; a till that reads one learns that its holder has a wallet here.
"""

import msgspec
from sqlalchemy import Connection, delete, select

from services.card_tables import LINKED_CARDS
from services.rows import as_struct
from services.store import Store

LINKED_MAX = 5  # of one wallet


class TooManyLinkedCards(Exception):
    def __init__(self) -> None:
        super().__init__(
            f"a wallet has {LINKED_MAX} linked cards at most: unlink one first"
        )


class LinkedCard(msgspec.Struct, frozen=True, kw_only=True):
    """account: `acc_…`. expiry: YYYY-MM."""

    account: str
    token: str
    masked: str
    expiry: str
    linked_at_ms: int


def link_card(store: Store, card: LinkedCard) -> LinkedCard:
    """Write it down; what is linked already is as it was. Raises TooManyLinkedCards."""
    row = msgspec.structs.asdict(card)
    statement = store.insert_into(LINKED_CARDS).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        there = _of_account(connection, card.account)
        same = [each for each in there if each.token == card.token]
        if same:
            return same[0]
        if len(there) >= LINKED_MAX:
            raise TooManyLinkedCards
        connection.execute(statement)
    return card


def linked_cards_of(store: Store, account: str) -> list[LinkedCard]:
    """Oldest first."""
    with store.read() as connection:
        return _of_account(connection, account)


def unlink_card(store: Store, account: str, token: str) -> None:
    """A token that is not linked is no error: it is so already."""
    columns = LINKED_CARDS.c
    gone = delete(LINKED_CARDS).where(columns.account == account, columns.token == token)
    with store.write() as connection:
        connection.execute(gone)


def find_linked(store: Store, token: str) -> list[LinkedCard]:
    """In all wallets that know it."""
    query = select(LINKED_CARDS).where(LINKED_CARDS.c.token == token)
    with store.read() as connection:
        rows = connection.execute(query.order_by(LINKED_CARDS.c.linked_at_ms)).mappings()
        return [as_struct(row, LinkedCard) for row in rows]


def _of_account(connection: Connection, account: str) -> list[LinkedCard]:
    query = select(LINKED_CARDS).where(LINKED_CARDS.c.account == account)
    rows = connection.execute(query.order_by(LINKED_CARDS.c.linked_at_ms)).mappings()
    return [as_struct(row, LinkedCard) for row in rows]
