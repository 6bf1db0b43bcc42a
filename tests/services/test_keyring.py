import base64
import hashlib
import hmac
import json
import pickle
import traceback
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from random import Random

import pytest

from ledger.keys import request_digest
from services.keyring import Keyring, KeysDamaged, KeysExposed, open_keyring
from services.mint import RandomBytes

SECRET = base64.b64encode(b"open sesame, open sesame, sesame").decode()


def write_keys(folder: Path, content: str) -> Path:
    path = folder / "keys.json"
    path.write_text(content)
    path.chmod(0o600)
    return path


def keys_json(**changes: object) -> str:
    keys = {"version": 1, "payment_codes": {"1": SECRET}, "order_digest": SECRET}
    return json.dumps(keys | changes)


def test_the_first_start_makes_the_keys_and_the_next_one_finds_them(
    tmp_path: Path, random_bytes: RandomBytes
) -> None:
    made = open_keyring(tmp_path, random_bytes=random_bytes)
    found = open_keyring(tmp_path, random_bytes=random_bytes)

    assert made.sealing_key_id == 1
    assert [len(key) for key in made.payment_code_keys().values()] == [32]
    assert found.payment_code_keys() == made.payment_code_keys()
    assert found.order_digest("mer_1", "A-17") == made.order_digest("mer_1", "A-17")


def test_the_file_is_for_its_owner_only(tmp_path: Path, random_bytes: RandomBytes) -> None:
    open_keyring(tmp_path, random_bytes=random_bytes)

    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]
    assert (tmp_path / "keys.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o666])
def test_a_file_that_others_may_touch_is_refused(
    tmp_path: Path, random_bytes: RandomBytes, mode: int
) -> None:
    open_keyring(tmp_path, random_bytes=random_bytes)
    (tmp_path / "keys.json").chmod(mode)

    with pytest.raises(KeysExposed, match=f"has mode 0{mode:o}: others may have read"):
        open_keyring(tmp_path, random_bytes=random_bytes)


def test_the_newest_key_of_the_ring_seals_and_the_others_stay(
    tmp_path: Path, random_bytes: RandomBytes
) -> None:
    write_keys(tmp_path, keys_json(payment_codes={"9": SECRET, "10": SECRET, "2": SECRET}))

    keyring = open_keyring(tmp_path, random_bytes=random_bytes)

    assert keyring.sealing_key_id == 10
    assert set(keyring.payment_code_keys()) == {2, 9, 10}


@pytest.mark.parametrize(
    "content",
    [
        "",
        SECRET,
        f'{{"{SECRET}": ',
        keys_json(version=2),
        keys_json(version=SECRET),
        keys_json(payment_codes={}),
        keys_json(payment_codes={"0": SECRET}),
        keys_json(payment_codes={"256": SECRET}),
        keys_json(payment_codes={SECRET: SECRET}),
        keys_json(payment_codes={"1": SECRET[:-4]}),
        keys_json(payment_codes={"1": SECRET + "AAAA"}),
        keys_json(order_digest=SECRET[:8]),
        keys_json(order_digest=None),
    ],
)
def test_a_damaged_file_is_refused_kept_and_not_quoted(
    tmp_path: Path, random_bytes: RandomBytes, content: str
) -> None:
    path = write_keys(tmp_path, content)

    with pytest.raises(KeysDamaged) as caught:
        open_keyring(tmp_path, random_bytes=random_bytes)

    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert SECRET[:8] not in shown
    assert "is not a keyring of version 1: restore it" in shown
    assert path.read_text() == content


def test_processes_that_start_together_get_the_same_keys(tmp_path: Path) -> None:
    def start(seed: int) -> dict[int, bytes]:
        source = Random(seed).randbytes
        return open_keyring(tmp_path, random_bytes=source).payment_code_keys()

    with ThreadPoolExecutor(4) as pool:
        rings = list(pool.map(start, range(4)))

    assert all(ring == rings[0] for ring in rings)


def test_an_order_digest_is_16_bytes_of_keyed_hash() -> None:
    keyring = Keyring({1: bytes(32)}, b"k" * 32)
    expected = hmac.new(b"k" * 32, b"mer_1\x00A-17", hashlib.sha256).digest()[:16]

    assert keyring.order_digest("mer_1", "A-17") == expected


def test_order_digests_differ_by_merchant_by_order_and_by_key() -> None:
    keyring = Keyring({1: bytes(32)}, b"k" * 32)
    other = Keyring({1: bytes(32)}, b"o" * 32)

    digests = {
        keyring.order_digest("mer_1", "A-17"),
        keyring.order_digest("mer_2", "A-17"),
        keyring.order_digest("mer_1", "A-18"),
        keyring.order_digest("mer_1A", "-17"),
        other.order_digest("mer_1", "A-17"),
    }
    assert len(digests) == 5


def test_the_key_that_wraps_others_is_derived_and_none_of_those_in_the_file() -> None:
    ring = Keyring({1: b"c" * 32}, b"d" * 32)
    # RFC 5869, by hand: extract without a salt, expand to one block.
    extracted = hmac.digest(bytes(32), b"d" * 32, hashlib.sha256)
    expected = hmac.digest(extracted, b"airside wraps data keys 1\x01", hashlib.sha256)

    assert ring.wrapping_key() == expected
    assert Keyring({2: b"e" * 32}, b"d" * 32).wrapping_key() == expected
    assert Keyring({1: b"c" * 32}, b"f" * 32).wrapping_key() != expected


def test_a_request_is_digested_under_a_key_so_nobody_can_try_what_it_may_have_said() -> (
    None
):
    request = b"amount, payer, PNR-7Q4K2Z"
    ring, other = (Keyring({1: bytes(32)}, bytes(32), key * 32) for key in (b"a", b"b"))

    assert ring.request_digest(request) == hmac.digest(b"a" * 32, request, "sha256")[:16]
    assert ring.request_digest(request) != other.request_digest(request)
    assert ring.request_digest(request) != request_digest(request)


def test_a_folder_without_that_key_keeps_its_digests(
    tmp_path: Path, random_bytes: RandomBytes
) -> None:
    """A retry after the upgrade must meet the digest of its first request."""
    write_keys(tmp_path, keys_json())
    old = open_keyring(tmp_path, random_bytes=random_bytes)

    assert old.request_digest(b"request") == request_digest(b"request")
    assert "request_digest" not in (tmp_path / "keys.json").read_text()


def test_a_keyring_shows_none_of_its_keys() -> None:
    keyring = Keyring({1: b"open sesame" * 3}, b"swordfish" * 4)

    for shown in (repr(keyring), str(keyring), f"{keyring}", f"{[keyring]}"):
        assert shown.strip("[]") == "<Keyring of 1 payment code keys>"


def test_a_keyring_does_not_leave_its_process() -> None:
    keyring = Keyring({1: bytes(32)}, bytes(32))

    with pytest.raises(TypeError, match="stays in its process"):
        pickle.dumps(keyring)
    with pytest.raises(TypeError):
        json.dumps(keyring)


def test_the_keys_a_caller_was_given_are_not_the_keyrings_own() -> None:
    keyring = Keyring({1: bytes(32)}, bytes(32))

    keyring.payment_code_keys().clear()

    assert keyring.sealing_key_id == 1


def test_without_a_folder_there_are_no_keys(
    tmp_path: Path, random_bytes: RandomBytes
) -> None:
    opening = partial(open_keyring, tmp_path / "nowhere", random_bytes=random_bytes)

    with pytest.raises(FileNotFoundError):
        opening()
