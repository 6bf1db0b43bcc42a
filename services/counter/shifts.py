"""Shifts: what one agent took from opening to closing, by currency and way, tied to the ledger.

A shift's rows are ours; the money is the ledger's. So each payment that the rows name is read
there, and compared: what was captured with what the EMD is for, what went back with what was voided
and refunded. A payment that the ledger has for a charge of the shift, and the rows do not, is a
difference too. Nothing is corrected here: a difference is named until somebody has mended it.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import RowMapping, select, update

from ledger.ids import parse_payment
from ledger.payment import PaymentState
from ledger.replies import PaymentReply
from services.counter.charges import (
    UNFINISHED,
    Charge,
    ChargeStatus,
    charges_of_shift,
    find_charges,
)
from services.counter.undoing import (
    Undo,
    UndoKind,
    UndoStatus,
    undos_of_charges,
    undos_of_shift,
)
from services.counter_tables import COUNTER_SHIFTS
from services.keyring import Keyring
from services.mint import RandomBytes, mint
from services.payment_list import payments_for
from services.payments import Payments
from services.rows import as_struct
from services.store import Store

# Payments that are read at once: more would take the mailbox from those who pay.
READ_AT_ONCE = 16
# Shifts of one list: some two weeks of one agent's.
LISTED_MAX = 20


class UnknownShift(LookupError):
    def __init__(self, shift: str) -> None:
        super().__init__(f"there is no shift {shift[:48]!r}")


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    agent: str
    merchant: str
    opened_at_ms: int
    closed_at_ms: int | None


class Total(msgspec.Struct, kw_only=True):
    """In one currency, by one way. net = charged - voided - refunded."""

    currency: str
    way: str
    charges: int = 0
    charged_minor: int = 0
    voids: int = 0
    voided_minor: int = 0
    refunds: int = 0
    refunded_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.charged_minor - self.voided_minor - self.refunded_minor


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """what: `captured`, `given_back`, or `unknown_payment`. In minor units of the currency."""

    charge: str
    payment: str
    what: str
    currency: str
    counter_minor: int
    ledger_minor: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """unfinished: charges whose end is not known yet. They are in no total."""

    shift: Shift
    totals: tuple[Total, ...]
    emds: int
    unfinished: int
    differences: tuple[Difference, ...]

    @property
    def ties(self) -> bool:
        return not self.differences


def open_shift(
    store: Store, agent: str, merchant: str, *, random_bytes: RandomBytes, now_ms: int
) -> Shift:
    """The agent's open shift: the one that is, or a new one."""
    row = {
        "id": mint("shf", random_bytes),
        "agent": agent,
        "merchant": merchant,
        "opened_at_ms": now_ms,
    }
    statement = store.insert_into(COUNTER_SHIFTS).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        connection.execute(statement)
        query = _of_agent(agent).where(COUNTER_SHIFTS.c.closed_at_ms.is_(None))
        return _shift(connection.execute(query).mappings().one())


def current_shift(store: Store, agent: str) -> Shift | None:
    query = _of_agent(agent).where(COUNTER_SHIFTS.c.closed_at_ms.is_(None))
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else _shift(row)


def get_shift(store: Store, shift: str) -> Shift:
    """Raises UnknownShift."""
    query = select(COUNTER_SHIFTS).where(COUNTER_SHIFTS.c.id == shift)
    with store.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownShift(shift)
    return _shift(row)


def list_shifts(store: Store, agent: str) -> tuple[Shift, ...]:
    """Newest first."""
    with store.read() as connection:
        rows = connection.execute(_of_agent(agent).limit(LISTED_MAX)).mappings()
        return tuple(_shift(row) for row in rows)


def close_shift(store: Store, shift: str, *, now_ms: int) -> Shift:
    """Nothing is charged in it from now on; a second time is no error. Raises UnknownShift."""
    columns = COUNTER_SHIFTS.c
    here = (columns.id == shift) & columns.closed_at_ms.is_(None)
    with store.write() as connection:
        connection.execute(update(COUNTER_SHIFTS).where(here).values(closed_at_ms=now_ms))
    return get_shift(store, shift)


