"""What one seed decides: the shape of the world, and a list of steps.

A step has its own seed, so a history may be shortened: steps that are left out do not change
what the others draw.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random

from tests.simulation.fault import Fault
from tests.simulation.workload import Deed

WALLETS = 6
DEEDS = 1_000
FAULTS = 45
# Each so many-th seed runs on SQLite's own files: some ten times slower than memory.
SQLITE_EVERY = 8
_DEEDS = {
    Deed.OPEN: 1,
    Deed.FUND: 6,
    Deed.SEND: 8,
    Deed.PAY: 11,
    Deed.HOLD: 13,
    Deed.SHOW: 9,
    Deed.TAP: 7,
    Deed.INCREASE: 4,
    Deed.CAPTURE: 12,
    Deed.VOID: 4,
    Deed.REFUND: 10,
    Deed.REVERSE: 5,
    Deed.REVERSE_EARLY: 1.5,
    Deed.ARRIVE_LATE: 2,
    Deed.FREEZE: 0.7,
    Deed.UNFREEZE: 1.5,
    Deed.CLOSE: 0.5,
    Deed.GRANT: 2,
    Deed.READ: 6,
    Deed.LOOK_UP: 4,
    Deed.READ_ENTRIES: 2,
    Deed.RETRY: 9,
    Deed.REUSE: 1.5,
    Deed.CUT: 3,
    Deed.SWEEP: 6,
    Deed.SETTLE: 4,
    Deed.ASK_PAYOUT: 3,
    Deed.DECIDE_PAYOUT: 6,
}


class Skip(StrEnum):
    """Time that passes at once."""

    SECONDS = "seconds pass"
    DAYS = "days pass"
    MONTH = "a month passes"


@dataclass(frozen=True)
class Step:
    number: int
    wait_s: float
    what: Deed | Fault | Skip
    seed: int


@dataclass(frozen=True)
class Plan:
    seed: int
    world_seed: int
    partitions: int
    pinned: bool  # the first wallet has a partition of its own
    sqlite: bool
    tick_s: float
    steps: list[Step]


def draw_plan(seed: int) -> Plan:
    dice = Random(seed)
    partitions, pinned = dice.choice([1, 2, 2, 3]), dice.random() < 0.25
    sqlite = seed % SQLITE_EVERY == 0
    chosen: list[Deed | Fault | Skip] = [*[Deed.OPEN] * WALLETS, *[Deed.FUND] * WALLETS * 2]
    chosen += _shuffled(dice, sqlite=sqlite, alone=partitions + pinned == 1)
    return Plan(
        seed,
        dice.getrandbits(64),
        partitions,
        pinned,
        sqlite,
        dice.choice([0.1, 0.1, 0.03, 1.0]),
        [
            Step(number, _wait_s(dice), what, dice.getrandbits(64))
            for number, what in enumerate(chosen)
        ],
    )


def _shuffled(dice: Random, *, sqlite: bool, alone: bool) -> list[Deed | Fault | Skip]:
    """Each seed likes some deeds and some faults better than others."""
    weights = [weight * dice.choice([0.2, 1, 1, 3]) for weight in _DEEDS.values()]
    faults = [
        fault
        for fault in Fault
        if (sqlite or fault is not Fault.TORN_WAL)
        and not (alone and fault is Fault.FRAME_MISROUTED)
    ]
    chosen: list[Deed | Fault | Skip] = []
    chosen += dice.choices(list(_DEEDS), weights, k=DEEDS)
    chosen += dice.choices(faults, [dice.choice([0.2, 1, 1, 8]) for _ in faults], k=FAULTS)
    chosen += [Fault.TORN_WAL] * sqlite
    chosen += [Skip.SECONDS] * dice.randint(2, 10) + [Skip.DAYS] * dice.randint(0, 3)
    chosen += [Skip.MONTH] * (dice.random() < 0.15)
    dice.shuffle(chosen)
    return chosen


def _wait_s(dice: Random) -> float:
    """Callers come in bursts, so that frames carry several commands."""
    return dice.random() * dice.choices([0, 0.001, 0.01, 0.3], [80, 7, 8, 5])[0]
