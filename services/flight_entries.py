"""Taking in what tills tell: each entry once, whoever brings it, in whatever order.

An entry is known by (device, sequence): the same again changes nothing. Another one under that
name is a till that tells two stories: both are kept, and a person sees a case. A sale claims
(allowance, counter), and who pays for it is decided here: the hold; the risk account; or nobody,
when more would be claimed than was set aside.

Everything about one upload is decided in one transaction, with the flight locked, before any money
moves; so what is in the store is what settlement works from, and it may die at any point.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from services.allowances import (
    AllowanceStatus,
    find_allowance,
    raw_id,
    text_id,
)
from services.flight_cases import CaseKind, open_case
from services.flight_tables import (
    ALLOWANCES,
    FLIGHT_CLAIMS,
    FLIGHT_DEVICES,
    FLIGHT_RECORDS,
)
from services.flights import (
    Flight,
    FlightStatus,
    lock_flight,
    read_tills,
    set_status,
)
from services.store import Store
from terminals.inflight.allowance import AllowanceRefused
from terminals.inflight.entry import Entry, EntryRefused, Sold, open_entry
from terminals.inflight.frame import Frame, FrameRefused, open_frame
from terminals.inflight.records import Damage, records

# Of a sale on a code that nobody signed: it names none.
NO_ALLOWANCE = ""


class Pays(StrEnum):
    HOLD = "hold"
    RISK = "risk"
    NOBODY = "nobody"  # beyond what was set aside; a person sees a case


class SaleStatus(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    UNPAID = "unpaid"  # the risk account declined, or nobody is to be charged


class FlightSale(msgspec.Struct, frozen=True, kw_only=True):
    """allowance: as its id is written, also when nobody knows it. nth: how many sales had its
    counter before. story: of which one, if the till tells several.
    """

    flight: str
    device: int
    seq: int
    story: int
    allowance: str
    counter: int
    nth: int
    amount_minor: int
    pays: Pays
    status: SaleStatus
    tries: int
    payment: str | None


class Told(msgspec.Struct, frozen=True):
    """What became of one upload: entries that are new, known, nobody's; bytes that are none. An
    entry that tells another story is new, and a case.
    """

    new: int
    known: int
    refused: int
    damaged_bytes: int


class Intake:
    """keys: the gateway's public keys of allowances."""

    def __init__(self, store: Store, keys: dict[int, bytes]) -> None:
        self._store = store
        self._keys = keys

    def take(self, flight: str, content: bytes, *, told_by: str, now_ms: int) -> Told:
        """Records as tills keep them. Raises UnknownFlight."""
        found = list(records(content))
        raws = [raw for raw in found if isinstance(raw, bytes)]
        damaged = sum(damage.length for damage in found if isinstance(damage, Damage))
        with self._store.write() as connection:
            of_flight = lock_flight(connection, flight)
            tills = read_tills(connection, flight)
            upload = _Upload(connection, of_flight, self._keys, told_by, now_ms)
            counts = upload.take(raws, {till.number: till.public_key for till in tills})
            if of_flight.status is FlightStatus.LANDED and counts[0]:
                set_status(connection, of_flight, FlightStatus.UPLOADING, now_ms)
        return Told(*counts, damaged)


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
            stories = self._stories(entry)
            if entry.raw in stories:
                known += 1
                continue
            if stories:
                self._case(CaseKind.TWO_STORIES, entry, None)
            self._keep(entry, len(stories))
            new += 1
        return new, known, refused

    def _stories(self, entry: Entry) -> list[bytes]:
        """What is told already under its name; several, if the till was copied or set back."""
        columns = FLIGHT_RECORDS.c
        query = select(columns.raw).where(
            columns.flight == self._flight.id,
            columns.device == entry.body.device,
            columns.seq == entry.body.seq,
        )
        return [bytes(row.raw) for row in self._connection.execute(query)]

    def _keep(self, entry: Entry, story: int) -> None:
        body = entry.body
        row = {
            "flight": self._flight.id,
            "device": body.device,
            "seq": body.seq,
            "story": story,
            "raw": entry.raw,
            "told_by": self._told_by,
            "told_at_ms": self._now_ms,
        }
        self._connection.execute(insert(FLIGHT_RECORDS), row)
        columns = FLIGHT_DEVICES.c
        here = (columns.flight == self._flight.id) & (columns.number == body.device)
        told = update(FLIGHT_DEVICES).where(here).values(told_at_ms=self._now_ms)
        self._connection.execute(told)
        if isinstance(body.what, Sold):
            self._claim(entry, body.what, story)

    def _claim(self, entry: Entry, sold: Sold, story: int) -> None:
        """The sale, and who pays for it."""
        try:
            frame = open_frame(sold.frame, self._keys)
        except (AllowanceRefused, FrameRefused):
            # A till of ours accepted what nobody signed: its programme is not ours.
            self._case(CaseKind.NOT_GENUINE, entry, None)
            self._add(entry, sold, story, frame=None, pays=Pays.NOBODY)
            return
        allowance = text_id("alw", frame.allowance.id)
        kind = self._objection(allowance, frame)
        if kind is not None:
            self._case(kind, entry, allowance)
        if kind is CaseKind.SPENT_TWICE:
            self._block(allowance)
        pays = self._payer(kind)
        if self._claimed(allowance) + sold.amount_minor > frame.allowance.amount_minor:
            # Only a till that was copied or set back can do that. Its merchant has it.
            self._case(CaseKind.BEYOND, entry, allowance)
            pays = Pays.NOBODY
        self._add(entry, sold, story, frame=frame, pays=pays)

    def _add(
        self, entry: Entry, sold: Sold, story: int, *, frame: Frame | None, pays: Pays
    ) -> None:
        allowance = text_id("alw", frame.allowance.id) if frame else NO_ALLOWANCE
        counter = frame.showing.counter if frame else 0
        row = {
            "flight": self._flight.id,
            "device": entry.body.device,
            "seq": entry.body.seq,
            "story": story,
            "allowance": allowance,
            "counter": counter,
            "nth": self._uses(allowance, counter),
            "amount_minor": sold.amount_minor,
            "pays": pays,
            "status": SaleStatus.UNPAID if pays is Pays.NOBODY else SaleStatus.PENDING,
            "tries": 0,
        }
        self._connection.execute(insert(FLIGHT_CLAIMS), row)

    def _objection(self, allowance: str, frame: Frame) -> CaseKind | None:
        """What is wrong with this sale, or None: it goes to the hold."""
        kept = find_allowance(self._connection, allowance)
        if kept is None or kept.flight != self._flight.id or kept.payment is None:
            return CaseKind.UNKNOWN_ALLOWANCE
        if kept.status is not AllowanceStatus.OPEN:
            return CaseKind.LATE
        if self._uses(allowance, frame.showing.counter):
            return CaseKind.SPENT_TWICE
        return None

    def _uses(self, allowance: str, counter: int) -> int:
        columns = FLIGHT_CLAIMS.c
        query = select(func.count()).where(
            columns.allowance == allowance, columns.counter == counter
        )
        return self._connection.execute(query).scalar_one()

    def _claimed(self, allowance: str) -> int:
        """What the hold and the risk account pay or will pay on it, in minor units."""
        columns = FLIGHT_CLAIMS.c
        query = select(func.coalesce(func.sum(columns.amount_minor), 0)).where(
            columns.allowance == allowance, columns.pays != Pays.NOBODY
        )
        return int(self._connection.execute(query).scalar_one())

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