class Shifts:
    """The report of a shift, as rows and ledger have it now."""

    def __init__(self, payments: Payments, store: Store, keyring: Keyring) -> None:
        self._payments = payments
        self._store = store
        self._keyring = keyring

    async def report(self, shift: Shift) -> Report:
        """Raises what asking an account raises."""
        charges, undos = await asyncio.to_thread(self._rows, shift)
        other = sorted({undo.charge for undo in undos} - {charge.id for charge in charges})
        others = await asyncio.to_thread(find_charges, self._store, other)
        every = [*charges, *others]
        paid = [charge for charge in every if charge.payment]
        all_undos = await asyncio.to_thread(
            undos_of_charges, self._store, [charge.id for charge in paid]
        )
        differences: list[Difference] = []
        for start in range(0, len(paid), READ_AT_ONCE):
            some = paid[start : start + READ_AT_ONCE]
            found = await asyncio.gather(*[self._compare(one, all_undos) for one in some])
            differences += [difference for each in found for difference in each]
        differences += await asyncio.to_thread(self._unknown, charges)
        return Report(
            shift=shift,
            totals=_totals(charges, undos, {charge.id: charge for charge in every}),
            emds=sum(charge.status is ChargeStatus.ISSUED for charge in charges),
            unfinished=sum(charge.status in UNFINISHED for charge in charges),
            differences=tuple(differences),
        )

    def _rows(self, shift: Shift) -> tuple[tuple[Charge, ...], tuple[Undo, ...]]:
        return charges_of_shift(self._store, shift.id), undos_of_shift(
            self._store, shift.id
        )

    async def _compare(self, charge: Charge, undos: Sequence[Undo]) -> list[Difference]:
        """One payment with the ledger's. What is still under way cannot be compared."""
        own = [undo for undo in undos if undo.charge == charge.id]
        under_way = any(undo.status is UndoStatus.ASKED for undo in own)
        if charge.status in UNFINISHED or under_way:
            return []
        assert charge.payment is not None, "only what was paid is compared"
        reply = await self._payments.read(parse_payment(charge.payment), charge.agent)
        if not isinstance(reply, PaymentReply):
            return [_difference(charge, "captured", _captured_minor(charge), 0)]
        taken = sum(reply.captured.values())
        back = sum(reply.refunded.values())
        if reply.state is PaymentState.REVERSED:
            taken, back = 0, 0
        done = sum(undo.amount_minor for undo in own if undo.status is UndoStatus.DONE)
        if charge.status is not ChargeStatus.ISSUED:
            # Nothing may be kept of it, whether it was never taken or given back.
            return (
                [_difference(charge, "captured", 0, taken - back)] if taken > back else []
            )
        compared = [
            ("captured", _captured_minor(charge), taken),
            ("given_back", done, back),
        ]
        return [_difference(charge, *one) for one in compared if one[1] != one[2]]

    def _unknown(self, charges: Iterable[Charge]) -> list[Difference]:
        """Payments that the ledger told for our charges, and that pay for none."""
        found = []
        for charge in charges:
            if charge.order is None:
                continue
            digest = self._keyring.order_digest(charge.merchant, charge.order_text)
            for row in payments_for(
                self._store, charge.merchant, digest, since_ms=charge.created_at_ms
            ):
                kept_minor = row.captured_minor - row.refunded_minor
                reversed_ = row.status == PaymentState.REVERSED
                if row.id != charge.payment and kept_minor and not reversed_:
                    found.append(
                        Difference(
                            charge=charge.id,
                            payment=row.id,
                            what="unknown_payment",
                            currency=row.currency,
                            counter_minor=0,
                            ledger_minor=kept_minor,
                        )
                    )
        return found


def _captured_minor(charge: Charge) -> int:
    return charge.amount.amount_minor if charge.status is ChargeStatus.ISSUED else 0


def _difference(
    charge: Charge, what: str, counter_minor: int, ledger_minor: int
) -> Difference:
    return Difference(
        charge=charge.id,
        payment=charge.payment or "",
        what=what,
        currency=charge.amount.commodity,
        counter_minor=counter_minor,
        ledger_minor=ledger_minor,
    )


def _totals(
    charges: Iterable[Charge], undos: Iterable[Undo], by_id: dict[str, Charge]
) -> tuple[Total, ...]:
    totals: dict[tuple[str, str], Total] = {}

    def of(charge: Charge) -> Total:
        currency, way = charge.amount.commodity, charge.way.value
        return totals.setdefault((currency, way), Total(currency=currency, way=way))

    for charge in charges:
        if charge.status is ChargeStatus.ISSUED:
            total = of(charge)
            total.charges += 1
            total.charged_minor += charge.amount.amount_minor
    for undo in undos:
        if undo.status is not UndoStatus.DONE:
            continue
        total = of(by_id[undo.charge])
        if undo.kind is UndoKind.VOID:
            total.voids += 1
            total.voided_minor += undo.amount_minor
        else:
            total.refunds += 1
            total.refunded_minor += undo.amount_minor
    return tuple(totals[place] for place in sorted(totals))


def _of_agent(agent: str) -> Any:
    columns = COUNTER_SHIFTS.c
    return (
        select(COUNTER_SHIFTS)
        .where(columns.agent == agent)
        .order_by(columns.opened_at_ms.desc(), columns.id.desc())
    )


def _shift(row: RowMapping) -> Shift:
    return as_struct(row, Shift)
