"""The outbox: what each webhook is owed, in the store.

The bookkeeper writes it in the same transaction as its place in the journal, so nothing that
happened is missing and nothing is owed twice. Order is kept for each payment: only its oldest
unsettled delivery is due. What could not be brought for three days is given up, and stands on the
page from which it can be sent again.
"""

from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    insert,
    or_,
    select,
    update,
)

from services.bookkeeping import Happening
from services.payment_state import PaymentRow, kind_of
from services.rows import as_struct
from services.store import Store
from services.webhook_tables import DELIVERIES, WEBHOOKS

# Three days of attempts, ten minutes apart at last (services/courier.py): a receiver that is away
# longer is not coming back by itself.
ATTEMPTS_MAX = 440
# A payment does not wait for the text of its order to be written (services/order_texts.py), which
# takes a quarter of a second. News does, or it would come without.
ORDER_TEXT_MS = 500
# A page, and what may be sent again with one call.
DELIVERIES_MAX = 100

_AGAIN = {
    "status": "pending",
    "attempts": 0,
    "next_at_ms": 0,
    "ended_at_ms": 0,
    "problem": "",
}


class DeliveryStatus(StrEnum):
    PENDING = "pending"
    DELIVERED = "delivered"
    GIVEN_UP = "given_up"


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """ended_at_ms: when it was delivered or given up, 0 before. problem: of the latest attempt."""

    webhook: str
    partition: int
    seq: int
    payment: str
    kind: str
    payload: bytes
    at_ms: int
    status: DeliveryStatus
    attempts: int
    next_at_ms: int
    ended_at_ms: int
    problem: str

    @property
    def event(self) -> str:
        return event_id(self.partition, self.seq)

    @property
    def row(self) -> PaymentRow:
        """The payment as it stood."""
        return msgspec.json.decode(self.payload, type=PaymentRow)


class Ended(msgspec.Struct, frozen=True):
    """An attempt at it: problem is empty when it arrived. next_at_ms: when to try again."""

    delivery: Delivery
    problem: str
    next_at_ms: int


def event_id(partition: int, seq: int) -> str:
    """One entry of a journal is one event."""
    return f"evt_{partition}_{seq}"


def parse_event(text: str) -> tuple[int, int] | None:
    prefix, _, rest = text.partition("_")
    partition, _, seq = rest.partition("_")
    if prefix != "evt" or not (partition + seq).isascii() or len(text) > 32:
        return None
    if not partition.isdigit() or not seq.isdigit():
        return None
    return int(partition), int(seq)


def owe(connection: Connection, happenings: Sequence[Happening]) -> None:
    """Write down what is to be told, to whom. For the bookkeeper's transaction."""
    merchants = {happening.payment.merchant for happening in happenings}
    wanted = select(WEBHOOKS.c.id, WEBHOOKS.c.merchant).where(
        WEBHOOKS.c.merchant.in_(merchants), WEBHOOKS.c.disabled_at_ms.is_(None)
    )
    webhooks: dict[str, list[str]] = {}
    for row in connection.execute(wanted):
        webhooks.setdefault(row.merchant, []).append(row.id)
    if not webhooks:
        return
    rows = [
        _owed(webhook, happening)
        for happening in happenings
        for webhook in webhooks.get(happening.payment.merchant, ())
    ]
    if rows:
        connection.execute(insert(DELIVERIES), rows)


def _owed(webhook: str, happening: Happening) -> dict[str, object]:
    entry = happening.entry
    delivery = Delivery(
        webhook=webhook,
        partition=happening.partition,
        seq=entry.seq,
        payment=happening.payment.id,
        kind=kind_of(entry),
        payload=msgspec.json.encode(happening.payment),
        at_ms=entry.at_ms,
        status=DeliveryStatus.PENDING,
        attempts=0,
        next_at_ms=entry.at_ms + ORDER_TEXT_MS,
        ended_at_ms=0,
        problem="",
    )
    return msgspec.structs.asdict(delivery)


