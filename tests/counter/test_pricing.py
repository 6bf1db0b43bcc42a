"""Prices against a model that counts bag by bag, and the stories that an agent would tell."""

import math
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.counter.departures import (
    Bag,
    Booking,
    PieceAllowance,
    Traveller,
    WeightAllowance,
)
from services.counter.pricing import NoPrice, Quote, price
from services.counter.tariff import DEMO_TARIFF, Tariff, read_tariff

TARIFF = read_tariff(DEMO_TARIFF)

weights_g = st.one_of(
    st.integers(1, 32_000), st.sampled_from([22_999, 23_000, 23_001, 31_999, 32_000])
)
bags = st.builds(Bag, weights_g, st.sampled_from(["bag", "bag", "bag", "bicycle"]))
tiers = st.sampled_from(["", "silver", "gold"])
pieces = st.builds(PieceAllowance, st.integers(0, 3), st.sampled_from([0, 23, 32]))
kilograms = st.builds(WeightAllowance, st.integers(0, 60))


def booking(origin: str, destination: str) -> Booking:
    return Booking(
        locator="ABCDEF",
        flight="XX1",
        date="2026-11-22",
        origin=origin,
        destination=destination,
        travellers=(),
    )


def traveller(
    allowance: PieceAllowance | WeightAllowance, tier: str = "", *checked: Bag
) -> Traveller:
    return Traveller(
        ticket="", given_name="Amira", tier=tier, allowance=allowance, checked=checked
    )


GULF, LONG = booking("DOH", "MCT"), booking("DOH", "LHR")
# The model's own copy of the demonstration's prices.
KG = {
    "MCT": {"": 3_500, "silver": 3_500, "gold": 2_500},
    "LHR": dict.fromkeys(["", "silver", "gold"], 6_000),
}
PIECE = {"MCT": [15_000], "LHR": [24_000, 45_000]}
HEAVY = {"MCT": 8_000, "LHR": 15_000}
BICYCLE = {"MCT": 20_000, "LHR": 36_000}
MORE = {"": (0, 0), "silver": (1, 15), "gold": (1, 20)}


def model(trip: Booking, who: Traveller, brought: list[Bag]) -> int:
    """Everything that was ever brought, less what was brought before."""
    before = _model_all(trip, who, list(who.checked))
    return _model_all(trip, who, [*who.checked, *brought]) - before


def _model_all(trip: Booking, who: Traveller, everything: list[Bag]) -> int:
    to = trip.destination
    more_pieces, more_kg = MORE[who.tier]
    total = BICYCLE[to] * sum(bag.item == "bicycle" for bag in everything)
    plain = [bag.weight_g for bag in everything if bag.item == "bag"]
    if isinstance(who.allowance, WeightAllowance):
        over = sum(plain) / 1000 - who.allowance.kg - more_kg
        return total + max(0, math.ceil(over)) * KG[to][who.tier]
    extra = max(0, len(plain) - who.allowance.pieces - more_pieces)
    for nth in range(extra):
        total += PIECE[to][min(nth, len(PIECE[to]) - 1)]
    return total + HEAVY[to] * sum(
        weight / 1000 > who.allowance.each_kg for weight in plain
    )


@given(
    trip=st.sampled_from([GULF, LONG]),
    allowance=st.one_of(pieces, kilograms),
    tier=tiers,
    checked=st.lists(bags, max_size=4),
    brought=st.lists(bags, max_size=6),
)
def test_a_price_is_what_the_model_says(
    trip: Booking,
    allowance: PieceAllowance | WeightAllowance,
    tier: str,
    checked: list[Bag],
    brought: list[Bag],
) -> None:
    who = traveller(allowance, tier, *checked)

    assert price(TARIFF, trip, who, brought).total.amount_minor == model(trip, who, brought)


