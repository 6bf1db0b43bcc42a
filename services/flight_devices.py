"""How far each till of a flight has told its journal: what is here, and what is missing by name."""

from collections.abc import Iterable

import msgspec
from sqlalchemy import Connection, select

from services.flight_tables import FLIGHT_RECORDS
from services.flights import Till, read_flight, read_tills
from terminals.inflight.entry import NO_ENTRY, Closed, Entry, read_entry


class DeviceState(msgspec.Struct, frozen=True):
    """entries: how many are here. missing: ranges of sequences, both ends included; the last one is
    open once the flight has landed and nobody knows where the journal ends. forked: sequences of
    which there are two stories. closed: the last of a whole journal says that it is the last, and
    there is no other story.
    """

    till: Till
    entries: int
    missing: tuple[tuple[int, int | None], ...]
    forked: tuple[int, ...]
    closed: bool


def device_states(connection: Connection, flight: str) -> list[DeviceState]:
    told = told_entries(connection, flight)
    landed = read_flight(connection, flight).report_until_ms is not None
    return [
        _state(till, told.get(till.number, []), landed=landed)
        for till in read_tills(connection, flight)
    ]


def told_entries(connection: Connection, flight: str) -> dict[int, list[Entry]]:
    """Of each till, in their order and all stories of each; gaps are left out."""
    columns = FLIGHT_RECORDS.c
    query = (
        select(columns.device, columns.raw)
        .where(columns.flight == flight)
        .order_by(columns.device, columns.seq, columns.story)
    )
    told: dict[int, list[Entry]] = {}
    for row in connection.execute(query):
        told.setdefault(row.device, []).append(read_entry(bytes(row.raw)))
    return told


def _state(till: Till, entries: list[Entry], *, landed: bool) -> DeviceState:
    missing: list[tuple[int, int | None]] = []
    forked: list[int] = []
    expected = 1
    for entry in entries:
        seq = entry.body.seq
        if seq < expected:
            forked.append(seq)
            continue
        if seq > expected:
            missing.append((expected, seq - 1))
        expected = seq + 1
    ended = bool(entries) and isinstance(entries[-1].body.what, Closed)
    if landed and not ended:
        missing.append((expected, None))
    closed = ended and not missing and not forked and _is_chain(entries)
    return DeviceState(
        till, len(entries), tuple(missing), tuple(dict.fromkeys(forked)), closed
    )


def _is_chain(entries: Iterable[Entry]) -> bool:
    before = NO_ENTRY
    for entry in entries:
        if entry.body.previous != before:
            return False
        before = entry.digest
    return True
