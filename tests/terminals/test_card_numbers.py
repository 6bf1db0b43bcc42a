"""What looks like the number of a payment card, and what does not."""

from random import Random
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminals.card_numbers import holds_card_number, luhn_valid

CARD = "4111 1111 1111 1111"


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        CARD.replace(" ", ""),
        CARD.replace(" ", "-"),
        f"order 12 {CARD} 12/27",
        f"x{CARD}x",
        "0" + CARD.replace(" ", ""),
    ],
)
def test_a_card_number_is_seen_wherever_it_stands(text: str) -> None:
    assert holds_card_number(text)


def test_a_uuid_is_no_card_number() -> None:
    source = Random(5)
    uuids = [UUID(int=source.getrandbits(128), version=4) for _ in range(2_000)]

    assert not any(holds_card_number(str(uuid)) for uuid in uuids)
    assert not any(holds_card_number(uuid.hex) for uuid in uuids)


@given(st.integers(min_value=10**11, max_value=10**18 - 1))
def test_exactly_one_check_digit_makes_a_number_valid(number: int) -> None:
    assert [luhn_valid(f"{number}{digit}") for digit in range(10)].count(True) == 1


@pytest.mark.parametrize("digits", ["", "0", "18", "0" * 12, "0" * 20])
def test_what_has_another_length_is_no_card_number(digits: str) -> None:
    assert not luhn_valid(digits)
