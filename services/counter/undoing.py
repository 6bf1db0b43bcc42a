"""Voids and refunds, through the EMD: the coupons are taken first, then the money goes back, once.

    asked ──> done         coupons void or refunded, money given back
      └─────> refused      departure control or the ledger said no: the coupons are free again

The row and the claim on its coupons are one transaction, before anything is asked; every question
after it derives its key from the row. So whoever comes next goes on (services/counter/charging.py).
Departure control is asked first, and only when nothing of the document stays: what it keeps, flies.
"""

import asyncio
from enum import StrEnum

import msgspec
from sqlalchemy import ColumnElement, Connection, RowMapping, select, update

from ledger.clock import Clock
from ledger.entry import Cause
from ledger.ids import parse_payment
from ledger.keys import key_digest
from ledger.money import Money
from ledger.replies import DeclinedReply
from services.counter.charges import Charge, ChargeStatus, get_charge, read_charge
from services.counter.charging import ON_THE_WAY, RESUME_AFTER_MS, RESUME_MAX
from services.counter.departures import DepartureControl, DepartureRefused, DeparturesSilent
from services.counter.emds import (
    CouponStatus,
    Emd,
    claim,
    let_go,
    read_emds,
    set_status,
)
from services.counter_tables import COUNTER_UNDOS
from services.mint import mint
from services.own_cause import own_cause
from services.payments import Payments
from services.rows import as_struct
from services.sales_day import end_of_day_ms
from services.store import Store


class UndoKind(StrEnum):
    VOID = "void"
    REFUND = "refund"


class UndoStatus(StrEnum):
    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"


class UndoKeyReused(Exception):
    """The idempotency key came with another void or refund before."""


