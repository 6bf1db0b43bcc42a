from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.directory import PARTITIONS_MAX, MapMismatch, load_or_create, plan
from ledger.ids import SLOT_COUNT, AccountId, MalformedId, account_text
from tests.books import account_of
from tests.strategies import accounts

BIG_AGENT, BIG_COMPANY = (
    account_text(account_of("agent")),
    account_text(account_of("company")),
)


def in_slot(slot: int) -> AccountId:
    return AccountId((slot << 4).to_bytes(2, "big") + bytes(13))


@pytest.mark.parametrize("partitions", [1, 2, 3, 4, 7, PARTITIONS_MAX])
def test_the_slots_cover_every_partition_evenly_and_in_order(partitions: int) -> None:
    directory = plan(partitions)
    owners = [directory.partition_of(in_slot(slot)) for slot in range(SLOT_COUNT)]

    assert owners == sorted(owners)
    shares = Counter(owners)
    assert set(shares) == set(range(partitions))
    assert max(shares.values()) - min(shares.values()) <= 1


@given(accounts, st.integers(1, PARTITIONS_MAX))
def test_an_account_has_one_owner(account: AccountId, partitions: int) -> None:
    directory = plan(partitions, (BIG_AGENT,))
    owners = [n for n in range(directory.partition_count) if directory.owns(n, account)]

    assert owners == [directory.partition_of(account)]


def test_a_pinned_account_lives_alone() -> None:
    directory = plan(2, (BIG_AGENT, BIG_COMPANY))

    assert directory.partition_count == 4
    assert directory.partition_of(account_of("agent")) == 2
    assert directory.partition_of(account_of("company")) == 3
    assert directory.partition_of(account_of("amira")) < 2


def test_an_account_that_is_pinned_twice_has_one_partition() -> None:
    directory = plan(2, (BIG_AGENT, BIG_AGENT))

    assert directory.partition_count == 3
    assert directory.partition_of(account_of("agent")) == 2


def test_only_an_account_can_be_pinned() -> None:
    with pytest.raises(MalformedId):
        plan(2, ("acc_nobody",))


def test_the_map_is_written_once_and_read_by_all(tmp_path: Path) -> None:
    path = tmp_path / "new" / "directory.json"
    written = load_or_create(path, plan(3))

    assert load_or_create(path, plan(3)) == written == plan(3)


def test_another_number_of_partitions_is_refused_and_the_map_stays(tmp_path: Path) -> None:
    path = tmp_path / "directory.json"
    load_or_create(path, plan(3))
    before = path.read_bytes()

    with pytest.raises(MapMismatch, match="made with 3"):
        load_or_create(path, plan(4))
    assert path.read_bytes() == before


def test_a_new_pin_raises_the_version_and_moves_no_other(tmp_path: Path) -> None:
    path = tmp_path / "directory.json"
    load_or_create(path, plan(2, (BIG_AGENT,)))

    grown = load_or_create(path, plan(2, (BIG_COMPANY,)))

    assert grown.version == 2
    assert grown.pins == {BIG_AGENT: 2, BIG_COMPANY: 3}
    assert load_or_create(path, plan(2)) == grown


@pytest.mark.parametrize("partitions", [1, 2, 3, 7, 64])
def test_a_stripes_account_lives_where_the_stripe_is(partitions: int) -> None:
    directory = plan(partitions, (BIG_AGENT, BIG_COMPANY))

    stripes = {
        (merchant, number): directory.stripe_of(merchant, number)
        for merchant in ("mer_lounge", "mer_dutyfree")
        for number in range(directory.partition_count)
    }

    assert len(set(stripes.values())) == 2 * (partitions + 2)
    for (_, number), stripe in stripes.items():
        assert directory.owns(number, stripe)
