import pytest

from services.labels import AccountLabel, find_labels, set_label
from services.mint import RandomBytes
from services.principals import (
    NewPrincipal,
    PrincipalKind,
    UnknownPrincipal,
    create_principal,
)
from services.store import Store

WALLET = "acc_" + "a" * 24
TRUNK = "acc_" + "b" * 24


def test_labels_are_found_by_account_and_missing_ones_left_out(
    store: Store, random_bytes: RandomBytes
) -> None:
    new = NewPrincipal(
        kind=PrincipalKind.CUSTOMER, name="Amira", channel="web", account=WALLET
    )
    amira = create_principal(store, new, random_bytes=random_bytes, now_ms=0)
    wallet = AccountLabel(account=WALLET, label="Amira", owner=amira.id)
    set_label(store, wallet)

    assert find_labels(store, [WALLET, TRUNK]) == {WALLET: wallet}


def test_a_label_set_again_replaces_the_earlier_one(store: Store) -> None:
    set_label(store, AccountLabel(account=WALLET, label="Amira"))
    set_label(store, AccountLabel(account=WALLET, label="Amira's trips"))

    assert find_labels(store, [WALLET])[WALLET].label == "Amira's trips"


def test_nobody_unknown_owns_an_account(store: Store) -> None:
    with pytest.raises(UnknownPrincipal):
        set_label(store, AccountLabel(account=WALLET, label="Ghost", owner="prn_nobody"))

    assert find_labels(store, [WALLET]) == {}
