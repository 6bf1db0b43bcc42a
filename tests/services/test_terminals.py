"""The registry: what a terminal is, when its keys open, and how a till becomes one."""

from random import Random

import msgspec
import pytest
from sqlalchemy import insert

from services.access_revision import access_revision
from services.merchants import Merchant
from services.pairing import ALPHABET, LIFE_MS, TRIES, PairingRefused, draw_code, pair
from services.store import Store
from services.terminal_keys import (
    OVERLAP_MS,
    KeyTaken,
    find_signer,
    key_id_of,
    keys_of,
    rotate_key,
)
from services.terminal_tables import TERMINAL_TOTALS
from services.terminal_totals import Totals, close_batch
from services.terminals import (
    NewTerminal,
    SignOfLife,
    Terminal,
    TerminalExists,
    TerminalOwes,
    TerminalStatus,
    UnknownTerminal,
    bind_terminal,
    find_terminal_by_tid,
    find_terminal_of,
    get_terminal,
    list_terminals,
    next_mac_generation,
    note_sign_of_life,
    register_terminal,
    resume_terminal,
    revoke_keys,
    suspend_terminal,
)

NOW = 1_767_225_600_000
KEY, OTHER_KEY = b"k" * 32, b"o" * 32


@pytest.fixture
def till(store: Store, lounge: Merchant) -> Terminal:
    return register(store, lounge)


def register(store: Store, merchant: Merchant, seed: int = 1) -> Terminal:
    new = NewTerminal(
        merchant=merchant.id, channel="terminal", name="B12", place="DOH-T1-B12"
    )
    return register_terminal(store, new, random_bytes=Random(seed).randbytes, now_ms=NOW)


def draw(store: Store, terminal: Terminal, seed: int = 5) -> str:
    drawn = draw_code(store, terminal.id, random_bytes=Random(seed).randbytes, now_ms=NOW)
    return drawn.code


def paired(store: Store, terminal: Terminal, key: bytes = KEY) -> Terminal:
    return pair(store, draw(store, terminal), key, now_ms=NOW).terminal


def opens(store: Store, key: bytes = KEY, now_ms: int = NOW) -> bool:
    return find_signer(store, key_id_of(key), now_ms=now_ms) is not None


def test_a_terminal_waits_for_its_key_and_is_found_by_all_its_names(
    store: Store, till: Terminal, lounge: Merchant
) -> None:
    assert till.status is TerminalStatus.WAITING
    assert (till.merchant, till.channel, len(till.tid)) == (lounge.id, "terminal", 8)
    assert find_terminal_of(store, till.principal) == till
    assert find_terminal_by_tid(store, till.tid) == till
    assert list_terminals(store) == [till]
    with pytest.raises(UnknownTerminal):
        get_terminal(store, "trm_none")


def test_the_same_random_bytes_make_no_second_terminal(
    store: Store, till: Terminal, lounge: Merchant
) -> None:
    with pytest.raises(TerminalExists) as caught:
        register(store, lounge)
    assert caught.value.terminal == till.id


def test_a_pairing_code_gives_a_till_its_key_once(store: Store, till: Terminal) -> None:
    code = draw(store, till)

    first = pair(store, code, KEY, now_ms=NOW)
    again = pair(store, code, KEY, now_ms=NOW)

    assert first == again
    assert first.terminal.status is TerminalStatus.ACTIVE
    assert opens(store)
    with pytest.raises(PairingRefused):
        pair(store, code, OTHER_KEY, now_ms=NOW)
    assert not opens(store, OTHER_KEY)


def test_a_code_is_read_as_people_write_it(store: Store, till: Terminal) -> None:
    code = draw(store, till)
    sloppy = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")

    assert pair(store, sloppy, KEY, now_ms=NOW).terminal.id == till.id


def test_a_code_ends_after_ten_minutes(store: Store, till: Terminal) -> None:
    code = draw(store, till)

    with pytest.raises(PairingRefused):
        pair(store, code, KEY, now_ms=NOW + LIFE_MS)
    pair(store, code, KEY, now_ms=NOW + LIFE_MS - 1)


def test_a_code_dies_after_five_wrong_secrets(store: Store, till: Terminal) -> None:
    code = draw(store, till)
    wrong = code[:-1] + next(c for c in ALPHABET if c != code[-1])

    for _ in range(TRIES):
        with pytest.raises(PairingRefused):
            pair(store, wrong, KEY, now_ms=NOW)

    with pytest.raises(PairingRefused):
        pair(store, code, KEY, now_ms=NOW)


def test_a_code_survives_four_wrong_secrets(store: Store, till: Terminal) -> None:
    code = draw(store, till)
    wrong = code[:-1] + next(c for c in ALPHABET if c != code[-1])
    for _ in range(TRIES - 1):
        with pytest.raises(PairingRefused):
            pair(store, wrong, KEY, now_ms=NOW)

    assert pair(store, code, KEY, now_ms=NOW).terminal.id == till.id


@pytest.mark.parametrize("junk", ["", "K7QD", "K7QD-4MPX-9T2B", "é" * 12, "X" * 24])
def test_junk_pairs_nothing(store: Store, till: Terminal, junk: str) -> None:
    draw(store, till)
    with pytest.raises(PairingRefused):
        pair(store, junk, KEY, now_ms=NOW)


