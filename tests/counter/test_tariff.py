"""A tariff that is wrong is refused with the field and what stands in it."""

import json
from typing import Any

import pytest

from services.counter.tariff import DEMO_TARIFF, TariffUnusable, parse_tariff

GOOD = DEMO_TARIFF.read_bytes()


def test_the_demonstrations_tariff_is_good_and_says_each_text_in_three_languages() -> None:
    tariff = parse_tariff(GOOD)

    texts = [rule.text for lane in tariff.routes for rule in lane.rules]
    texts += tariff.items.values()
    assert all(set(text) == {"en", "zh", "ar"} for text in texts)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("routes", 0, "rules", 0, "rfisc"), "0G", '$.routes[0].rules[0].rfisc is "0G"'),
        (("routes", 1, "rules", 2, "amount_minor"), 0, "$.routes[1].rules[2].amount_minor is 0"),
        (("routes", 1, "rules", 2, "amount_minor"), 12.5, "amount_minor is 12.5"),
        (("routes", 0, "rules", 1, "charge"), "kilo", '$.routes[0].rules[1].charge is "kilo"'),
        (("routes", 0, "rules", 0, "tiers"), ["black"], 'tiers[0] is "black": no such tier'),
        (("routes", 2, "from"), ["moon"], '$.routes[2].from[0] is "moon": no such zone'),
        (("routes", 2, "currency"), "ZZZ", '$.routes[2].currency is "ZZZ"'),
        (("routes", 1, "rules", 0, "last"), 0, "$.routes[1].rules[0].last is 0"),
        (("routes", 1, "rules", 1, "first"), 99, ""),
        (("routes", 0, "rules", 4, "item"), "horse", 'item is "horse": no such item'),
        (("routes", 0, "rules", 0, "text"), {"ar": "وزن"}, "no English"),
        (("airline_code",), "QR", '$.airline_code is "QR"'),
        (("zones", "gulf", 1), "Muscat", "$.zones[...][1] is"),
        (("items", "bag"), {"en": "Bag"}, "a bag is no special item"),
        (("routes", 0, "price"), 7, "unknown field"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_its_value(place: Any, value: Any, says: str) -> None:
    raw = json.loads(GOOD)
    part = raw
    for step in place[:-1]:
        part = part[step]
    part[place[-1]] = value

    if not says:
        parse_tariff(json.dumps(raw).encode())
        return
    with pytest.raises(TariffUnusable) as refused:
        parse_tariff(json.dumps(raw).encode())

    assert says in str(refused.value)


def test_a_rule_that_ends_before_it_begins_is_refused() -> None:
    raw = json.loads(GOOD)
    raw["routes"][1]["rules"][0]["first"] = 5

    with pytest.raises(
        TariffUnusable, match=r"rules\[0\]\.last is 1: it is before first, 5"
    ):
        parse_tariff(json.dumps(raw).encode())


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TariffUnusable, match="tariff"):
        parse_tariff(b"{'name'")
