"""How much is measured: enough to look at, enough to quote, or as much as it takes."""

import msgspec

# Callers at once. Enough to keep two cores busy, and few enough that each still has a till.
CONNECTIONS = 64
# Terminals with a persistent connection, and payments under way on each: as many as a gateway
# takes from one.
TERMINALS, UNDER_WAY = 1, 128


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """All times in seconds. frames: of the engine alone, in each of its turns. clients: of pgbench;
    the best of them counts. steps: of the open loop, shares of what a closed one reached.
    looked_at_s: by a profiler, each process; 0: none.
    accounts: sizes of further installations, beside the one of 1,000.
    """

    name: str
    repetitions: int
    seconds: float
    lone_seconds: float
    parts_seconds: float
    frames: int
    turns: int
    clients: tuple[int, ...]
    pgbench_seconds: int
    pgbench_scale: int
    steps: tuple[float, ...]
    step_seconds: float
    peak_seconds: float
    wide: bool
    accounts: tuple[int, ...]
    looked_at_s: int = 0
    by_code: bool = False


QUICK = Plan(
    name="quick",
    repetitions=1,
    seconds=1.2,
    lone_seconds=0.6,
    parts_seconds=0.3,
    frames=40,
    turns=2,
    clients=(16,),
    pgbench_seconds=1,
    pgbench_scale=16,
    steps=(0.2, 0.8),
    step_seconds=1.0,
    peak_seconds=3.0,
    wide=False,
    accounts=(),
)

NORMAL = Plan(
    name="normal",
    repetitions=3,
    seconds=1.4,
    lone_seconds=0.9,
    parts_seconds=0.5,
    frames=60,
    turns=3,
    clients=(8, 16),
    pgbench_seconds=2,
    pgbench_scale=32,
    steps=(0.1, 0.3, 0.6, 0.85, 1.0),
    step_seconds=1.5,
    peak_seconds=10.0,
    wide=True,
    accounts=(100_000,),
    looked_at_s=2,
)

FULL = Plan(
    name="full",
    repetitions=7,
    seconds=6.0,
    lone_seconds=3.0,
    parts_seconds=1.0,
    frames=200,
    turns=9,
    clients=(4, 8, 16, 32, 64),
    pgbench_seconds=5,
    pgbench_scale=64,
    steps=(0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1),
    step_seconds=5.0,
    peak_seconds=10.0,
    wide=True,
    accounts=(100_000, 1_000_000),
    looked_at_s=12,
    by_code=True,
)

PLANS = {plan.name: plan for plan in (QUICK, NORMAL, FULL)}