def test_a_new_code_ends_the_one_before(store: Store, till: Terminal) -> None:
    old = draw(store, till)
    draw(store, till, seed=6)

    with pytest.raises(PairingRefused):
        pair(store, old, KEY, now_ms=NOW)


def test_a_code_does_not_show_itself(store: Store, till: Terminal) -> None:
    drawn = draw_code(store, till.id, random_bytes=Random(5).randbytes, now_ms=NOW)
    assert drawn.code not in repr(drawn)


def test_pairing_again_ends_the_key_of_the_device_before(
    store: Store, till: Terminal
) -> None:
    paired(store, till)
    paired(store, till, OTHER_KEY)

    assert (opens(store), opens(store, OTHER_KEY)) == (False, True)


def test_two_terminals_never_share_a_key(
    store: Store, till: Terminal, lounge: Merchant
) -> None:
    other = register(store, lounge, seed=2)
    paired(store, till)

    with pytest.raises(KeyTaken):
        pair(store, draw(store, other, seed=8), KEY, now_ms=NOW)


def test_a_changed_key_overlaps_with_the_old_one(store: Store, till: Terminal) -> None:
    paired(store, till)

    assert rotate_key(store, till.id, OTHER_KEY, now_ms=NOW) == key_id_of(OTHER_KEY)
    assert rotate_key(store, till.id, OTHER_KEY, now_ms=NOW) == key_id_of(OTHER_KEY)

    assert opens(store, KEY, NOW + OVERLAP_MS - 1)
    assert not opens(store, KEY, NOW + OVERLAP_MS)
    assert opens(store, OTHER_KEY, NOW + OVERLAP_MS)
    assert len(keys_of(store, till.id)) == 2


def test_no_key_comes_back_after_its_end(store: Store, till: Terminal) -> None:
    paired(store, till)
    rotate_key(store, till.id, OTHER_KEY, now_ms=NOW)

    with pytest.raises(KeyTaken):
        rotate_key(store, till.id, KEY, now_ms=NOW)


def test_a_suspended_terminal_opens_nothing_and_cannot_be_paired(
    store: Store, till: Terminal
) -> None:
    paired(store, till)
    before = access_revision(store)

    suspended = suspend_terminal(store, till.id, now_ms=NOW)

    assert suspended.status is TerminalStatus.SUSPENDED
    assert access_revision(store) > before
    assert not opens(store)
    with pytest.raises(PairingRefused):
        paired(store, till, OTHER_KEY)
    assert resume_terminal(store, till.id).status is TerminalStatus.ACTIVE
    assert opens(store)


def test_suspending_again_keeps_the_first_time(store: Store, till: Terminal) -> None:
    suspend_terminal(store, till.id, now_ms=NOW)
    assert suspend_terminal(store, till.id, now_ms=NOW + 1).disabled_at_ms == NOW


def test_revoked_keys_leave_a_terminal_that_waits(store: Store, till: Terminal) -> None:
    paired(store, till)
    next_mac_generation(store, till.id)

    revoked = revoke_keys(store, till.id, now_ms=NOW)

    assert (revoked.status, opens(store)) == (TerminalStatus.WAITING, False)
    assert next_mac_generation(store, till.id).mac_generation == 2


def test_a_till_bound_to_another_merchant_is_another_principal(
    store: Store, till: Terminal, duty_free: Merchant
) -> None:
    paired(store, till)

    bound = bind(store, till, duty_free)

    assert (bound.id, bound.merchant, bound.status) == (
        till.id,
        duty_free.id,
        TerminalStatus.WAITING,
    )
    assert bound.principal != till.principal
    assert find_terminal_of(store, till.principal) is None
    assert not opens(store)


def test_a_till_that_owes_stays_where_it_is(
    store: Store, till: Terminal, duty_free: Merchant
) -> None:
    sign = SignOfLife(software="1", backlog=1, last_sequence=7, clock_off_ms=-12)
    seen = note_sign_of_life(store, till.id, sign, now_ms=NOW + 1)

    assert (seen.backlog, seen.last_sequence, seen.last_seen_ms) == (1, 7, NOW + 1)
    with pytest.raises(TerminalOwes):
        bind(store, till, duty_free)
    assert get_terminal(store, till.id) == seen


def test_a_till_whose_batch_is_open_is_bound_after_its_day_or_without_its_keys(
    store: Store, till: Terminal, duty_free: Merchant
) -> None:
    next_mac_generation(store, till.id)
    row = {"principal": till.principal, "currency": "QAR"}
    sold = Totals(sales=1, sales_minor=5)
    with store.write() as connection:
        figures = msgspec.structs.asdict(sold)
        connection.execute(insert(TERMINAL_TOTALS), row | figures)

    with pytest.raises(TerminalOwes):
        bind(store, till, duty_free)
    close_batch(store, till.principal, "QAR", sold, request=b"1", now_ms=NOW)

    assert bind(store, till, duty_free).merchant == duty_free.id
    assert next_mac_generation(store, till.id).mac_generation == 2


def bind(store: Store, till: Terminal, merchant: Merchant) -> Terminal:
    return bind_terminal(
        store,
        till.id,
        merchant=merchant.id,
        channel="terminal",
        random_bytes=Random(9).randbytes,
        now_ms=NOW,
    )
