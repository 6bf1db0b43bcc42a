"""Who pays how often, and what that does to partitions."""

import pytest

from actors.directory import plan
from benchmarks.zipf import balance, loads, shares, slots, worth_pinning
from ledger.ids import derive_account

ACCOUNTS = 5_000
SLOTS = slots(ACCOUNTS)


def test_all_payments_are_made_by_somebody() -> None:
    paid = shares(ACCOUNTS, 1.1)

    assert sum(paid) == pytest.approx(1.0)
    assert paid[0] / paid[1] == pytest.approx(2**1.1)


def test_an_account_is_where_the_directory_says() -> None:
    directory = plan(8)
    account = derive_account("prn_bench", "wallet-17")
    alone = [0.0] * ACCOUNTS
    alone[17] = 1.0

    assert loads(8, alone, SLOTS).index(1.0) == directory.partition_of(account)


def test_even_payers_make_even_partitions() -> None:
    assert balance(0.0, 8, 0, SLOTS).skew < 1.2


def test_pinning_the_busiest_account_takes_its_load_off_the_others() -> None:
    before, after = (balance(1.1, 8, pinned, SLOTS) for pinned in (0, 1))

    assert before.partition > before.account
    assert after.partition < before.partition


def test_no_pin_makes_a_partition_less_busy_than_the_busiest_account() -> None:
    found = balance(1.2, 32, 8, SLOTS)

    assert found.partition == pytest.approx(found.account)


def test_pinning_pays_only_for_accounts_above_a_fair_share() -> None:
    assert worth_pinning(0.0, 8, ACCOUNTS) == 0
    assert worth_pinning(1.1, 8, ACCOUNTS) == 1
    assert worth_pinning(1.1, 128, ACCOUNTS) > 5
