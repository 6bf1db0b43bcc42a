"""The register of issuer keys: by number, a check value of each that was ever held here.

A number says little about a key. A file that was lost and made anew, a backup of another
installation, a security module in place of the file: each has a key 1, under which no card that is
out there would be believed. So each key leaves its check value, a CMAC of a fixed text, and is
compared with it at every start; and every key that a card needs must be there.
"""

import hmac
from collections.abc import Iterable

from sqlalchemy import select

from services.card_issuer import IssuerKeys, Known
from services.card_tables import CARDS, ISSUER_KEYS
from services.cards import CardForm, CardStatus
from services.store import Store

# No message from which a card's key derives begins so (services/card_issuer.py).
_CHECKED = b"\x00airside issuer key check"


class IssuerKeyChanged(Exception):
    """A key of this number was held here, and was another. Who changed it is to blame."""

    def __init__(self, key_id: int) -> None:
        super().__init__(
            f"issuer key {key_id} is another one than it was, and no card of the old one would be"
            " believed: give back the old file or security module. A module that comes in place"
            " of the file gets keys of its own by `airside cards issuer-key`"
        )


class IssuerKeyMissing(Exception):
    """Cards that may pay derive from a key that is not held."""

    def __init__(self, missing: Iterable[int], held: Iterable[int]) -> None:
        wanted, there = (", ".join(map(str, sorted(keys))) for keys in (missing, held))
        super().__init__(
            f"cards derive from issuer key {wanted}, and only {there} is here: bring it back, or"
            " report those cards as lost (`airside cards list`, `airside cards lost crd_…`)"
        )


def known_keys(store: Store) -> Known:
    """Lost cards need no key any more."""
    columns = CARDS.c
    in_use = select(columns.key_id).where(
        columns.form == CardForm.CHIP, columns.status != CardStatus.LOST
    )
    with store.read() as connection:
        return Known(
            frozenset(connection.execute(in_use.distinct()).scalars()),
            frozenset(connection.execute(select(ISSUER_KEYS.c.key_id)).scalars()),
        )


def require_known(store: Store, keys: IssuerKeys) -> None:
    """What is held here for the first time is written down.

    Raises IssuerKeyChanged, IssuerKeyMissing, HsmUnusable.
    """
    if missing := known_keys(store).in_use - keys.key_ids:
        raise IssuerKeyMissing(missing, keys.key_ids)
    values = {key_id: keys.mac(key_id, _CHECKED) for key_id in sorted(keys.key_ids)}
    rows = [{"key_id": key_id, "check_value": value} for key_id, value in values.items()]
    statement = store.insert_into(ISSUER_KEYS).on_conflict_do_nothing()
    with store.write() as connection:
        connection.execute(statement, rows)
        written = connection.execute(select(ISSUER_KEYS)).mappings().all()
    for row in written:
        value = values.get(row["key_id"])
        if value is not None and not hmac.compare_digest(value, row["check_value"]):
            raise IssuerKeyChanged(row["key_id"])
