"""Labels: what an account is called, and whose it is. The journal knows neither."""

from collections.abc import Collection

import msgspec
from sqlalchemy import select

from services.principals import require_principal
from services.rows import as_struct
from services.store import Store
from services.tables import ACCOUNT_LABELS


class AccountLabel(msgspec.Struct, frozen=True, kw_only=True):
    """account: `acc_…`. owner: `prn_…`, or None for an account that nobody signs in to."""

    account: str
    label: str
    owner: str | None = None


def set_label(store: Store, label: AccountLabel) -> None:
    """Write it, over an earlier one of the account. Raises UnknownPrincipal (owner)."""
    statement = store.insert_into(ACCOUNT_LABELS).values(msgspec.structs.asdict(label))
    with store.write() as connection:
        if label.owner is not None:
            require_principal(connection, label.owner)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["account"],
                set_={"label": label.label, "owner": label.owner},
            )
        )


def find_labels(store: Store, accounts: Collection[str]) -> dict[str, AccountLabel]:
    """By account; accounts without a label are left out."""
    query = select(ACCOUNT_LABELS).where(ACCOUNT_LABELS.c.account.in_(accounts))
    with store.read() as connection:
        rows = connection.execute(query).mappings()
        return {row["account"]: as_struct(row, AccountLabel) for row in rows}
