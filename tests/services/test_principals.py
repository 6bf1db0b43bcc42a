import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from ledger.ids import MalformedId
from services.merchants import Merchant, UnknownMerchant
from services.mint import RandomBytes
from services.principals import (
    SCOPES,
    MisboundPrincipal,
    NewPrincipal,
    Principal,
    PrincipalKind,
    ScopesExceedKind,
    UnknownPrincipal,
    create_principal,
    disable,
    find_by_key,
    get_principal,
    issue_key,
    revoke_key,
)
from services.store import Store
from services.tables import PRINCIPALS

WALLET = "acc_" + "a" * 24
NOON = 1_767_225_600_000


@pytest.fixture
def amira(store: Store, random_bytes: RandomBytes) -> Principal:
    new = NewPrincipal(
        kind=PrincipalKind.CUSTOMER, name="Amira", channel="web", account=WALLET
    )
    return create_principal(store, new, random_bytes=random_bytes, now_ms=NOON)


@pytest.fixture
def key(store: Store, amira: Principal, random_bytes: RandomBytes) -> str:
    return issue_key(store, amira.id, random_bytes=random_bytes, now_ms=NOON)


def test_a_principal_is_read_as_it_was_created(store: Store, amira: Principal) -> None:
    assert amira.id.startswith("prn_")
    assert amira.scopes == {"own"}
    assert get_principal(store, amira.id) == amira


def test_every_kind_has_its_scopes() -> None:
    assert set(SCOPES) == set(PrincipalKind)
    assert SCOPES[PrincipalKind.CUSTOMER] == {"own"}
    assert "funding" not in SCOPES[PrincipalKind.MERCHANT] | SCOPES[PrincipalKind.TERMINAL]


def test_a_principal_may_have_less_than_its_kind_but_never_more(
    store: Store, lounge: Merchant, random_bytes: RandomBytes
) -> None:
    def terminal(*scopes: str) -> Principal:
        new = NewPrincipal(
            kind=PrincipalKind.TERMINAL,
            name="till_b12",
            channel="terminal",
            merchant=lounge.id,
            scopes=frozenset(scopes),
        )
        return create_principal(store, new, random_bytes=random_bytes, now_ms=NOON)

    assert terminal("payments").scopes == {"payments"}
    with pytest.raises(ScopesExceedKind, match="cannot have the scopes admin, funding"):
        terminal("payments", "funding", "admin")


@pytest.mark.parametrize(
    ("kind", "account", "merchant"),
    [
        (PrincipalKind.MERCHANT, None, None),
        (PrincipalKind.MERCHANT, WALLET, None),
        (PrincipalKind.TERMINAL, None, None),
        (PrincipalKind.TERMINAL, WALLET, "mer_1"),
        (PrincipalKind.CUSTOMER, None, None),
        (PrincipalKind.CUSTOMER, WALLET, "mer_1"),
        (PrincipalKind.OPERATOR, WALLET, None),
        (PrincipalKind.OPERATOR, None, "mer_1"),
    ],
)
def test_a_principal_bound_to_too_little_or_too_much_is_refused(
    store: Store,
    random_bytes: RandomBytes,
    kind: PrincipalKind,
    account: str | None,
    merchant: str | None,
) -> None:
    new = NewPrincipal(
        kind=kind, name="Nobody", channel="web", account=account, merchant=merchant
    )
    with pytest.raises(MisboundPrincipal, match=f"{kind} principals need"):
        create_principal(store, new, random_bytes=random_bytes, now_ms=NOON)


@pytest.mark.parametrize("merchant", ["mer_nobody", ""])
def test_nobody_acts_for_a_merchant_that_does_not_exist(
    store: Store, random_bytes: RandomBytes, merchant: str
) -> None:
    new = NewPrincipal(
        kind=PrincipalKind.MERCHANT, name="Ghost", channel="web", merchant=merchant
    )
    with pytest.raises(UnknownMerchant):
        create_principal(store, new, random_bytes=random_bytes, now_ms=NOON)


