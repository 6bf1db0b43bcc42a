"""Merchants: who is paid, as a receipt and a statement name them."""

import re
from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, insert, select

from services.mint import RandomBytes, mint
from services.rows import as_struct
from services.store import Store
from services.tables import MERCHANTS

MCC = re.compile(r"[0-9]{4}")  # ISO 18245
COUNTRY = re.compile(r"[A-Z]{2}")  # ISO 3166-1 alpha-2
# Names of merchants and cities stand on paper of 32 columns, in two lines at most.
SHOWN_CHARS_MAX = 64


class MalformedMerchant(ValueError):
    """A code is not of its standard's form. Whoever wrote it is to blame."""

    def __init__(self, field: str, value: str, form: str) -> None:
        super().__init__(f"{field} {value[:16]!r} is not {form}")
        self.field = field


class UnknownMerchant(LookupError):
    def __init__(self, merchant: str) -> None:
        super().__init__(f"there is no merchant {merchant[:48]!r}")


class MerchantDetails(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    mcc: str
    city: str
    country: str


class Merchant(MerchantDetails, frozen=True, kw_only=True):
    id: str


def create_merchant(
    store: Store, details: MerchantDetails, *, random_bytes: RandomBytes
) -> Merchant:
    for field in ("name", "city"):
        shown = getattr(details, field)
        if not shown.strip() or not shown.isprintable() or len(shown) > SHOWN_CHARS_MAX:
            form = f"1 to {SHOWN_CHARS_MAX} characters that can be shown"
            raise MalformedMerchant(field, shown, form)
    if not MCC.fullmatch(details.mcc):
        raise MalformedMerchant("mcc", details.mcc, "a category code of four digits")
    if not COUNTRY.fullmatch(details.country):
        raise MalformedMerchant("country", details.country, "a country code of two letters")

    merchant = Merchant(id=mint("mer", random_bytes), **msgspec.structs.asdict(details))
    with store.write() as connection:
        connection.execute(insert(MERCHANTS), msgspec.structs.asdict(merchant))
    return merchant


def get_merchant(store: Store, merchant: str) -> Merchant:
    """Return it, or raise UnknownMerchant."""
    found = find_merchants(store, [merchant])
    if merchant not in found:
        raise UnknownMerchant(merchant)
    return found[merchant]


def list_merchants(store: Store) -> list[Merchant]:
    """All of them, by name."""
    query = select(MERCHANTS).order_by(MERCHANTS.c.name, MERCHANTS.c.id)
    with store.read() as connection:
        return [as_struct(row, Merchant) for row in connection.execute(query).mappings()]


def find_merchants(store: Store, merchants: Collection[str]) -> dict[str, Merchant]:
    """Those that exist, by id: the names for a page of a statement."""
    with store.read() as connection:
        rows = connection.execute(select(MERCHANTS).where(MERCHANTS.c.id.in_(merchants)))
        return {row["id"]: as_struct(row, Merchant) for row in rows.mappings()}


def require_merchant(connection: Connection, merchant: str) -> None:
    """Raise UnknownMerchant, rather than let a foreign key fail with an error of SQL."""
    query = select(MERCHANTS.c.id).where(MERCHANTS.c.id == merchant)
    if connection.execute(query).first() is None:
        raise UnknownMerchant(merchant)
