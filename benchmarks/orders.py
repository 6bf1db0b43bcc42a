"""What the load generator is told, and what it tells: one line of JSON each way."""

from typing import Annotated

import msgspec
from msgspec import Meta

from benchmarks.histogram import Counts
from benchmarks.workload import World

# Answers are counted in slices this long, so that the way back from an overload can be seen.
SLICE_MS = 100


class Phase(msgspec.Struct, frozen=True, kw_only=True):
    """per_second: requests that start, whatever becomes of those before them (an open loop); 0:
    each connection asks again when it has its answer (a closed one).
    """

    seconds: float
    per_second: float = 0.0


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """phases: the first is the warm-up. pairs: a hold and its capture each time. pipelined:
    connections are those of terminals, with so many payments under way on each; 0: HTTP.
    judged: answers are a ledger's, and each is checked; otherwise only that it is a 201.
    refusals: an overload is meant, so 503 is an answer like any other.
    """

    world: World
    run: str
    seed: int
    port: int
    connections: Annotated[int, Meta(ge=1)]
    phases: Annotated[list[Phase], Meta(min_length=2)]
    pairs: bool = False
    pipelined: int = 0
    judged: bool = True
    refusals: bool = False

    @property
    def open_loop(self) -> bool:
        return any(phase.per_second for phase in self.phases)

    @property
    def seconds(self) -> float:
        return sum(phase.seconds for phase in self.phases)


class Slice(msgspec.Struct):
    """What was asked in one moment: how it was answered."""

    answered: int = 0
    refused: int = 0
    spent_us: int = 0
    worst_us: int = 0


class PhaseTally(msgspec.Struct):
    """latencies: of what was admitted. In an open loop they count from the moment at which a
    request should have started, and for the phase of that moment.
    finished: admitted answers that came within the phase.
    """

    latencies: Counts = {}
    refusals: Counts = {}
    finished: int = 0


class Tally(msgspec.Struct, kw_only=True):
    """approved: payments and holds. lags: how late the generator itself started requests although
    a connection was free. All counts are of the whole run.
    """

    phases: list[PhaseTally]
    slices: list[Slice] = []
    lags: Counts = {}
    answers: int = 0
    approved: int = 0
    approved_minor: int = 0
    captured: int = 0
    declined: int = 0
    replayed: int = 0
    refused: int = 0
    unknown: int = 0
    mistakes: int = 0
    mistakes_shown: list[str] = []
    cpu_s: float = 0.0
