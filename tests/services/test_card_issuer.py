import pickle
from pathlib import Path
from random import Random

import pytest

from services.card_issuer import (
    FILE_NAME,
    FileKeys,
    UnknownIssuerKey,
    card_key,
    open_issuer_keys,
)
from services.keyring import KeysDamaged, KeysExposed
from terminals.card_format import cmac

CARD = bytes(range(15))
RING = {1: bytes(32), 2: bytes(range(32))}


def test_a_card_s_key_is_that_of_sp_800_108_in_counter_mode() -> None:
    wanted = cmac(RING[2], b"\x01airside card key\x00" + CARD + b"\x00\x80")

    assert card_key(FileKeys(RING), 2, CARD) == wanted
    assert len(wanted) == 16


def test_no_two_cards_and_no_two_issuer_keys_give_the_same() -> None:
    keys = FileKeys(RING)
    given = {card_key(keys, key_id, bytes([n]) * 15) for key_id in RING for n in range(50)}

    assert len(given) == 100


def test_new_cards_are_made_under_the_newest_key() -> None:
    assert FileKeys(RING).newest == 2


def test_a_key_that_is_not_there_is_said_to_be_unknown() -> None:
    with pytest.raises(UnknownIssuerKey, match="no issuer key 3"):
        card_key(FileKeys(RING), 3, CARD)


def test_the_first_start_makes_a_key_and_the_next_ones_read_it(tmp_path: Path) -> None:
    first = open_issuer_keys(tmp_path, random_bytes=Random(1).randbytes)
    again = open_issuer_keys(tmp_path, random_bytes=Random(2).randbytes)

    assert card_key(first, 1, CARD) == card_key(again, 1, CARD)
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    open_issuer_keys(tmp_path, random_bytes=Random(1).randbytes)
    (tmp_path / FILE_NAME).chmod(0o644)

    with pytest.raises(KeysExposed):
        open_issuer_keys(tmp_path, random_bytes=Random(1).randbytes)


def test_a_damaged_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.touch(mode=0o600)

    with pytest.raises(KeysDamaged):
        open_issuer_keys(tmp_path, random_bytes=Random(1).randbytes)
    assert path.read_bytes() == b""


def test_issuer_keys_do_not_leave_their_process() -> None:
    keys = FileKeys(RING)

    assert "\\x" not in repr(keys)
    with pytest.raises(TypeError):
        pickle.dumps(keys)