class CannotUndo(Exception):
    """The document cannot be voided or refunded so; nothing was changed. reason: for machines."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """coupons: which; empty for all that are open. shift, agent: in whose totals it stands."""

    kind: UndoKind
    coupons: tuple[int, ...]
    shift: str
    agent: str


class Undo(Wanted, frozen=True, kw_only=True):
    """last: nothing of the document stays, so its bags go back too."""

    id: str
    charge: str
    last: bool
    amount_minor: int
    status: UndoStatus
    reason: str | None
    created_at_ms: int
    changed_at_ms: int


class Undoing:
    def __init__(
        self,
        payments: Payments,
        store: Store,
        departures: DepartureControl,
        *,
        utc_offset_min: int,
        clock: Clock,
    ) -> None:
        self._payments = payments
        self._store = store
        self._departures = departures
        self._utc_offset_min = utc_offset_min
        self._clock = clock

    def voidable_until_ms(self, emd: Emd) -> int:
        """Midnight after its issue, where the counters are."""
        return end_of_day_ms(emd.issued_at_ms, self._utc_offset_min)

    async def undo(self, charge: Charge, wanted: Wanted, key: bytes) -> tuple[Undo, bool]:
        """As far as it got, and whether it was asked for before under this key.

        Raises CannotUndo before anything is asked, UndoKeyReused, and what an account raises.
        """
        name = mint("und", lambda count: key_digest("counter undo", key.hex())[:count])
        undo, replayed = await asyncio.to_thread(self._claim, name, charge, wanted)
        same = (undo.charge, undo.kind) == (charge.id, wanted.kind)
        if not same or (wanted.coupons and wanted.coupons != undo.coupons):
            raise UndoKeyReused
        return await self.advance(undo, charge), replayed

    async def advance(self, undo: Undo, charge: Charge) -> Undo:
        if undo.status is not UndoStatus.ASKED:
            return undo
        if undo.last:
            try:
                answer = await self._departures.take_back(charge.id)
            except DeparturesSilent:
                return undo
            if isinstance(answer, DepartureRefused):
                return await self._end(undo, UndoStatus.REFUSED, answer.text)
        assert charge.payment is not None, "what has an EMD was paid"
        amount = Money(undo.amount_minor, charge.amount.commodity)
        reply = await self._payments.refund(
            parse_payment(charge.payment), amount, _cause(undo)
        )
        if isinstance(reply, DeclinedReply):
            return await self._end(undo, UndoStatus.REFUSED, reply.reason.text)
        return await self._end(undo, UndoStatus.DONE)

    async def resume(self) -> int:
        """Take up what was left in the middle. How many were seen."""
        before_ms = self._clock.now_ms() - RESUME_AFTER_MS
        undos = await asyncio.to_thread(_unfinished, self._store, before_ms)
        for undo in undos:
            try:
                charge = await asyncio.to_thread(get_charge, self._store, undo.charge)
                await self.advance(undo, charge)
            except ON_THE_WAY:
                continue  # as it is: the next round, or its own caller, asks again
        return len(undos)

    def _claim(self, name: str, charge: Charge, wanted: Wanted) -> tuple[Undo, bool]:
        now_ms = self._clock.now_ms()
        with self._store.write() as connection:
            known = _find(connection, name)
            if known:
                return _undo(known), True
            emd = read_emds(connection, [charge.id]).get(charge.id)
            now = read_charge(connection, charge.id)
            if emd is None or now.status is not ChargeStatus.ISSUED:
                raise CannotUndo("not_issued", f"The charge is {now.status}, not issued.")
            coupons = self._coupons(emd, wanted, now_ms)
            stays = {c.number for c in emd.coupons if c.status is CouponStatus.OPEN}
            stays |= {c.number for c in emd.coupons if c.status is CouponStatus.USED}
            row = {
                **msgspec.structs.asdict(wanted),
                "id": name,
                "charge": charge.id,
                "coupons": list(coupons),
                "last": int(not stays - set(coupons)),
                "amount_minor": sum(
                    c.amount_minor for c in emd.coupons if c.number in coupons
                ),
                "status": UndoStatus.ASKED,
                "created_at_ms": now_ms,
                "changed_at_ms": now_ms,
            }
            connection.execute(self._store.insert_into(COUNTER_UNDOS).values(row))
            if not claim(connection, charge.id, coupons, name):
                raise CannotUndo("coupon_not_open", "A coupon was taken just now.")
            made = _find(connection, name)
            assert made is not None, "it was written in this transaction"
            return _undo(made), False

    def _coupons(self, emd: Emd, wanted: Wanted, now_ms: int) -> tuple[int, ...]:
        """Which are to be given back. Raises CannotUndo."""
        by_number = {coupon.number: coupon for coupon in emd.coupons}
        free = {
            c.number for c in emd.coupons if c.status is CouponStatus.OPEN and not c.undo
        }
        if wanted.kind is UndoKind.VOID:
            if self.voidable_until_ms(emd) <= now_ms:
                raise CannotUndo(
                    "sales_day_over", "Its sales day is over: the EMD can be refunded now."
                )
            if free != set(by_number):
                raise CannotUndo(
                    "coupons_not_open", "Only an EMD whose coupons are all open is voided."
                )
        chosen = tuple(sorted(set(wanted.coupons))) or tuple(sorted(free))
        if wanted.kind is UndoKind.VOID and set(chosen) != free:
            raise CannotUndo(
                "void_is_whole", "A void is of the whole EMD: refund a part of it."
            )
        for number in chosen:
            if number not in by_number:
                raise CannotUndo("no_such_coupon", f"The EMD has no coupon {number}.")
            if number not in free:
                was = by_number[number].status
                raise CannotUndo("coupon_not_open", f"Coupon {number} is {was}, not free.")
        if not chosen:
            raise CannotUndo("coupon_not_open", "The EMD has no open coupon.")
        return chosen

    async def _end(self, undo: Undo, status: UndoStatus, reason: str | None = None) -> Undo:
        return await asyncio.to_thread(self._end_now, undo, status, reason)

    def _end_now(self, undo: Undo, status: UndoStatus, reason: str | None) -> Undo:
        """Whoever ended it first has ended it."""
        now_ms = self._clock.now_ms()
        columns = COUNTER_UNDOS.c
        here = (columns.id == undo.id) & (columns.status == UndoStatus.ASKED)
        values = {"status": status, "reason": reason, "changed_at_ms": now_ms}
        with self._store.write() as connection:
            ended = connection.execute(update(COUNTER_UNDOS).where(here).values(values))
            if ended.rowcount == 1 and status is UndoStatus.DONE:
                was = undo.kind is UndoKind.VOID
                became = CouponStatus.VOID if was else CouponStatus.REFUNDED
                set_status(connection, undo.charge, undo.coupons, became)
            elif ended.rowcount == 1:
                let_go(connection, undo.charge, undo.coupons)
            row = _find(connection, undo.id)
        assert row is not None, "undos are never deleted"
        return _undo(row)


def undos_of_shift(store: Store, shift: str) -> tuple[Undo, ...]:
    return _where(store, COUNTER_UNDOS.c.shift == shift)


def undos_of_charges(store: Store, charges: list[str]) -> tuple[Undo, ...]:
    return _where(store, COUNTER_UNDOS.c.charge.in_(charges))


def _where(store: Store, condition: ColumnElement[bool]) -> tuple[Undo, ...]:
    """Oldest first."""
    query = select(COUNTER_UNDOS).where(condition)
    query = query.order_by(COUNTER_UNDOS.c.created_at_ms, COUNTER_UNDOS.c.id)
    with store.read() as connection:
        return tuple(_undo(row) for row in connection.execute(query).mappings())


def _unfinished(store: Store, before_ms: int) -> tuple[Undo, ...]:
    columns = COUNTER_UNDOS.c
    query = (
        select(COUNTER_UNDOS)
        .where(columns.status == UndoStatus.ASKED, columns.changed_at_ms <= before_ms)
        .order_by(columns.changed_at_ms)
        .limit(RESUME_MAX)
    )
    with store.read() as connection:
        return tuple(_undo(row) for row in connection.execute(query).mappings())


def _find(connection: Connection, name: str) -> RowMapping | None:
    query = select(COUNTER_UNDOS).where(COUNTER_UNDOS.c.id == name)
    return connection.execute(query).mappings().one_or_none()


def _undo(row: RowMapping) -> Undo:
    return as_struct({**row, "last": bool(row["last"])}, Undo)


def _cause(undo: Undo) -> Cause:
    return own_cause("counter undo", undo.id, undo.agent)
