"""Labels: what an account is called, and whose it is. The journal knows neither.

A label is personal: it is sealed under the account's data key, and ends with it.
"""

from collections.abc import Collection

import msgspec
from sqlalchemy import select

from services.principals import require_principal
from services.sealing import open_sealed
from services.store import Store
from services.tables import ACCOUNT_LABELS


class AccountLabel(msgspec.Struct, frozen=True, kw_only=True):
    """account: `acc_…`. owner: `prn_…`, or None for an account that nobody signs in to."""

    account: str
    label: str
    owner: str | None = None


def set_label(store: Store, label: AccountLabel) -> None:
    """Write it, over an earlier one of the account. Raises UnknownPrincipal (owner).

    A forgotten account stays without: a retry of its opening brings no name back.
    """
    with store.write() as connection:
        if label.owner is not None:
            require_principal(connection, label.owner)
        key = store.keys.make(connection, [label.account]).get(label.account)
        if key is None:
            return
        place = label_place(label.account)
        sealed = store.keys.seal(key, place, label.label.encode())
        statement = store.insert_into(ACCOUNT_LABELS).values(
            account=label.account, sealed_label=sealed, owner=label.owner
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["account"],
                set_={"sealed_label": sealed, "owner": label.owner},
            )
        )


def find_labels(store: Store, accounts: Collection[str]) -> dict[str, AccountLabel]:
    """By account; accounts without a label are left out."""
    query = select(ACCOUNT_LABELS).where(ACCOUNT_LABELS.c.account.in_(accounts))
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
        keys = store.keys.find(connection, [row["account"] for row in rows])
    return {
        row["account"]: AccountLabel(
            account=row["account"],
            label=_opened(keys[row["account"]], row["account"], row["sealed_label"]),
            owner=row["owner"],
        )
        for row in rows
        if row["account"] in keys and row["sealed_label"] is not None
    }


def label_place(account: str) -> str:
    return f"account_labels.sealed_label {account}"


def _opened(key: bytes, account: str, sealed: bytes) -> str:
    return open_sealed(key, label_place(account), sealed).decode()
