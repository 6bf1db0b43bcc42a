"""Payouts: money of a merchant that leaves by the bank, as the bookkeeper tells them.

The ledger decides: whoever asked cannot approve, only what is approved is paid. Here is the list,
and the one rule that no single account can keep: a reference of a bank proves one payout only.
"""

import hashlib
from collections.abc import Sequence

import msgspec
from sqlalchemy import Connection, insert, select, update

from ledger.entry import Entry
from ledger.events import PayoutApproved, PayoutCancelled, PayoutHeld, PayoutPaid
from ledger.ids import Ref, account_text, transfer_text
from services.rows import as_struct
from services.settlement_tables import PAYOUT_EVIDENCE, PAYOUTS
from services.store import Store

PAYOUTS_MAX = 100
EVIDENCE_BYTES = 16


class Payout(msgspec.Struct, frozen=True):
    id: str
    account: str
    pot: str
    amount_minor: int
    status: str
    asked_by: str
    decided_by: str
    at_ms: int
    changed_at_ms: int


class EvidenceUsed(Exception):
    """The bank's reference has proved another payout."""


def add_payouts(connection: Connection, page: Sequence[Entry]) -> None:
    """What a page of a journal says of payouts. For the bookkeeper's transaction."""
    for entry in page:
        event = entry.event
        match event:
            case PayoutHeld():
                row = Payout(
                    _id(entry, event.ordinal),
                    account_text(entry.account),
                    event.pot,
                    event.amount_minor,
                    "held",
                    event.by,
                    "",
                    entry.at_ms,
                    entry.at_ms,
                )
                connection.execute(insert(PAYOUTS), msgspec.structs.asdict(row))
            case PayoutApproved(by=by):
                _change(connection, entry, event.ordinal, status="approved", decided_by=by)
            case PayoutCancelled(by=by):
                _change(connection, entry, event.ordinal, status="cancelled", decided_by=by)
            case PayoutPaid():
                _change(connection, entry, event.ordinal, status="paid")
            case _:
                pass


def _id(entry: Entry, ordinal: int) -> str:
    return transfer_text(Ref(entry.account, ordinal))


def _change(connection: Connection, entry: Entry, ordinal: int, **values: str) -> None:
    connection.execute(
        update(PAYOUTS)
        .where(PAYOUTS.c.id == _id(entry, ordinal))
        .values(**values, changed_at_ms=entry.at_ms)
    )


def list_payouts(store: Store, account: str) -> list[Payout]:
    """Newest first. account: empty for all."""
    query = select(PAYOUTS).order_by(PAYOUTS.c.at_ms.desc(), PAYOUTS.c.id)
    if account:
        query = query.where(PAYOUTS.c.account == account)
    with store.read() as connection:
        rows = connection.execute(query.limit(PAYOUTS_MAX)).mappings()
        return [as_struct(row, Payout) for row in rows]


def claim_evidence(store: Store, source: str, reference: str, payout: str) -> bytes:
    """The digest of the bank's reference, which is this payout's from now on.

    Raises EvidenceUsed.
    """
    message = f"payout\x00{source}\x00{reference}".encode()
    digest = hashlib.sha256(message).digest()[:EVIDENCE_BYTES]
    row = store.insert_into(PAYOUT_EVIDENCE).values(digest=digest, payout=payout)
    with store.write() as connection:
        connection.execute(row.on_conflict_do_nothing())
        owner = connection.execute(
            select(PAYOUT_EVIDENCE.c.payout).where(PAYOUT_EVIDENCE.c.digest == digest)
        ).scalar_one()
    if owner != payout:
        raise EvidenceUsed
    return digest
