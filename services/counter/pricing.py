"""What the bags cost: a function of the tariff, the traveller and the bags, and of nothing else.

Pieces: bags that were checked before count first, so the same bags cost the same whether they are
brought together or one after another. Each bag above the allowance is an extra piece with a number,
and each that weighs more than a piece may is heavy besides. Weight: all bags together, and what is
above the allowance is charged by the kilogram begun, less what was above it before. Special items
have prices of their own and count against nothing.

Nothing is guessed: for what the tariff does not say there is no price (NoPrice).
"""

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ledger.money import Money
from services.counter.departures import (
    BAG,
    Bag,
    Booking,
    PieceAllowance,
    Traveller,
    WeightAllowance,
)
from services.counter.tariff import (
    HeavyRule,
    ItemRule,
    KilogramRule,
    Lane,
    PieceRule,
    Rule,
    Tariff,
    TierRule,
)

GRAMS = 1_000


class NoPrice(Exception):
    """The tariff has no price for this, or the bag is not carried at all. reason: for machines."""

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.reason = reason


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One code and why: bags are numbered from 1 in the order in which they were weighed.

    included: what is free: so many pieces, kilograms of a piece, or kilograms in all; 0 for items.
    """

    charge: str
    rfisc: str
    text: Mapping[str, str]
    quantity: int
    unit_minor: int
    bags: tuple[int, ...]
    included: int

    @property
    def amount_minor(self) -> int:
        return self.quantity * self.unit_minor


class Quote(msgspec.Struct, frozen=True):
    lines: tuple[Line, ...]
    currency: str

    @property
    def total(self) -> Money:
        return Money(sum(line.amount_minor for line in self.lines), self.currency)


class _Due(msgspec.Struct, frozen=True):
    """So many times this rule, because of this bag (0: of all)."""

    rule: Rule
    quantity: int
    bag: int
    included: int


def price(
    tariff: Tariff, booking: Booking, traveller: Traveller, bags: Sequence[Bag]
) -> Quote:
    """What these bags cost besides those that are checked. Raises NoPrice."""
    lane = tariff.lane(booking.origin, booking.destination)
    if lane is None:
        route = f"{booking.origin}-{booking.destination}"
        raise NoPrice("route_unknown", f"The tariff has no route for {route}.")
    tier = _tier(tariff, traveller)
    for number, bag in enumerate(bags, 1):
        if bag.weight_g > tariff.carry_max_kg * GRAMS:
            raise NoPrice(
                "too_heavy",
                f"Bag {number} weighs more than {tariff.carry_max_kg} kg, which nobody lifts:"
                " it is repacked, or goes as cargo.",
            )
    judge = _Judge(lane, traveller.tier)
    due = [
        *_of_items(judge, bags),
        *(
            _of_pieces(judge, traveller, traveller.allowance, tier, bags)
            if isinstance(traveller.allowance, PieceAllowance)
            else _of_weight(judge, traveller, traveller.allowance, tier, bags)
        ),
    ]
    return Quote(_lines(due), lane.currency)


class _Judge(msgspec.Struct, frozen=True):
    """The rules of one route, for one tier."""

    lane: Lane
    tier: str

    def rules(self) -> Iterator[Rule]:
        return (
            rule for rule in self.lane.rules if not rule.tiers or self.tier in rule.tiers
        )

    def piece(self, nth: int) -> Rule:
        for rule in self.rules():
            if isinstance(rule, PieceRule) and rule.first <= nth <= rule.last:
                return rule
        raise NoPrice(
            "no_piece_rule", f"The tariff has no price for extra piece {nth} here."
        )

    def heavy(self, weight_g: int) -> Rule:
        for rule in self.rules():
            if isinstance(rule, HeavyRule) and weight_g <= rule.up_to_kg * GRAMS:
                return rule
        raise NoPrice("no_heavy_rule", "The tariff has no price for so heavy a piece here.")

    def kilogram(self) -> Rule:
        for rule in self.rules():
            if isinstance(rule, KilogramRule):
                return rule
        raise NoPrice("no_kilogram_rule", "The tariff has no price for a kilogram here.")

    def item(self, item: str) -> Rule:
        for rule in self.rules():
            if isinstance(rule, ItemRule) and rule.item == item:
                return rule
        raise NoPrice(
            "no_item_rule", f"The tariff has no price for the item {item!r} here."
        )


def _tier(tariff: Tariff, traveller: Traveller) -> TierRule:
    """A tier that the tariff does not know might be worth a bag: better asked than charged."""
    if not traveller.tier:
        return TierRule()
    tier = tariff.tiers.get(traveller.tier)
    if tier is None:
        raise NoPrice(
            "tier_unknown", f"The tariff does not know the tier {traveller.tier!r}."
        )
    return tier


def _of_items(judge: _Judge, bags: Sequence[Bag]) -> Iterator[_Due]:
    for number, bag in enumerate(bags, 1):
        if bag.item != BAG:
            yield _Due(judge.item(bag.item), 1, number, 0)


def _of_pieces(
    judge: _Judge,
    traveller: Traveller,
    allowance: PieceAllowance,
    tier: TierRule,
    bags: Sequence[Bag],
) -> Iterator[_Due]:
    free = allowance.pieces + tier.pieces
    pieces = sum(bag.item == BAG for bag in traveller.checked)
    for number, bag in enumerate(bags, 1):
        if bag.item != BAG:
            continue
        pieces += 1
        if pieces > free:
            yield _Due(judge.piece(pieces - free), 1, number, free)
        if bag.weight_g > allowance.each_kg * GRAMS:
            yield _Due(judge.heavy(bag.weight_g), 1, number, allowance.each_kg)


def _of_weight(
    judge: _Judge,
    traveller: Traveller,
    allowance: WeightAllowance,
    tier: TierRule,
    bags: Sequence[Bag],
) -> Iterator[_Due]:
    free_kg = allowance.kg + tier.kg
    before_g = sum(bag.weight_g for bag in traveller.checked if bag.item == BAG)
    after_g = before_g + sum(bag.weight_g for bag in bags if bag.item == BAG)
    due_kg = _over_kg(after_g, free_kg) - _over_kg(before_g, free_kg)
    if due_kg:
        yield _Due(judge.kilogram(), due_kg, 0, free_kg)


def _over_kg(weight_g: int, free_kg: int) -> int:
    """Kilograms above what is free; one that has begun is whole."""
    return -(-max(0, weight_g - free_kg * GRAMS) // GRAMS)


def _lines(due: Sequence[_Due]) -> tuple[Line, ...]:
    """What falls under one rule is one line, in the order in which it came up."""
    grouped: dict[int, list[_Due]] = {}
    for one in due:
        grouped.setdefault(id(one.rule), []).append(one)
    return tuple(
        Line(
            charge=_charge_of(same[0].rule),
            rfisc=same[0].rule.rfisc,
            text=same[0].rule.text,
            quantity=sum(one.quantity for one in same),
            unit_minor=same[0].rule.amount_minor,
            bags=tuple(one.bag for one in same if one.bag),
            included=same[0].included,
        )
        for same in grouped.values()
    )


def _charge_of(rule: Rule) -> str:
    tag = rule.__struct_config__.tag
    assert isinstance(tag, str), "each rule is tagged with what it charges"
    return tag
