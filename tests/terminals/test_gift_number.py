from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals.card_numbers import holds_card_number
from terminals.gift_number import (
    NotAGiftCard,
    NumberMistyped,
    check_digit,
    draw_number,
    is_number,
    read_line,
)

NUMBER = "0964378591503104"
BANK = "4111111111111111"


def test_the_check_digit_is_damm_s() -> None:
    assert check_digit("572") == "4"  # the example of his dissertation


@pytest.mark.parametrize(
    "line",
    [
        f";{NUMBER}=2812?",
        f";{NUMBER}=28125010000012345678?",
        f"%B{NUMBER}^GIFT CARD^2812?;{NUMBER}=2812?",
        NUMBER,
        "0964 3785 9150 3104",
    ],
)
def test_a_gift_card_is_read_from_a_swipe_or_from_what_is_printed(line: str) -> None:
    assert read_line(line) == NUMBER


@pytest.mark.parametrize(
    "line",
    [
        f";{BANK}=2812101123400001?",
        f"%B{BANK}^SOMEBODY^2812?;{BANK}=2812101123400001?",
        BANK,
        ";123=2812?",
        f";{NUMBER}",
        f";{NUMBER}=28?",
        "%E?;E?",
    ],
)
def test_any_other_stripe_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(NotAGiftCard) as refused:
        read_line(line)
    assert not any(character.isdigit() for character in str(refused.value))


@pytest.mark.parametrize(
    "line", ["", "hQVDUFYwMWE=", "tap1.AAAA", "24.00", "123456789012345"]
)
def test_what_is_no_stripe_is_left_to_others(line: str) -> None:
    assert read_line(line) is None


@given(st.integers(0, 15), st.integers(1, 9))
def test_every_wrong_digit_is_found(place: int, more: int) -> None:
    wrong = str((int(NUMBER[place]) + more) % 10)
    changed = NUMBER[:place] + wrong + NUMBER[place + 1 :]

    with pytest.raises((NumberMistyped, NotAGiftCard)):
        read_line(f";{changed}=2812?")
    assert not is_number(changed)


@given(st.integers(0, 14), st.integers(0, 2**32))
def test_every_swap_of_two_neighbours_is_found(place: int, seed: int) -> None:
    dice = Random(seed)
    number = draw_number(lambda: dice.randrange(10), holds_card_number)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]

    assert is_number(number)
    assert not holds_card_number(number)
    assert swapped == number or not is_number(swapped)
