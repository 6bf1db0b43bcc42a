"""The bounds of the system, drawn anew for each seed: what takes an hour to reach with the real
bounds (eviction, a full mailbox, a second page) is then met in a second.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import ModuleType

import actors.batcher
import actors.mailbox
import actors.partition
import actors.reads
import actors.residents
import actors.tail
import ledger.account
import ledger.decide_payment
import ledger.inspection
import tests.ledger.model

# module, name, and what may be drawn; the first is the real bound.
_BOUNDS: list[tuple[ModuleType, str, list[int]]] = [
    (actors.residents, "RESIDENTS_MAX", [100_000, 100_000, 1, 4]),
    (actors.residents, "RESIDENT_ITEMS_MAX", [250_000, 250_000, 30]),
    (actors.residents, "RECENT_MIN", [1_024, 0, 0, 2]),
    (actors.residents, "EVICTED_MAX", [2_048, 1, 3]),
    (actors.residents, "CROWDED_PERCENT", [110, 1_000]),
    (actors.residents, "STALE_DUE_MAX", [1_000, 0]),
    (actors.residents, "TAIL_MAX", [20_000, 100, 10]),
    (actors.residents, "IMAGES_PER_COMMIT", [32, 1, 2]),
    (actors.residents, "REPLAY_PAGE", [2_000, 7]),
    (actors.partition, "REPLAY_PAGE", [2_000, 7]),
    (actors.partition, "EXPIRIES_PER_TICK", [64, 1, 2]),
    (actors.batcher, "COMMANDS_PER_FRAME", [256, 1, 3]),
    (actors.mailbox, "MAILBOX_MAX", [1_024, 3, 20]),
    (actors.tail, "PAGE", [256, 1, 5]),
    (ledger.account, "CHAPTER_ITEMS", [64, 1, 3, 10]),
    (ledger.inspection, "PAGE", [1_000, 10]),
]
_HOLDS = [1_000, 5, 5]


@contextmanager
def drawn_bounds(dice: Random) -> Iterator[None]:
    """With these bounds, until the end of the block."""
    drawn = [(module, name, dice.choice(values)) for module, name, values in _BOUNDS]
    holds_max = dice.choice(_HOLDS)
    drawn.append((ledger.decide_payment, "OPEN_HOLDS_MAX", holds_max))
    drawn.append((tests.ledger.model, "HOLDS", holds_max))
    real = [getattr(module, name) for module, name, _ in drawn]
    try:
        for module, name, value in drawn:
            setattr(module, name, value)
        yield
    finally:
        for (module, name, _), value in zip(drawn, real, strict=True):
            setattr(module, name, value)
