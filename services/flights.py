"""Flights: what is planned for one, its tills, and its life.

    open ──> boarded ──> airborne ──> landed ──> uploading ──> closed

Tills join while it is open, because an allowance names each till's share. Money is set aside until
the doors close. From the landing on the tills have a time limit to report; the first that does
makes it *uploading*, and it closes by itself when all is settled (services/flight_settlement.py).
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
from sqlalchemy import Connection, func, insert, select, update

from ledger.ids import parse_account
from services.flight_tables import FLIGHT_CLAIMS, FLIGHT_DEVICES, FLIGHTS
from services.merchants import require_merchant
from services.rows import as_struct
from services.store import Store
from terminals.inflight.allowance import DEVICES_MAX
from terminals.inflight.plan import Article, Leg, Policy

PAGE_MAX = 100


class FlightStatus(StrEnum):
    OPEN = "open"
    BOARDED = "boarded"
    AIRBORNE = "airborne"
    LANDED = "landed"
    UPLOADING = "uploading"
    CLOSED = "closed"


_F = FlightStatus
# What a person may say of it. The rest it says itself.
MOVES: Mapping[FlightStatus, frozenset[FlightStatus]] = {
    _F.OPEN: frozenset({_F.BOARDED}),
    _F.BOARDED: frozenset({_F.AIRBORNE, _F.OPEN}),  # doors that open again
    _F.AIRBORNE: frozenset({_F.LANDED}),
    _F.LANDED: frozenset(),
    _F.UPLOADING: frozenset(),
    _F.CLOSED: frozenset(),
}
MAY_SET_ASIDE = frozenset({_F.OPEN, _F.BOARDED})
DOWN = frozenset({_F.LANDED, _F.UPLOADING})


class UnknownFlight(LookupError):
    def __init__(self, flight: str) -> None:
        super().__init__(f"there is no flight {flight[:48]!r}")


class WrongMoment(Exception):
    """The flight is past that, or not there yet; nothing was changed."""

    def __init__(self, flight: "Flight", wanted: str) -> None:
        super().__init__(f"flight {flight.number} is {flight.status}: {wanted}")


class TooManyTills(Exception):
    def __init__(self) -> None:
        super().__init__(f"a flight has {DEVICES_MAX} tills at most")


class Rules(msgspec.Struct, frozen=True):
    """valid_s: how long an allowance can be sold from. report_s: how long tills have after landing.
    sale_max_minor: of one sale; 0 for no limit but the allowance. spent_twice: who pays for the
    second sale on one code of a phone. The passenger, who set the money aside for whatever is sold
    on it, or a screenshot shown at each trolley would be the airline's loss.
    """

    valid_s: Annotated[int, msgspec.Meta(ge=3600, le=7 * 86_400)] = 48 * 3600
    report_s: Annotated[int, msgspec.Meta(ge=60, le=7 * 86_400)] = 48 * 3600
    sale_max_minor: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)] = 0
    spent_twice: Literal["risk", "passenger"] = "passenger"
    policy: Policy = Policy()


class NewFlight(msgspec.Struct, frozen=True, kw_only=True):
    """merchant: who earns. risk_account: `acc_…`, pays for what the passenger does not owe. crew:
    staff numbers, no names.
    """

    number: str
    date: str
    legs: tuple[Leg, ...]
    aircraft: str
    crew: tuple[str, ...] = ()
    merchant: str
    currency: str
    risk_account: str
    articles: tuple[Article, ...]
    rules: Rules = Rules()


class Flight(NewFlight, frozen=True, kw_only=True):
    """moved: when it came to each of its states. report_until_ms: from its landing on."""

    id: str
    status: FlightStatus
    moved: dict[str, int]
    report_until_ms: int | None
    created_at_ms: int

    def asks_for(self, new: NewFlight) -> bool:
        return all(
            getattr(self, name) == getattr(new, name) for name in new.__struct_fields__
        )


class Till(msgspec.Struct, frozen=True, kw_only=True):
    flight: str
    number: int
    principal: str
    name: str
    public_key: bytes
    told_at_ms: int | None


def create_flight(
    store: Store, flight: str, new: NewFlight, *, now_ms: int
) -> tuple[Flight, bool]:
    """The flight under this id, and whether it was there already; then it stays as it is.

    Raises UnknownMerchant, MalformedId (of the risk account).
    """
    parse_account(new.risk_account)
    row: dict[str, Any] = msgspec.to_builtins(new) | {
        "id": flight,
        "status": FlightStatus.OPEN,
        "moved": {FlightStatus.OPEN.value: now_ms},
        "created_at_ms": now_ms,
    }
    statement = store.insert_into(FLIGHTS).values(row).on_conflict_do_nothing()
    with store.write() as connection:
        require_merchant(connection, new.merchant)
        made = connection.execute(statement).rowcount == 1
        return read_flight(connection, flight), not made


def get_flight(store: Store, flight: str) -> Flight:
    """Return it, or raise UnknownFlight."""
    with store.read() as connection:
        return read_flight(connection, flight)


def read_flight(connection: Connection, flight: str) -> Flight:
    query = select(FLIGHTS).where(FLIGHTS.c.id == flight)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise UnknownFlight(flight)
    return as_struct(row, Flight)


def lock_flight(connection: Connection, flight: str) -> Flight:
    """As it is, and nobody else changes it or what its tills told before this transaction ends.

    Raises UnknownFlight.
    """
    # SQLite has one writer anyway; elsewhere two uploads would both find a counter unused.
    row = select(FLIGHTS.c.id).where(FLIGHTS.c.id == flight).with_for_update()
    connection.execute(row).one_or_none()
    return read_flight(connection, flight)


def list_flights(store: Store, *, merchant: str = "", limit: int = 50) -> list[Flight]:
    """Newest first; merchant: whose, empty for all."""
    assert 0 < limit <= PAGE_MAX
    query = select(FLIGHTS)
    if merchant:
        query = query.where(FLIGHTS.c.merchant == merchant)
    newest_first = query.order_by(FLIGHTS.c.created_at_ms.desc(), FLIGHTS.c.id)
    with store.read() as connection:
        rows = connection.execute(newest_first.limit(limit)).mappings()
        return [as_struct(row, Flight) for row in rows]


def unsettled_flights(store: Store) -> list[str]:
    """On the ground and not closed, or with sales that nobody has paid for yet."""
    sales = FLIGHT_CLAIMS.c
    down = select(FLIGHTS.c.id).where(FLIGHTS.c.status.in_(DOWN))
    owed = select(sales.flight).where(sales.status == "pending").distinct()
    with store.read() as connection:
        return [row[0] for row in connection.execute(down.union(owed))]


def move_flight(store: Store, flight: str, to: FlightStatus, *, now_ms: int) -> Flight:
    """What a person says of it; again, it is so already. Raises UnknownFlight, WrongMoment."""
    with store.write() as connection:
        found = lock_flight(connection, flight)
        if to is found.status:
            return found
        if to not in MOVES[found.status]:
            raise WrongMoment(found, f"it cannot become {to} now.")
        return set_status(connection, found, to, now_ms)


def set_status(
    connection: Connection, flight: Flight, to: FlightStatus, now_ms: int
) -> Flight:
    values: dict[str, Any] = {
        "status": to,
        "moved": {**flight.moved, to.value: now_ms},
    }
    if to is FlightStatus.LANDED:
        values["report_until_ms"] = now_ms + flight.rules.report_s * 1_000
    connection.execute(update(FLIGHTS).where(FLIGHTS.c.id == flight.id).values(values))
    return read_flight(connection, flight.id)


def join_flight(
    store: Store, flight: str, *, principal: str, name: str, public_key: bytes
) -> Till:
    """A till of this flight, with the next number; the same key again is the same till.

    Raises UnknownFlight, WrongMoment, TooManyTills.
    """
    columns = FLIGHT_DEVICES.c
    with store.write() as connection:
        found = lock_flight(connection, flight)
        query = select(FLIGHT_DEVICES).where(
            columns.flight == flight, columns.public_key == public_key
        )
        row = connection.execute(query).mappings().one_or_none()
        if row is not None:
            return as_struct(row, Till)
        if found.status is not FlightStatus.OPEN:
            raise WrongMoment(found, "its tills are fixed once it has boarded.")
        taken = select(func.count()).where(columns.flight == flight)
        number = connection.execute(taken).scalar_one() + 1
        if number > DEVICES_MAX:
            raise TooManyTills
        till = Till(
            flight=flight,
            number=number,
            principal=principal,
            name=name,
            public_key=public_key,
            told_at_ms=None,
        )
        connection.execute(insert(FLIGHT_DEVICES), msgspec.structs.asdict(till))
        return till


def tills_of(store: Store, flight: str) -> list[Till]:
    with store.read() as connection:
        return read_tills(connection, flight)


def read_tills(connection: Connection, flight: str) -> list[Till]:
    columns = FLIGHT_DEVICES.c
    query = select(FLIGHT_DEVICES).where(columns.flight == flight).order_by(columns.number)
    return [as_struct(row, Till) for row in connection.execute(query).mappings()]
