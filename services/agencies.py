"""Travel agencies: a name, an IATA code, and one prepaid account with a pot per currency.

Whether an agency may buy is the account's own state (frozen, closed) and balance, in its actor;
here stands what the journal does not know. An agency's users are principals of kind *agent* that
are bound to its account. Thresholds for low balances live here too: a warning is not money.
"""

import re

import msgspec
from sqlalchemy import ColumnElement, Connection, insert, select, update

from services.mint import RandomBytes, mint
from services.principals import Principal, PrincipalKind, principal_of
from services.rows import as_struct
from services.store import Store
from services.tables import AGENCIES, AGENCY_ALERTS, PRINCIPALS

# IATA's numeric agency code: seven digits and a check digit, which is the seven modulo 7, as on
# ticket numbers.
IATA_CODE = re.compile(r"[0-9]{8}")
# From UTC-12 to UTC+14. A fixed offset and no zone: sales days of an accounting office do not move
# with summer time, and no table of zones has to be right on each machine.
UTC_OFFSET_MIN_LEAST, UTC_OFFSET_MIN_MOST = -720, 840


class UnknownAgency(LookupError):
    def __init__(self, agency: str) -> None:
        super().__init__(f"there is no agency {agency[:48]!r}")


class MalformedIataCode(ValueError):
    def __init__(self, code: str) -> None:
        super().__init__(
            f"{code[:16]!r} is not an IATA agency code: seven digits, then those modulo 7"
        )


class AgencyExists(Exception):
    """Its IATA code, or its account, belongs to an agency already."""

    def __init__(self, agency: "Agency") -> None:
        super().__init__(f"{agency.id} has the code {agency.iata_code} already")
        self.agency = agency


class NewAgency(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    iata_code: str
    account: str
    utc_offset_min: int = 0


class Agency(NewAgency, frozen=True, kw_only=True):
    """account: `acc_…`. utc_offset_min: when its sales day begins, for voids and statements."""

    id: str
    created_at_ms: int


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """raised_at_ms: since when less than this may be spent; None while there is enough."""

    agency: str
    currency: str
    below_minor: int
    raised_at_ms: int | None


def require_iata_code(code: str) -> None:
    """Raises MalformedIataCode."""
    if not IATA_CODE.fullmatch(code) or int(code[:7]) % 7 != int(code[7]):
        raise MalformedIataCode(code)


def create_agency(
    store: Store, new: NewAgency, *, random_bytes: RandomBytes, now_ms: int
) -> Agency:
    """Write it down. Raises MalformedIataCode, AgencyExists."""
    require_iata_code(new.iata_code)
    agency = Agency(
        id=mint("agy", random_bytes), created_at_ms=now_ms, **msgspec.structs.asdict(new)
    )
    taken = (AGENCIES.c.iata_code == new.iata_code) | (AGENCIES.c.account == new.account)
    with store.write() as connection:
        row = connection.execute(select(AGENCIES).where(taken)).mappings().first()
        if row is not None:
            raise AgencyExists(as_struct(row, Agency))
        connection.execute(insert(AGENCIES), msgspec.structs.asdict(agency))
    return agency


def get_agency(store: Store, agency: str) -> Agency:
    """Return it, or raise UnknownAgency."""
    with store.read() as connection:
        return _one(connection, AGENCIES.c.id == agency, agency)


def agency_of_account(store: Store, account: str) -> Agency:
    """Whose prepaid account it is. Raises UnknownAgency."""
    with store.read() as connection:
        return _one(connection, AGENCIES.c.account == account, account)


def list_agencies(store: Store, *, limit: int = 200) -> tuple[Agency, ...]:
    """By name."""
    query = select(AGENCIES).order_by(AGENCIES.c.name, AGENCIES.c.id).limit(limit)
    with store.read() as connection:
        return tuple(as_struct(row, Agency) for row in connection.execute(query).mappings())


def list_users(store: Store, agency: Agency) -> tuple[Principal, ...]:
    """Its users, the disabled ones too, oldest first."""
    columns = PRINCIPALS.c
    query = (
        select(PRINCIPALS)
        .where(columns.kind == PrincipalKind.AGENT, columns.account == agency.account)
        .order_by(columns.created_at_ms, columns.id)
    )
    with store.read() as connection:
        rows = connection.execute(query).mappings().all()
        return tuple(principal_of(connection, row) for row in rows)


def set_alert(store: Store, agency: str, currency: str, below_minor: int) -> None:
    """Warn when less than this may be spent; 0 never warns. Raises UnknownAgency."""
    statement = store.insert_into(AGENCY_ALERTS).values(
        agency=agency, currency=currency, below_minor=below_minor
    )
    with store.write() as connection:
        _one(connection, AGENCIES.c.id == agency, agency)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["agency", "currency"],
                set_={"below_minor": below_minor, "raised_at_ms": None},
            )
        )


def find_alerts(store: Store, agency: str) -> dict[str, Alert]:
    """By currency."""
    query = select(AGENCY_ALERTS).where(AGENCY_ALERTS.c.agency == agency)
    with store.read() as connection:
        rows = connection.execute(query).mappings()
        return {row["currency"]: as_struct(row, Alert) for row in rows}


def watched_agencies(store: Store) -> tuple[Agency, ...]:
    """Those that want to be warned of something."""
    wanting = select(AGENCY_ALERTS.c.agency).where(AGENCY_ALERTS.c.below_minor > 0)
    query = select(AGENCIES).where(AGENCIES.c.id.in_(wanting)).order_by(AGENCIES.c.id)
    with store.read() as connection:
        return tuple(as_struct(row, Agency) for row in connection.execute(query).mappings())


def judge_alert(store: Store, alert: Alert, spendable_minor: int, *, now_ms: int) -> Alert:
    """The alert as this balance leaves it: raised once when it falls below, ended above."""
    low = spendable_minor < alert.below_minor
    if low == (alert.raised_at_ms is not None):
        return alert
    raised_at_ms = now_ms if low else None
    same = (AGENCY_ALERTS.c.agency == alert.agency) & (
        AGENCY_ALERTS.c.currency == alert.currency
    )
    with store.write() as connection:
        connection.execute(
            update(AGENCY_ALERTS).where(same).values(raised_at_ms=raised_at_ms)
        )
    return msgspec.structs.replace(alert, raised_at_ms=raised_at_ms)


def _one(connection: Connection, which: ColumnElement[bool], name: str) -> Agency:
    row = connection.execute(select(AGENCIES).where(which)).mappings().one_or_none()
    if row is None:
        raise UnknownAgency(name)
    return as_struct(row, Agency)
