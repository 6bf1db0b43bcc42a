"""Bank cards are read far enough to be known again, and their number stays where it was read."""

import pickle
from contextlib import suppress
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals.apdu import CardFault
from terminals.bench_reader.emv_program import EmvProgram
from terminals.emv_card import NotABankCard, read_bank_card
from terminals.pan import NotAPoint, Pan, multiplied, par_token, scalar_of
from terminals.tlv import decode, find
from tests.card_in_hand import Link

PAN = "4111111111111111"
PAR = "V0010013022298169667504231315"
KEY = scalar_of(bytes(range(48)))


def exchange(point: bytes) -> bytes:
    return multiplied(KEY, point)


@pytest.mark.parametrize("directory", ["2PAY.SYS.DDF01", "1PAY.SYS.DDF01", ""])
def test_a_card_is_read_whatever_directory_it_has(directory: str) -> None:
    card = read_bank_card(Link(EmvProgram(PAN, "2812", directory=directory)))

    assert (card.pan.masked, card.expiry, card.par) == ("**** 1111", "2028-12", "")


def test_a_card_without_a_payment_application_is_none() -> None:
    with pytest.raises(NotABankCard):
        read_bank_card(Link(EmvProgram("1" * 11 + "0", "2813")))


def test_a_card_may_ask_for_as_much_as_a_short_command_holds() -> None:
    """From 128 bytes on, the length of template 83 takes two."""
    for length in (127, 128, 250):
        pdol = bytes.fromhex("9F66") + bytes([length])
        card = EmvProgram(PAN, "2812", pdol=pdol)
        assert read_bank_card(Link(card)).pan.masked == "**** 1111"
        [question] = card.options_asked
        assert len(find(decode(question), 0x83) or b"") == length


def test_an_application_that_refuses_leaves_it_to_the_next() -> None:
    card = EmvProgram(PAN, "2812", refusing="A0000000041010")

    assert read_bank_card(Link(card)).pan.masked == "**** 1111"


def test_no_cryptogram_is_asked_for() -> None:
    link = Link(EmvProgram(PAN, "2812"))
    read_bank_card(link)

    assert set(link.asked) == {0xA4, 0xA8, 0xB2}


def test_the_par_is_the_token_where_there_is_one() -> None:
    def never(_point: bytes) -> bytes:
        raise AssertionError("a card with a PAR needs no vault")

    card = read_bank_card(Link(EmvProgram(PAN, "2812", par=PAR)))

    assert card.token(never, Random(1).randbytes) == par_token(PAR)


def test_one_number_has_one_token_and_the_gateway_sees_another_point_each_time() -> None:
    seen: list[bytes] = []

    def watched(point: bytes) -> bytes:
        seen.append(point)
        return exchange(point)

    card = read_bank_card(Link(EmvProgram(PAN, "2812")))
    tokens = {card.token(watched, Random(seed).randbytes) for seed in range(8)}

    assert len(tokens) == 1
    assert len(set(seen)) == 8


def test_another_number_or_another_key_gives_another_token() -> None:
    draws = Random(1).randbytes
    cards = [read_bank_card(Link(EmvProgram(pan, "2812"))) for pan in (PAN, PAN[:-1] + "2")]
    tokens = {card.token(exchange, draws) for card in cards}
    tokens |= {card.token(lambda p: multiplied(KEY + 1, p), draws) for card in cards}

    assert len(tokens) == 4


@given(st.integers(10**11, 10**19 - 1), st.integers(0, 2**32))
def test_the_blinding_comes_off_whatever_it_was(number: int, seed: int) -> None:
    pan = Pan(str(number))
    first = pan.blinded(Random(seed).randbytes)
    second = pan.blinded(Random(seed + 1).randbytes)

    assert first.token(exchange(first.point)) == second.token(exchange(second.point))


def test_what_is_no_point_is_refused() -> None:
    for junk in (b"", bytes(31), b"\xff" * 32):
        with pytest.raises(NotAPoint):
            multiplied(KEY, junk)


def test_a_number_shows_itself_nowhere() -> None:
    pan = Pan(PAN)
    card = read_bank_card(Link(EmvProgram(PAN, "2812")))

    for shown in (
        repr(pan),
        str(pan),
        f"{card}",
        repr(card),
        repr(pan.blinded(Random(1).randbytes)),
    ):
        assert PAN not in shown
        assert PAN[:6] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(pan)
    with pytest.raises(TypeError):
        msgspec.json.encode(card)


class Hostile:
    """Answers every question with the same bytes."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.count = 0

    def transmit(self, _question: bytes) -> bytes:
        self.count += 1
        return self._answer


@given(st.binary(max_size=256))
def test_whatever_a_card_says_ends_in_one_family_of_errors(answer: bytes) -> None:
    link = Hostile(answer + b"\x90\x00")

    with suppress(CardFault):
        read_bank_card(link)

    assert link.count < 100