def test_a_customer_of_something_else_than_an_account_is_refused(
    store: Store, random_bytes: RandomBytes
) -> None:
    new = NewPrincipal(kind=PrincipalKind.CUSTOMER, name="Amira", channel="web", account="")
    with pytest.raises(MalformedId):
        create_principal(store, new, random_bytes=random_bytes, now_ms=NOON)


def test_a_key_opens_its_principal(store: Store, amira: Principal, key: str) -> None:
    assert key.startswith("ak_")
    assert len(key) == 35
    assert find_by_key(store, key, now_ms=NOON) == amira


def test_the_store_does_not_hold_the_key(store: Store, key: str, tmp_path: Path) -> None:
    store.close()

    with closing(sqlite3.connect(tmp_path / "store.db")) as database:
        dump = "\n".join(database.iterdump())

    assert "prn_" in dump
    assert "Amira" not in dump
    assert key not in dump
    assert key.removeprefix("ak_") not in dump


def test_a_principal_has_several_keys_and_loses_one(
    store: Store, amira: Principal, key: str, random_bytes: RandomBytes
) -> None:
    other = issue_key(store, amira.id, random_bytes=random_bytes, now_ms=NOON)

    assert revoke_key(store, key, now_ms=NOON)

    assert find_by_key(store, key, now_ms=NOON) is None
    assert find_by_key(store, other, now_ms=NOON) == amira
    assert not revoke_key(store, key, now_ms=NOON)


def test_a_key_opens_until_the_moment_it_expires(
    store: Store, amira: Principal, random_bytes: RandomBytes
) -> None:
    key = issue_key(
        store, amira.id, random_bytes=random_bytes, now_ms=NOON, expires_at_ms=NOON + 1000
    )

    assert find_by_key(store, key, now_ms=NOON + 999) == amira
    assert find_by_key(store, key, now_ms=NOON + 1000) is None


def test_a_disabled_principal_opens_with_none_of_its_keys(
    store: Store, amira: Principal, key: str
) -> None:
    disable(store, amira.id, now_ms=NOON + 5)
    disable(store, amira.id, now_ms=NOON + 9)

    assert find_by_key(store, key, now_ms=NOON + 9) is None
    assert get_principal(store, amira.id).disabled_at_ms == NOON + 5


@pytest.mark.parametrize(
    "junk",
    [
        "",
        "ak_",
        "ak_" + "a" * 31,
        "ak_" + "a" * 33,
        "xx_" + "a" * 32,
        "ak_" + "é" * 32,
        "ak_" + "\udcff" * 32,  # what a server makes of bytes that are not UTF-8
        "ak_" + "a" * 32,
    ],
)
def test_what_is_not_a_key_opens_nothing(store: Store, key: str, junk: str) -> None:
    assert find_by_key(store, junk, now_ms=NOON) is None
    assert not revoke_key(store, junk, now_ms=NOON)


def test_a_key_in_capitals_is_another_key(store: Store, key: str) -> None:
    assert find_by_key(store, "ak_" + key[3:].upper(), now_ms=NOON) is None


def test_an_unknown_principal_gets_no_key_and_cannot_be_read_or_disabled(
    store: Store, random_bytes: RandomBytes
) -> None:
    with pytest.raises(UnknownPrincipal):
        issue_key(store, "prn_nobody", random_bytes=random_bytes, now_ms=NOON)
    with pytest.raises(UnknownPrincipal):
        get_principal(store, "prn_nobody")
    with pytest.raises(UnknownPrincipal):
        disable(store, "prn_nobody", now_ms=NOON)


def test_a_principal_of_a_kind_that_this_release_does_not_know_opens_nothing(
    store: Store, amira: Principal, key: str
) -> None:
    with store.write() as connection:
        connection.execute(update(PRINCIPALS).values(kind="emperor"))

    with pytest.raises(ValueError, match="Invalid enum value 'emperor'"):
        find_by_key(store, key, now_ms=NOON)
