"""Taking in what tills tell: each entry once, whoever brings it, in whatever order.

An entry is known by (device, sequence): the same again changes nothing, another one under that name
is a till that tells two stories. A sale claims (allowance, counter): a second sale with it is paid
by the risk account, and is a case. What is missing is computed from what is there, never assumed.

Everything about one upload is decided in one transaction, before any money moves; so what is in the
store is what settlement works from, and it may die at any point.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, insert, select, update

from services.allowances import (
    AllowanceStatus,
    find_allowance,
    raw_id,
    text_id,
)
from services.flight_cases import CaseKind, open_case
from services.flight_tables import (
    ALLOWANCES,
    FLIGHT_DEVICES,
    FLIGHT_ENTRIES,
    FLIGHT_SALES,
)
from services.flights import (
    Flight,
    FlightStatus,
    Till,
    read_flight,
    read_tills,
    set_status,
)
from services.store import Store
from terminals.inflight.allowance import AllowanceRefused
from terminals.inflight.entry import (
    NO_ENTRY,
    Closed,
    Entry,
    EntryRefused,
    Sold,
    open_entry,
)
from terminals.inflight.frame import Frame, FrameRefused, open_frame
from terminals.inflight.records import Damage, records


class Pays(StrEnum):
    HOLD = "hold"
    RISK = "risk"


class SaleStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    UNPAID = "unpaid"  # the risk account declined


class FlightSale(msgspec.Struct, frozen=True, kw_only=True):
    """allowance: as its id is written, also when nobody knows it."""

    flight: str
    device: int
    seq: int
    allowance: str
    counter: int
    amount_minor: int
    pays: Pays
    status: SaleStatus
    tries: int
    payment: str | None


class Told(msgspec.Struct, frozen=True):
    """What became of one upload: entries that are new, known, in conflict; bytes that are none."""

    new: int
    known: int
    refused: int
    damaged_bytes: int


class DeviceState(msgspec.Struct, frozen=True):
    """entries: how many are here. whole: how many from the first on without a gap. missing: ranges
    of sequences, both ends included. closed: the last of a whole journal says that it is the last.
    """

    till: Till
    entries: int
    whole: int
    missing: tuple[tuple[int, int], ...]
    closed: bool


class Intake:
    """keys: the gateway's public keys of allowances."""

    def __init__(self, store: Store, keys: dict[int, bytes]) -> None:
        self._store = store
        self._keys = keys

    def take(self, flight: str, content: bytes, *, told_by: str, now_ms: int) -> Told:
        """Records as tills keep them. Raises UnknownFlight."""
        raws = [found for found in records(content) if isinstance(found, bytes)]
        damage = [found for found in records(content) if isinstance(found, Damage)]
        with self._store.write() as connection:
            found = read_flight(connection, flight)
            tills = read_tills(connection, flight)
            upload = _Upload(connection, found, self._keys, told_by, now_ms)
            counts = upload.take(raws, {till.number: till.public_key for till in tills})
            if found.status is FlightStatus.LANDED and counts[0]:
                set_status(connection, found, FlightStatus.UPLOADING, now_ms)
        return Told(*counts, sum(stretch.length for stretch in damage))