@given(
    allowance=st.one_of(pieces, kilograms),
    tier=tiers,
    brought=st.lists(bags, max_size=6),
    cut=st.integers(0, 6),
)
def test_bags_cost_the_same_together_and_one_after_another(
    allowance: PieceAllowance | WeightAllowance, tier: str, brought: list[Bag], cut: int
) -> None:
    first, rest = brought[:cut], brought[cut:]
    together = price(TARIFF, LONG, traveller(allowance, tier), brought)
    then = price(TARIFF, LONG, traveller(allowance, tier, *first), rest)
    now = price(TARIFF, LONG, traveller(allowance, tier), first)

    assert together.total.amount_minor == now.total.amount_minor + then.total.amount_minor


@given(allowance=pieces, brought=st.lists(bags, max_size=6))
def test_each_line_names_the_bags_that_it_is_for(
    allowance: PieceAllowance, brought: list[Bag]
) -> None:
    quote = price(TARIFF, LONG, traveller(allowance), brought)

    assert all(len(line.bags) == line.quantity for line in quote.lines)
    heavy = [n for n, bag in enumerate(brought, 1)
             if bag.item == "bag" and bag.weight_g > allowance.each_kg * 1000]  # fmt: skip
    assert [n for line in quote.lines if line.charge == "heavy" for n in line.bags] == heavy


def told(quote: Quote) -> list[tuple[str, int, int]]:
    return [(line.rfisc, line.quantity, line.amount_minor) for line in quote.lines]


def test_a_second_and_a_third_bag_have_codes_of_their_own_and_a_heavy_one_a_third() -> None:
    who = traveller(PieceAllowance(1, 23))

    quote = price(TARIFF, LONG, who, [Bag(20_000), Bag(23_500), Bag(10_000)])

    assert Counter(told(quote)) == Counter(
        [("0IJ", 1, 24_000), ("0CE", 1, 45_000), ("0IK", 1, 15_000)]
    )
    assert quote.total.amount_minor == 84_000
    assert {line.included for line in quote.lines} == {1, 23}


def test_a_tier_has_its_own_price_and_its_own_allowance() -> None:
    plain = price(TARIFF, GULF, traveller(WeightAllowance(30)), [Bag(31_001), Bag(20_000)])
    gold = price(
        TARIFF, GULF, traveller(WeightAllowance(30), "gold"), [Bag(31_001), Bag(20_000)]
    )

    assert told(plain) == [("0IK", 22, 22 * 3_500)]
    assert told(gold) == [("0IK", 2, 2 * 2_500)]


@pytest.mark.parametrize(
    ("trip", "who", "brought", "reason"),
    [
        (
            booking("SIN", "DOH"),
            traveller(PieceAllowance(0, 23)),
            [Bag(1)],
            "route_unknown",
        ),
        (LONG, traveller(PieceAllowance(0, 23), "platinum"), [Bag(1)], "tier_unknown"),
        (LONG, traveller(PieceAllowance(9, 23)), [Bag(32_001)], "too_heavy"),
        (
            booking("LHR", "DOH"),
            traveller(WeightAllowance(0)),
            [Bag(1)],
            "no_kilogram_rule",
        ),
        (GULF, traveller(PieceAllowance(0, 23)), [Bag(1, "ski")], "no_item_rule"),
    ],
)
def test_what_the_tariff_does_not_say_has_no_price(
    trip: Booking, who: Traveller, brought: list[Bag], reason: str
) -> None:
    with pytest.raises(NoPrice) as refused:
        price(TARIFF, trip, who, brought)

    assert refused.value.reason == reason


def test_nobody_pays_for_what_is_included() -> None:
    quote = price(
        TARIFF, LONG, traveller(PieceAllowance(2, 23)), [Bag(23_000), Bag(23_000)]
    )

    assert (quote.lines, quote.total.amount_minor) == ((), 0)


def test_the_first_rule_that_fits_is_taken() -> None:
    lane = TARIFF.routes[0]
    turned = msgspec.structs.replace(lane, rules=tuple(reversed(lane.rules)))
    tariff: Tariff = msgspec.structs.replace(TARIFF, routes=(turned,))

    quote = price(tariff, GULF, traveller(WeightAllowance(0), "gold"), [Bag(21_000)])

    assert told(quote) == [("0IK", 1, 3_500)]
