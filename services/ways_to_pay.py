"""Ways to pay: which pots of a wallet pay at a tap, what their owner calls them, which one first.

A pot pays what is asked in its currency; nothing is converted. So what the default decides is what
one tap may spend: where it does not fit, its owner must say which way, or points that were saved
for a journey would go for a coffee. Who has saved no way pays from whatever pot fits.

A way is no limit. A code that is shown at a till pays from the pot of the till's currency.
"""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, insert, select

from ledger.posting import commodity_of
from services.passenger_tables import WAYS_TO_PAY
from services.personal_text import open_texts, seal_text
from services.store import Store


class WayNotChosen(Exception):
    """One tap does not say which way, and the default does not fit: its owner must."""

    def __init__(self, default: str, currency: str) -> None:
        super().__init__(
            f"the default way to pay is in {default}, and this is paid in {currency}: say which way"
        )


class WayUnusable(Exception):
    """The way that was named is not saved, or is of another currency."""

    def __init__(self, way: str, currency: str) -> None:
        super().__init__(f"{way[:32]!r} is no saved way to pay in {currency}")


class Way(msgspec.Struct, frozen=True):
    """pot: also its id. label: empty for its currency's own name."""

    pot: str
    label: str
    is_default: bool


def ways_of(store: Store, account: str) -> list[Way]:
    """Those that were saved, in their owner's order."""
    columns = WAYS_TO_PAY.c
    query = select(WAYS_TO_PAY).where(columns.account == account)
    with store.read() as connection:
        rows = connection.execute(query.order_by(columns.position)).all()
        sealed = {_place(account, row.pot): row.sealed_label for row in rows}
        labels = open_texts(connection, account, sealed)
    return [Way(row.pot, labels[_place(account, row.pot)], row.is_default) for row in rows]


def save_ways(store: Store, account: str, ways: Sequence[Way]) -> None:
    """Instead of those that were saved before. Raises HolderForgotten."""
    with store.write() as connection:
        of_account = delete(WAYS_TO_PAY).where(WAYS_TO_PAY.c.account == account)
        connection.execute(of_account)
        for position, way in enumerate(ways):
            place = _place(account, way.pot)
            row = {
                "account": account,
                "pot": way.pot,
                "position": position,
                "is_default": way.is_default,
                "sealed_label": seal_text(connection, account, place, way.label),
            }
            connection.execute(insert(WAYS_TO_PAY), row)


def require_way(ways: Sequence[Way], currency: str, named: str | None) -> None:
    """Whether this may be paid at a tap. Raises WayNotChosen, WayUnusable."""
    if named is not None:
        fits = commodity_of(named) == currency
        if not fits or named not in {way.pot for way in ways}:
            raise WayUnusable(named, currency)
        return
    default = next((way.pot for way in ways if way.is_default), None)
    if default is not None and commodity_of(default) != currency:
        raise WayNotChosen(commodity_of(default), currency)


def _place(account: str, pot: str) -> str:
    return f"ways_to_pay.sealed_label {account} {pot}"
