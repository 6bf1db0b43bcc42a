from random import Random

import pytest

from services.sealing import SealBroken, open_sealed, seal

KEY, OTHER = bytes(32), bytes(31) + b"\x01"
PLACE = "account_labels.sealed_label acc_amira"


def sealed(text: bytes = b"Amira") -> bytes:
    return seal(KEY, PLACE, text, Random(7).randbytes)


def test_what_was_sealed_opens_under_its_key_in_its_place() -> None:
    assert open_sealed(KEY, PLACE, sealed()) == b"Amira"
    assert open_sealed(KEY, PLACE, sealed(b"")) == b""


def test_a_sealed_text_does_not_show_what_it_is() -> None:
    assert b"Amira" not in sealed()


def test_the_same_text_is_never_sealed_alike() -> None:
    random_bytes = Random(7).randbytes

    assert seal(KEY, PLACE, b"Amira", random_bytes) != seal(
        KEY, PLACE, b"Amira", random_bytes
    )


def test_a_text_that_was_moved_to_anothers_row_does_not_open() -> None:
    with pytest.raises(SealBroken, match="acc_jonas does not open"):
        open_sealed(KEY, PLACE.replace("amira", "jonas"), sealed())


def test_no_other_key_opens_it() -> None:
    with pytest.raises(SealBroken):
        open_sealed(OTHER, PLACE, sealed())


def test_no_flipped_bit_opens() -> None:
    whole = sealed()
    for bit in range(8 * len(whole)):
        flipped = bytearray(whole)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            open_sealed(KEY, PLACE, bytes(flipped))


@pytest.mark.parametrize("length", [0, 1, 12, 13, 28])
def test_what_is_cut_off_does_not_open(length: int) -> None:
    with pytest.raises(SealBroken):
        open_sealed(KEY, PLACE, sealed()[:length])
