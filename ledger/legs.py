"""Arithmetic on amounts by pot. Zeros are dropped, so equal amounts are equal values."""

from ledger.posting import Legs, commodity_of


def add(left: Legs, right: Legs) -> dict[str, int]:
    total = dict(left)
    for pot, amount_minor in right.items():
        total[pot] = total.get(pot, 0) + amount_minor
    return {pot: amount_minor for pot, amount_minor in total.items() if amount_minor}


def subtract(left: Legs, right: Legs) -> dict[str, int]:
    return add(left, {pot: -amount_minor for pot, amount_minor in right.items()})


def total(legs: Legs, commodity: str) -> int:
    return sum(minor for pot, minor in legs.items() if commodity_of(pot) == commodity)


def take(legs: Legs, commodity: str, amount_minor: int) -> dict[str, int]:
    """The first pots of this commodity that make up the amount, which must be there."""
    taken: dict[str, int] = {}
    for pot, minor in legs.items():
        if commodity_of(pot) == commodity and amount_minor:
            taken[pot] = min(minor, amount_minor)
            amount_minor -= taken[pot]
    assert not amount_minor, "the caller checked that the amount is there"
    return taken
