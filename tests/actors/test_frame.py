import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import DecodeError

from actors.frame import (
    COMMANDS_PER_FRAME,
    FRAME_BYTES_MAX,
    LENGTH,
    Commands,
    Heartbeat,
    decode_request,
    encode,
    framed,
)
from ledger.commands import Authorise, CaptureMode, Envelope, ScannedCode
from ledger.events import Sale
from ledger.ids import AccountId
from ledger.money import AMOUNT_MINOR_MAX, Money

# The longest texts and digests that anybody may put into a command.
LONGEST = Envelope(
    Authorise(
        account=AccountId(bytes(15)),
        amount=Money(AMOUNT_MINOR_MAX, "AVIOS"),
        sale=Sale("m" * 64, bytes(32), "c" * 16, "p" * 64, "t" * 64, bytes(32)),
        capture=CaptureMode.AUTOMATIC,
        hold_ms=2**40,
        code=ScannedCode(bytes(32), 2**42),
    ),
    "prn_" + "c" * 60,
    bytes(16),
    bytes(16),
    2**42,
)


def test_a_frame_comes_back_as_it_was_sent() -> None:
    for request in [Commands([LONGEST] * 3), Commands([]), Heartbeat()]:
        assert decode_request(encode(request)) == request


def test_a_full_frame_of_the_longest_commands_is_within_its_bytes() -> None:
    assert len(encode(Commands([LONGEST] * COMMANDS_PER_FRAME))) <= FRAME_BYTES_MAX


@given(st.binary(max_size=60))
def test_noise_is_refused(noise: bytes) -> None:
    try:
        request = decode_request(noise)
    except DecodeError:
        return
    assert isinstance(request, Commands | Heartbeat)


def test_a_frame_stands_behind_its_length() -> None:
    assert framed(b"abc") == b"\x00\x00\x00\x03abc"
    assert LENGTH.size == 4


def test_a_frame_that_is_cut_is_refused() -> None:
    whole = encode(Commands([LONGEST]))

    with pytest.raises(DecodeError):
        decode_request(whole[:-1])
