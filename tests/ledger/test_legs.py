from hypothesis import assume, given

from ledger.legs import add, subtract, take, total
from ledger.posting import Legs
from tests.strategies import legs, minors


@given(legs, legs)
def test_what_is_added_can_be_taken_away_again(left: Legs, right: Legs) -> None:
    assert subtract(add(left, right), right) == left
    assert add(left, right) == add(right, left)


@given(legs)
def test_zeros_are_dropped_so_equal_amounts_are_equal_values(amounts: Legs) -> None:
    assert subtract(amounts, amounts) == {}
    assert add(amounts, {"QAR/lounge": 0}) == amounts


@given(legs, minors)
def test_what_is_taken_is_the_amount_and_was_there(amounts: Legs, minor: int) -> None:
    assume(minor <= total(amounts, "QAR"))

    taken = take(amounts, "QAR", minor)

    assert total(taken, "QAR") == sum(taken.values()) == minor
    assert all(0 < part <= amounts[pot] for pot, part in taken.items())


def test_the_pots_are_emptied_in_their_order() -> None:
    assert take({"QAR/meal": 30, "AVIOS": 9, "QAR": 50}, "QAR", 40) == {
        "QAR/meal": 30,
        "QAR": 10,
    }


def test_a_total_is_of_one_commodity() -> None:
    assert total({"QAR/meal": 30, "AVIOS": 9, "QAR": 50}, "QAR") == 80
    assert total({}, "QAR") == 0
