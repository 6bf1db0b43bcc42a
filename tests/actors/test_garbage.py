"""What is free is given back, and not kept for later."""

import ctypes
from pathlib import Path

import pytest

from actors.garbage import give_back

PIECES, PIECE_BYTES = 20_000, 2_048


def resident_bytes() -> int:
    _, pages, *_ = Path("/proc/self/statm").read_text().split()
    return int(pages) * 4_096


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps nothing"
)
def test_what_a_flood_left_goes_back_to_the_system() -> None:
    """The last piece stays, and glibc by itself would keep all that lies below it."""
    pieces = [bytes(PIECE_BYTES) for _ in range(PIECES)]
    del pieces[:-1]
    before = resident_bytes()

    give_back()

    assert before - resident_bytes() > PIECES * PIECE_BYTES / 2
    assert len(pieces) == 1
