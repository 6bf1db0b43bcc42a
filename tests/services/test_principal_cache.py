from functools import partial

import pytest

from ledger.clock import ManualClock
from services.mint import RandomBytes
from services.principal_cache import HIT_TTL_MS, MISS_TTL_MS, PrincipalCache
from services.principals import (
    NewPrincipal,
    Principal,
    PrincipalKind,
    create_principal,
    disable,
    find_by_key,
    issue_key,
)
from services.store import Store

WALLET = "acc_" + "a" * 24
BAD_KEYS = [f"ak_{number:032d}" for number in range(50)]


class Asked:
    """The real look-up in the real store, and a note of each key it was asked for."""

    def __init__(self, store: Store, clock: ManualClock) -> None:
        self._store = store
        self._clock = clock
        self.keys: list[str] = []

    def __call__(self, plain: str) -> Principal | None:
        self.keys.append(plain)
        return find_by_key(self._store, plain, now_ms=self._clock.now_ms())


@pytest.fixture
def asked(store: Store, clock: ManualClock) -> Asked:
    return Asked(store, clock)


@pytest.fixture
def cache(asked: Asked, clock: ManualClock) -> PrincipalCache:
    return PrincipalCache(asked, clock, remembered_max=3)


@pytest.fixture
def amira(store: Store, random_bytes: RandomBytes) -> Principal:
    new = NewPrincipal(
        kind=PrincipalKind.CUSTOMER, name="Amira", channel="web", account=WALLET
    )
    return create_principal(store, new, random_bytes=random_bytes, now_ms=0)


@pytest.fixture
def keys(store: Store, amira: Principal, random_bytes: RandomBytes) -> list[str]:
    issue = partial(issue_key, store, amira.id, random_bytes=random_bytes, now_ms=0)
    return [issue() for _ in range(4)]


def test_a_good_key_is_looked_up_once_while_it_is_remembered(
    cache: PrincipalCache,
    asked: Asked,
    clock: ManualClock,
    amira: Principal,
    keys: list[str],
) -> None:
    assert cache.find(keys[0]) == amira
    clock.advance(HIT_TTL_MS - 1)
    assert cache.find(keys[0]) == amira
    assert asked.keys == [keys[0]]

    clock.advance(1)
    assert cache.find(keys[0]) == amira
    assert asked.keys == [keys[0], keys[0]]


def test_a_bad_key_is_looked_up_once_while_it_is_remembered(
    cache: PrincipalCache, asked: Asked, clock: ManualClock
) -> None:
    for _ in range(100):
        assert cache.find(BAD_KEYS[0]) is None
    clock.advance(MISS_TTL_MS - 1)
    assert cache.find(BAD_KEYS[0]) is None
    assert len(asked.keys) == 1

    clock.advance(1)
    assert cache.find(BAD_KEYS[0]) is None
    assert len(asked.keys) == 2


def test_what_cannot_be_a_key_is_never_looked_up(
    cache: PrincipalCache, asked: Asked
) -> None:
    for junk in ["", "Bearer", "ak_short", "ak_" + "\udcff" * 32]:
        assert cache.find(junk) is None

    assert asked.keys == []


def test_a_disabled_principal_is_refused_when_the_memory_ends(
    cache: PrincipalCache,
    clock: ManualClock,
    store: Store,
    amira: Principal,
    keys: list[str],
) -> None:
    cache.find(keys[0])
    disable(store, amira.id, now_ms=clock.now_ms())

    clock.advance(HIT_TTL_MS)

    assert cache.find(keys[0]) is None


def test_a_disabled_principal_is_refused_at_once_after_a_clear(
    cache: PrincipalCache,
    clock: ManualClock,
    store: Store,
    amira: Principal,
    keys: list[str],
) -> None:
    cache.find(keys[0])
    disable(store, amira.id, now_ms=clock.now_ms())

    cache.clear()

    assert cache.find(keys[0]) is None


def test_a_flood_of_bad_keys_does_not_push_out_a_good_one(
    cache: PrincipalCache, asked: Asked, keys: list[str]
) -> None:
    cache.find(keys[0])
    for bad in BAD_KEYS:
        cache.find(bad)
    asked.keys.clear()

    cache.find(keys[0])

    assert asked.keys == []


def test_the_memory_is_bounded_and_forgets_the_oldest(
    cache: PrincipalCache, asked: Asked, keys: list[str]
) -> None:
    for key in keys:
        cache.find(key)

    assert [cache.peek(key) is not None for key in keys] == [False, True, True, True]


def test_a_renewed_answer_counts_as_young(
    cache: PrincipalCache, clock: ManualClock, keys: list[str]
) -> None:
    cache.find(keys[0])
    cache.find(keys[1])
    clock.advance(HIT_TTL_MS)
    cache.find(keys[0])

    cache.find(keys[2])
    cache.find(keys[3])

    assert cache.peek(keys[0]) is not None


def test_peek_answers_from_memory_alone(
    cache: PrincipalCache, asked: Asked, amira: Principal, keys: list[str]
) -> None:
    assert cache.peek(keys[0]) is None
    assert asked.keys == []

    cache.find(keys[0])
    cache.find(BAD_KEYS[0])

    good, bad, junk = cache.peek(keys[0]), cache.peek(BAD_KEYS[0]), cache.peek("junk")
    assert good is not None
    assert good.principal == amira
    assert bad is not None
    assert bad.principal is None
    assert junk is not None
    assert junk.principal is None


def test_a_clock_set_back_ends_the_memory(
    cache: PrincipalCache, clock: ManualClock, keys: list[str]
) -> None:
    cache.find(keys[0])

    clock.advance(-3_600_000)

    assert cache.peek(keys[0]) is None


def test_the_memory_does_not_hold_the_keys(cache: PrincipalCache, keys: list[str]) -> None:
    cache.find(keys[0])
    cache.find(BAD_KEYS[0])

    held = repr([vars(shelf) for shelf in (cache._hits, cache._misses)])

    assert "Amira" in held
    assert keys[0] not in held
    assert BAD_KEYS[0] not in held


def test_a_key_that_has_opened_is_known_also_when_all_is_forgotten(
    cache: PrincipalCache, keys: list[str], amira: Principal
) -> None:
    cache.find(keys[0])
    cache.find(BAD_KEYS[0])
    cache.clear()

    assert cache.peek(keys[0]) is None
    guess = cache.peek(BAD_KEYS[0])
    assert guess is not None, "or a guess said again would count again"
    assert guess.principal is None
    known = [cache.opened_before(key) for key in (keys[0], keys[1], BAD_KEYS[0], "ak_x")]
    assert known == [True, False, False, False]
    assert cache.find(keys[0]) == amira


def test_a_key_looked_up_during_a_clear_opens_once_and_is_known(
    asked: Asked, clock: ManualClock, keys: list[str], amira: Principal
) -> None:
    def find(plain: str) -> Principal | None:
        found = asked(plain)
        forgetful.clear()
        return found

    forgetful = PrincipalCache(find, clock)

    assert forgetful.find(keys[0]) == amira
    assert forgetful.peek(keys[0]) is None, "it may have been read before the revocation"
    assert forgetful.opened_before(keys[0]), "or its next call would count as a guess"