class Outbox:
    def __init__(self, store: Store) -> None:
        self._store = store

    def webhooks_due(self, now_ms: int) -> list[str]:
        """Those that something is due for, and that still want to hear."""
        columns = DELIVERIES.c
        due = exists().where(
            columns.webhook == WEBHOOKS.c.id,
            columns.status == DeliveryStatus.PENDING,
            columns.next_at_ms <= now_ms,
        )
        query = select(WEBHOOKS.c.id).where(WEBHOOKS.c.disabled_at_ms.is_(None), due)
        with self._store.read() as connection:
            return list(connection.execute(query).scalars())

    def due(self, webhook: str, now_ms: int, limit: int) -> list[Delivery]:
        """One for each payment, at most: the oldest that is not settled, if its time has come."""
        earlier = DELIVERIES.alias("earlier")
        columns = DELIVERIES.c
        waits = exists().where(
            earlier.c.webhook == columns.webhook,
            earlier.c.payment == columns.payment,
            earlier.c.status == DeliveryStatus.PENDING,
            earlier.c.seq < columns.seq,
        )
        query = (
            select(DELIVERIES)
            .where(
                columns.webhook == webhook,
                columns.status == DeliveryStatus.PENDING,
                columns.next_at_ms <= now_ms,
                ~waits,
            )
            .order_by(columns.next_at_ms, columns.at_ms, columns.seq)
            .limit(limit)
        )
        with self._store.read() as connection:
            return _deliveries(connection, query)

    def record(self, ended: Collection[Ended], now_ms: int) -> None:
        """What became of these attempts."""
        with self._store.write() as connection:
            for end in ended:
                connection.execute(
                    update(DELIVERIES)
                    .where(
                        _is(end.delivery.webhook, end.delivery.partition, end.delivery.seq)
                    )
                    .values(_values(end, now_ms))
                )

    def page(
        self,
        webhook: str,
        *,
        status: DeliveryStatus | None,
        before: tuple[int, int, int] | None,
        limit: int,
    ) -> list[Delivery]:
        """Newest first. before: (at_ms, partition, seq) of the last one of the page before."""
        columns = DELIVERIES.c
        query = select(DELIVERIES).where(columns.webhook == webhook)
        if status is not None:
            query = query.where(columns.status == status)
        if before is not None:
            at_ms, partition, seq = before
            same = columns.at_ms == at_ms
            lower = and_(same, columns.partition < partition)
            beside = and_(same, columns.partition == partition, columns.seq < seq)
            query = query.where(or_(columns.at_ms < at_ms, lower, beside))
        newest = (columns.at_ms.desc(), columns.partition.desc(), columns.seq.desc())
        with self._store.read() as connection:
            return _deliveries(connection, query.order_by(*newest).limit(limit))

    def replay(self, webhook: str, events: Collection[tuple[int, int]]) -> int:
        """Owe these again, whatever became of them; returns how many there are."""
        count = 0
        with self._store.write() as connection:
            for partition, seq in events:
                done = connection.execute(
                    update(DELIVERIES).where(_is(webhook, partition, seq)).values(_AGAIN)
                )
                count += done.rowcount
        return count

    def replay_given_up(self, webhook: str) -> int:
        columns = DELIVERIES.c
        with self._store.write() as connection:
            done = connection.execute(
                update(DELIVERIES)
                .where(
                    columns.webhook == webhook, columns.status == DeliveryStatus.GIVEN_UP
                )
                .values(_AGAIN)
            )
            return done.rowcount


def _deliveries(connection: Connection, query: Select[Any]) -> list[Delivery]:
    rows = connection.execute(query).mappings()
    return [as_struct(row, Delivery) for row in rows]


def _is(webhook: str, partition: int, seq: int) -> ColumnElement[bool]:
    columns = DELIVERIES.c
    return and_(
        columns.webhook == webhook, columns.partition == partition, columns.seq == seq
    )


def _values(end: Ended, now_ms: int) -> dict[str, object]:
    delivery, status, ended_at_ms = end.delivery, DeliveryStatus.PENDING, 0
    if not end.problem:
        status, ended_at_ms = DeliveryStatus.DELIVERED, now_ms
    elif delivery.attempts + 1 >= ATTEMPTS_MAX:
        status, ended_at_ms = DeliveryStatus.GIVEN_UP, now_ms
    return {
        "status": status,
        "attempts": delivery.attempts + 1,
        "next_at_ms": end.next_at_ms,
        "ended_at_ms": ended_at_ms,
        "problem": end.problem,
    }
