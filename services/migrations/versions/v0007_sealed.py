"""What is personal is sealed under a key of its holder; what stood there in plain is overwritten.

An order text of the first release does not say who paid: it is sealed for its merchant. So is an
order that is paid and does not say by whom.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import context, op
from sqlalchemy import Connection

from services.data_keys import DataKeys
from services.sweep import SweepKind, sweep_is_due

revision = "0007"
down_revision = "0006"

PAGE = 1_000


def upgrade() -> None:
    create_data_keys()
    create_sealed_columns()
    if not op.get_context().as_sql:  # as text there is nothing to seal
        seal_what_is_plain(op.get_bind(), context.config.attributes["keys"])
    drop_plain_columns()


def create_data_keys() -> None:
    op.create_table(
        "data_keys",
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("sealed_key", sa.LargeBinary),
        sa.Column("destroyed_at_ms", sa.BigInteger),
        sa.PrimaryKeyConstraint("holder", name="pk_data_keys"),
    )
    destroyed = sa.text("destroyed_at_ms IS NOT NULL")
    op.create_index(
        "ix_data_keys_destroyed",
        "data_keys",
        ["destroyed_at_ms"],
        sqlite_where=destroyed,
        postgresql_where=destroyed,
    )
    op.create_table(
        "sweeps",
        sa.Column("kind", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_sweeps"),
    )


def create_sealed_columns() -> None:
    op.add_column("principals", sa.Column("sealed_name", sa.LargeBinary))
    op.add_column("account_labels", sa.Column("sealed_label", sa.LargeBinary))
    op.add_column("orders", sa.Column("sealed_text", sa.LargeBinary))
    op.add_column("orders", sa.Column("sealed_lines", sa.LargeBinary))
    for column in ("sealed_order_text", "sealed_passengers", "sealed_ticket_numbers"):
        op.add_column("tickets", sa.Column(column, sa.LargeBinary))
    op.create_index("ix_orders_paying_account", "orders", ["paying_account"])
    op.create_table(
        "sealed_order_texts",
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("digest", sa.LargeBinary, nullable=False),
        sa.Column("sealed_text", sa.LargeBinary, nullable=False),
        sa.Column("first_seen_ms", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("holder", "digest", name="pk_sealed_order_texts"),
    )


def drop_plain_columns() -> None:
    op.drop_column("principals", "name")
    op.drop_column("account_labels", "label")
    op.drop_column("orders", "order_text")
    op.drop_column("orders", "lines")
    for column in ("order_text", "passengers", "ticket_numbers"):
        op.drop_column("tickets", column)
    op.drop_table("order_texts")


def seal_what_is_plain(connection: Connection, keys: DataKeys) -> None:
    """Places are written out: they are how this revision sealed, whatever later ones do."""
    found = False
    for rows in _pages(connection, "principals", "id", "kind", "account", "name"):
        found = True
        _update(connection, keys, "principals", [
            _Cell(
                row.account if row.kind == "customer" else row.id,
                row.id, "name", row.name.encode()) for row in rows
        ])  # fmt: skip
    for rows in _pages(connection, "account_labels", "account", "label"):
        _update(connection, keys, "account_labels", [
            _Cell(row.account, row.account, "label", row.label.encode()) for row in rows
        ])  # fmt: skip
    columns = ("id", "merchant", "order_text", "lines", "status", "paying_account")
    for rows in _pages(connection, "orders", *columns):
        _update(connection, keys, "orders", [cell for row in rows for cell in _order(row)])
    for rows in _pages(
        connection, "tickets", "id", "account", "order_text", "passengers", "ticket_numbers"
    ):
        _update(
            connection, keys, "tickets", [cell for row in rows for cell in _ticket(row)]
        )
    for rows in _pages(
        connection, "order_texts", "digest", "merchant", "order_text", "first_seen_ms"
    ):
        _move_texts(connection, keys, rows)
    sweep_is_due(connection, SweepKind.FILE if found else SweepKind.LOG)


class _Cell(msgspec.Struct, frozen=True):
    """A text that is to be sealed as `sealed_<what>` of the row with this primary key."""

    holder: str
    row: str
    what: str
    plain: bytes


def _order(row: Any) -> Iterator[_Cell]:
    paid = row.status == "paid" and row.paying_account
    holder = row.paying_account if paid else row.merchant
    yield _Cell(holder, row.id, "text", row.order_text.encode())
    yield _Cell(holder, row.id, "lines", _json(row.lines))


def _ticket(row: Any) -> Iterator[_Cell]:
    for name in ("order_text", "passengers", "ticket_numbers"):
        value = getattr(row, name)
        plain = msgspec.json.encode(value) if name == "order_text" else _json(value)
        yield _Cell(row.account, row.id, name, plain)


def _json(value: Any) -> bytes:
    """SQLite gives JSON back as the text it is kept as, PostgreSQL as what it says."""
    return msgspec.json.encode(
        msgspec.json.decode(value) if isinstance(value, str) else value
    )


def _update(
    connection: Connection, keys: DataKeys, table: str, cells: Sequence[_Cell]
) -> None:
    found = keys.make(connection, [cell.holder for cell in cells])
    primary = "account" if table == "account_labels" else "id"
    for cell in cells:
        column = f"sealed_{cell.what}"
        sealed = keys.seal(found[cell.holder], f"{table}.{column} {cell.row}", cell.plain)
        target = sa.table(table, sa.column(primary), sa.column(column))
        connection.execute(
            sa.update(target).where(target.c[primary] == cell.row).values({column: sealed})
        )


def _move_texts(connection: Connection, keys: DataKeys, rows: Sequence[Any]) -> None:
    found = keys.make(connection, [row.merchant for row in rows])
    names = ("holder", "digest", "sealed_text", "first_seen_ms")
    target = sa.table("sealed_order_texts", *[sa.column(name) for name in names])
    moved = []
    for row in rows:
        place = f"order_texts.sealed_text {row.merchant} {row.digest.hex()}"
        sealed = keys.seal(found[row.merchant], place, row.order_text.encode())
        values = (row.merchant, row.digest, sealed, row.first_seen_ms)
        moved.append(dict(zip(names, values, strict=True)))
    connection.execute(sa.insert(target), moved)


def _pages(
    connection: Connection, table: str, primary: str, *columns: str
) -> Iterator[Sequence[Any]]:
    """By primary key: a cursor that stays open would meet the rows that are being changed."""
    names = (primary, *columns)
    source = sa.table(table, *[sa.column(name) for name in names])
    key = source.c[primary]
    query = sa.select(source).order_by(key).limit(PAGE)
    rows = connection.execute(query).all()
    while rows:
        yield rows
        rows = connection.execute(query.where(key > rows[-1][0])).all()
