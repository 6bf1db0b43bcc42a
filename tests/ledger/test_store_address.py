"""The address of a database shows no password, in whatever form it comes."""

import msgspec
import pytest

from ledger.errors import BadStoreAddress
from ledger.store_address import StoreAddress
from ledger.stores import open_journals

SHOWN = {
    "/srv/airside/journals": "/srv/airside/journals",
    "postgresql://airside:SECRET@db:5432/wallet": "postgresql://airside:****@db:5432/wallet",
    "postgres://airside:SECRET@db": "postgresql://airside:****@db",
    "postgresql://:SECRET@/wallet": "postgresql://:****@/wallet",
    "postgresql://airside@%2Frun%2Fpg/wallet": "postgresql://airside@%2Frun%2Fpg/wallet",
    "postgresql://a:%53ECRET@[::1]:5432,db2:5433/w": "postgresql://a:****@[::1]:5432,db2:5433/w",
    "postgresql://db/wallet?user=airside&password=SECRET": "postgresql://db/wallet",
    "postgresql://db/wallet?sslpassword=SECRET": "postgresql://db/wallet",
    "postgresql://": "postgresql://",
}
# A character that should have been written as %XX moves the password into another part; libpq
# would take it for a host, a port or a name, and say so.
UNREADABLE = [
    "postgresql://airside:SEC@SECRET@db/wallet",
    "postgresql://airside:SEC/SECRET@db/wallet",
    "postgresql://airside:SEC?SECRET@db/wallet",
    "postgresql://airside:SEC#SECRET@db/wallet",
    "postgresql://airside:SEC%SECRET@db/wallet",
    "postgresql://airside:SEC SECRET@db/wallet",
    "postgresql://airside:SECRÉT@db/wallet",
    "postgresql://airside:SECRET",
    "postgresql://airside:SECRET/wallet",
    "postgresql+psycopg://airside:SECRET@db/wallet",
    "mysql://airside:SECRET@db/wallet",
    "host=db password=SECRET",
    "airside:SECRET@db",
    "",
]


@pytest.mark.parametrize("text", SHOWN)
def test_a_readable_address_is_shown_without_its_password(text: str) -> None:
    assert str(StoreAddress(text)) == SHOWN[text]


@pytest.mark.parametrize("text", UNREADABLE)
def test_of_an_unreadable_address_nothing_is_shown_and_it_is_refused(text: str) -> None:
    address = StoreAddress(text)

    with pytest.raises(BadStoreAddress) as caught:
        address.require_database()

    assert str(address) == "****"
    assert "SEC" not in f"{caught.value!r}"
    assert caught.value.__context__ is None


@pytest.mark.parametrize("text", [*SHOWN, *UNREADABLE])
def test_no_way_of_printing_shows_the_password(text: str) -> None:
    address = StoreAddress(text)

    for printed in (repr(address), f"{address}", f"{[address]!r}", address.__rich_repr__()):
        assert "SEC" not in str(printed)
        assert "%53" not in str(printed)


def test_an_address_travels_whole() -> None:
    address = StoreAddress("postgresql://airside:SECRET@db/wallet")

    assert (
        msgspec.msgpack.decode(msgspec.msgpack.encode(address), type=StoreAddress)
        == address
    )


@pytest.mark.parametrize("text", UNREADABLE)
def test_journals_are_not_opened_at_an_unreadable_address(text: str) -> None:
    with pytest.raises(BadStoreAddress):
        open_journals(StoreAddress(text))
