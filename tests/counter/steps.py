"""The steps of a charge and of an undo, by name; and a death after any of them.

    die_after(counter, "capture", kill, patch)

A death before a step is one after the step before it, for nothing is done between two of them.
`kill` is what ends the process: an exception inside of a test, a real SIGKILL in doomed_counter.py.
Whatever was written before it stands; whoever comes next goes on.
"""

from collections.abc import Callable
from typing import Any

import pytest

import services.counter.charging as charging_module
from tests.counter.counters import Counter


class Died(Exception):
    """The process is gone, as far as its request is concerned."""


# By scan: the row, the hold, that it is known, the bags, the EMD, the capture, that it is known.
CHARGE = ["open_charge", "hold", "_move", "check_in", "issue", "capture", "_move 2"]
# By phone: the order comes first, and the money is there already.
AWAITED = [
    "create_order",
    "open_charge",
    "mark_paid",
    "_move",
    "check_in",
    "issue",
    "_move 2",
]
REFUSED = ["check_in", "give_back", "_move 2"]
UNDO = ["_claim", "take_back", "refund", "_end_now"]

_OF_MODULE = {"open_charge", "create_order", "mark_paid", "issue"}
_OF_PAYMENTS = {"hold", "capture", "refund", "give_back"}
_OF_DEPARTURES = {"check_in", "take_back"}
_OF_UNDOING = {"_claim", "_end_now"}
_PLAIN = {"_claim", "_end_now", *_OF_MODULE}


def die_after(
    counter: Counter, step: str, kill: Callable[[], None], patch: pytest.MonkeyPatch
) -> None:
    """step: a name, and the how-manieth call of it if it is not the first."""
    name, _, nth = step.partition(" ")
    place = _place(counter, name)
    real, calls = getattr(place, name), iter(range(1, 1_000))

    def passes() -> None:
        if next(calls) == int(nth or 1):
            kill()

    def plain(*args: Any, **kwargs: Any) -> Any:
        answer = real(*args, **kwargs)
        passes()
        return answer

    async def stepped(*args: Any, **kwargs: Any) -> Any:
        answer = await real(*args, **kwargs)
        passes()
        return answer

    patch.setattr(place, name, plain if name in _PLAIN else stepped)


def _place(counter: Counter, name: str) -> Any:
    channel = counter.house.gateway.features.counter
    assert channel is not None
    if name in _OF_MODULE:
        return charging_module
    if name in _OF_PAYMENTS:
        return channel.charging._payments
    if name in _OF_DEPARTURES:
        return channel.charging._departures
    return channel.undoing if name in _OF_UNDOING else channel.charging