class _Upload:
    def __init__(
        self,
        connection: Connection,
        flight: Flight,
        keys: dict[int, bytes],
        told_by: str,
        now_ms: int,
    ) -> None:
        self._connection = connection
        self._flight = flight
        self._keys = keys
        self._told_by = told_by
        self._now_ms = now_ms

    def take(
        self, raws: Iterable[bytes], public_keys: dict[int, bytes]
    ) -> tuple[int, int, int]:
        from_flight = raw_id(self._flight.id)
        new = known = refused = 0
        for raw in raws:
            try:
                entry = open_entry(raw, from_flight, public_keys)
            except EntryRefused:
                refused += 1
                continue
            there = self._there(entry)
            if there is None:
                self._keep(entry)
                new += 1
            elif there == entry.raw:
                known += 1
            else:
                self._case(CaseKind.TWO_STORIES, entry, None)
                refused += 1
        return new, known, refused

    def _there(self, entry: Entry) -> bytes | None:
        columns = FLIGHT_ENTRIES.c
        query = select(columns.raw).where(
            columns.flight == self._flight.id,
            columns.device == entry.body.device,
            columns.seq == entry.body.seq,
        )
        row = self._connection.execute(query).one_or_none()
        return None if row is None else bytes(row.raw)

    def _keep(self, entry: Entry) -> None:
        body = entry.body
        row = {
            "flight": self._flight.id,
            "device": body.device,
            "seq": body.seq,
            "raw": entry.raw,
            "told_by": self._told_by,
            "told_at_ms": self._now_ms,
        }
        self._connection.execute(insert(FLIGHT_ENTRIES), row)
        columns = FLIGHT_DEVICES.c
        here = (columns.flight == self._flight.id) & (columns.number == body.device)
        told = update(FLIGHT_DEVICES).where(here).values(told_at_ms=self._now_ms)
        self._connection.execute(told)
        if isinstance(body.what, Sold):
            self._claim(entry, body.what)

    def _claim(self, entry: Entry, sold: Sold) -> None:
        """The sale, and who pays for it."""
        try:
            frame = open_frame(sold.frame, self._keys)
        except (AllowanceRefused, FrameRefused):
            # A till of ours accepted what nobody signed: its programme is not ours.
            self._case(CaseKind.NOT_GENUINE, entry, None)
            return
        allowance = text_id("alw", frame.allowance.id)
        kind = self._objection(allowance, frame)
        if kind is not None:
            self._case(kind, entry, allowance)
        if kind is CaseKind.SPENT_TWICE:
            self._block(allowance)
        self._connection.execute(
            insert(FLIGHT_SALES),
            {
                "flight": self._flight.id,
                "device": entry.body.device,
                "seq": entry.body.seq,
                "allowance": allowance,
                "counter": frame.showing.counter,
                "amount_minor": sold.amount_minor,
                "pays": self._payer(kind),
                "status": SaleStatus.PENDING,
                "tries": 0,
            },
        )

    def _objection(self, allowance: str, frame: Frame) -> CaseKind | None:
        """What is wrong with this sale, or None: it goes to the hold."""
        kept = find_allowance(self._connection, allowance)
        if kept is None or kept.flight != self._flight.id or kept.payment is None:
            return CaseKind.UNKNOWN_ALLOWANCE
        if kept.status is not AllowanceStatus.OPEN:
            return CaseKind.LATE
        columns = FLIGHT_SALES.c
        twice = select(columns.seq).where(
            columns.allowance == allowance, columns.counter == frame.showing.counter
        )
        if self._connection.execute(twice).first() is not None:
            return CaseKind.SPENT_TWICE
        return None

    def _payer(self, kind: CaseKind | None) -> Pays:
        passenger = self._flight.rules.spent_twice == "passenger"
        if kind is None or (kind is CaseKind.SPENT_TWICE and passenger):
            return Pays.HOLD
        return Pays.RISK

    def _block(self, allowance: str) -> None:
        here = (ALLOWANCES.c.id == allowance) & ALLOWANCES.c.blocked_at_ms.is_(None)
        self._connection.execute(
            update(ALLOWANCES).where(here).values(blocked_at_ms=self._now_ms)
        )

    def _case(self, kind: CaseKind, entry: Entry, allowance: str | None) -> None:
        open_case(
            self._connection,
            self._flight.id,
            kind,
            place=(entry.body.device, entry.body.seq),
            allowance=allowance,
            now_ms=self._now_ms,
        )


def device_states(connection: Connection, flight: str) -> list[DeviceState]:
    """How far each till has told its journal."""
    tills = read_tills(connection, flight)
    public_keys = {till.number: till.public_key for till in tills}
    return [
        _state(till, entries_of(connection, flight, till.number, public_keys))
        for till in tills
    ]


def entries_of(
    connection: Connection, flight: str, device: int, public_keys: dict[int, bytes]
) -> list[Entry]:
    """In their order; gaps are left out."""
    columns = FLIGHT_ENTRIES.c
    query = (
        select(columns.raw)
        .where(columns.flight == flight, columns.device == device)
        .order_by(columns.seq)
    )
    from_flight = raw_id(flight)
    return [
        open_entry(bytes(row.raw), from_flight, public_keys)
        for row in connection.execute(query)
    ]


def _state(till: Till, entries: list[Entry]) -> DeviceState:
    missing: list[tuple[int, int]] = []
    expected = 1
    for entry in entries:
        if entry.body.seq > expected:
            missing.append((expected, entry.body.seq - 1))
        expected = entry.body.seq + 1
    whole = missing[0][0] - 1 if missing else len(entries)
    chained = _is_chain(entries[:whole])
    closed = bool(entries) and isinstance(entries[-1].body.what, Closed)
    return DeviceState(
        till=till,
        entries=len(entries),
        whole=whole,
        missing=tuple(missing),
        closed=closed and not missing and chained,
    )


def _is_chain(entries: list[Entry]) -> bool:
    before = [NO_ENTRY, *[entry.digest for entry in entries]]
    return all(
        e.body.previous == d for e, d in zip(entries, before[: len(entries)], strict=True)
    )
