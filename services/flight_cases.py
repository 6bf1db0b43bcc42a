"""Cases: what the tills told that a person must look at. One for each entry and kind.

Who pays is decided when a case opens, and never is that more than was set aside: the hold, the risk
account, or nobody. A case says what happened and where; closing it lets the wallet set money aside
again.
"""

import hashlib
from enum import StrEnum

import msgspec
from sqlalchemy import Connection, select, update

from services.flight_tables import ALLOWANCES, FLIGHT_CASES
from services.mint import mint
from services.rows import as_struct
from services.store import Store


class CaseKind(StrEnum):
    SPENT_TWICE = "spent_twice"
    TWO_STORIES = "two_stories"
    NOT_GENUINE = "not_genuine"
    UNKNOWN_ALLOWANCE = "unknown_allowance"
    LATE = "late"
    NOT_COVERED = "not_covered"
    BEYOND = "beyond"

    @property
    def text(self) -> str:
        return _TEXTS[self]


_K = CaseKind
_TEXTS = {
    _K.SPENT_TWICE: "One code of the phone paid for two sales: it was copied.",
    _K.TWO_STORIES: "The till tells two stories under one number: it was copied or restored.",
    _K.NOT_GENUINE: "The till sold on a code that nobody had signed: nobody is charged for it.",
    _K.UNKNOWN_ALLOWANCE: "The till sold on an allowance that is not one of this flight.",
    _K.LATE: "The sale was told after the rest of the allowance had been given back.",
    _K.NOT_COVERED: "The hold had ended before the sale could be taken from it.",
    _K.BEYOND: "More was sold than was set aside: nobody is charged for this sale.",
}


class UnknownCase(LookupError):
    def __init__(self, case: str) -> None:
        super().__init__(f"there is no case {case[:48]!r}")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """device and seq: the till's entry that it is about."""

    id: str
    flight: str
    kind: CaseKind
    device: int
    seq: int
    allowance: str | None
    opened_at_ms: int
    closed_at_ms: int | None
    closed_by: str | None


def open_case(
    connection: Connection,
    flight: str,
    kind: CaseKind,
    *,
    place: tuple[int, int],
    allowance: str | None,
    now_ms: int,
) -> None:
    """place: device and sequence. A case that is there stays as it is."""
    device, seq = place
    digest = hashlib.sha256(f"case\x00{flight}\x00{kind}\x00{device}\x00{seq}".encode())
    name = mint("cas", lambda count: digest.digest()[:count])
    query = select(FLIGHT_CASES.c.id).where(FLIGHT_CASES.c.id == name)
    if connection.execute(query).first() is not None:
        return
    row = {
        "id": name,
        "flight": flight,
        "kind": kind,
        "device": device,
        "seq": seq,
        "allowance": allowance,
        "opened_at_ms": now_ms,
    }
    connection.execute(FLIGHT_CASES.insert(), row)


def cases_of(connection: Connection, flight: str) -> list[Case]:
    """Oldest first."""
    columns = FLIGHT_CASES.c
    query = select(FLIGHT_CASES).where(columns.flight == flight)
    rows = connection.execute(query.order_by(columns.opened_at_ms, columns.id)).mappings()
    return [as_struct(row, Case) for row in rows]


def get_case(store: Store, case: str) -> Case:
    """Raises UnknownCase."""
    with store.read() as connection:
        return _read(connection, case)


def close_case(store: Store, case: str, *, by: str, now_ms: int) -> Case:
    """A person has looked at it. When it was the last one about its allowance, the wallet may set
    money aside again. Raises UnknownCase.
    """
    columns = FLIGHT_CASES.c
    with store.write() as connection:
        here = (columns.id == case) & columns.closed_at_ms.is_(None)
        values = {"closed_at_ms": now_ms, "closed_by": by}
        connection.execute(update(FLIGHT_CASES).where(here).values(values))
        found = _read(connection, case)
        open_ones = select(columns.id).where(
            columns.allowance == found.allowance, columns.closed_at_ms.is_(None)
        )
        if found.allowance and connection.execute(open_ones).first() is None:
            connection.execute(
                update(ALLOWANCES)
                .where(ALLOWANCES.c.id == found.allowance)
                .values(blocked_at_ms=None)
            )
        return found


def _read(connection: Connection, case: str) -> Case:
    query = select(FLIGHT_CASES).where(FLIGHT_CASES.c.id == case)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownCase(case)
    return as_struct(row, Case)
