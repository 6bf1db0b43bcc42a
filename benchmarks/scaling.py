"""From what was measured on one machine to a cluster: arithmetic, and no more than that.

Each part of the house costs so much processor time for a payment, so one of it carries so many.
What is not measured is assumed, and every assumption is a constant here, with its reason.
"""

from math import ceil, log
from statistics import median

import msgspec

from actors.frame import COMMANDS_PER_FRAME
from benchmarks.findings import OURS, SPREAD, TERMINAL, Findings
from benchmarks.report import Row

RATES = (1_000, 10_000, 100_000, 1_000_000)
# Of a core or a node, so that an hour that is busier than the mean is still served.
USED = 0.6
# A usual machine, of the cluster and of the database alike.
CORES_PER_NODE = 16
# A synchronous replica in the next building: one round trip and its disk, on each commit.
REPLICA_MS = 1.0
# What one server writes to its log and sends to its replica without falling behind.
WAL_BYTES_PER_S = 200e6
# Rented by the year from any of the large providers, about; disks with a copy.
CORE_HOUR_USD = 0.04
GIGABYTE_MONTH_USD = 0.1
DAY_S = 86_400

GATEWAY, PARTITION, RELAY = "a gateway", "a partition", "the relay"
DATABASE = "a PostgreSQL server"


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """Measured. Processor time in microseconds for each payment; database_us, by rows in a commit.
    commit_ms: on PostgreSQL without a replica, by rows.
    """

    gateway_us: float
    terminal_us: float
    partition_us: float
    relay_us: float
    database_us: dict[int, float]
    commit_ms: dict[int, float]
    wal_bytes: float
    table_bytes: float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What so many payments a second need. databases: PostgreSQL servers, replicas apart."""

    rate: int
    gateways: int
    partitions: int
    relays: int
    databases: int
    nodes: int
    batch: float
    commits: float
    bytes_per_day: float
    usd_per_million: float
    usd_kept_per_million: float


def costs_of(found: Findings) -> Costs | None:
    """None when the run did not measure them all."""
    rounds, terminal = found.of(OURS, SPREAD), found.of(OURS, TERMINAL)
    if not (rounds and terminal and found.appends):
        return None

    def part(name: str) -> float:
        return median(one.cpu_us[name] for one in rounds)

    largest = max(found.appends, key=lambda one: one.rows)
    return Costs(
        gateway_us=part("gateway"),
        terminal_us=median(one.cpu_us["gateway"] for one in terminal),
        partition_us=part("partitions"),
        relay_us=part("supervisor"),
        database_us={one.rows: one.database_us for one in found.appends},
        commit_ms={one.rows: one.p50_us / 1_000 for one in found.appends},
        wal_bytes=largest.wal_bytes,
        table_bytes=largest.table_bytes,
    )


def step(costs: Costs, rate: int) -> Step:
    most = carries(costs)
    partitions = ceil(rate / most[PARTITION] / USED)
    batch = batch_of(costs, rate / partitions)
    own_cores = rate * (costs.gateway_us + costs.partition_us + costs.relay_us) / 1e6
    database_cores = rate * between(costs.database_us, batch) / 1e6
    # A primary and its replica, which does the same work again.
    paid_hours = (own_cores + 2 * database_cores) / USED / rate / 3_600
    kept_gigabytes = costs.table_bytes / 1e9
    return Step(
        rate=rate,
        gateways=ceil(rate / most[GATEWAY] / USED),
        partitions=partitions,
        relays=ceil(rate / most[RELAY] / USED),
        databases=ceil(rate / most[DATABASE] / USED),
        nodes=ceil(own_cores / CORES_PER_NODE / USED),
        batch=batch,
        commits=rate / batch,
        bytes_per_day=rate * DAY_S * costs.table_bytes,
        usd_per_million=1e6 * paid_hours * CORE_HOUR_USD,
        usd_kept_per_million=1e6 * kept_gigabytes * GIGABYTE_MONTH_USD * 12,
    )


def turn_ms(costs: Costs, batch: float) -> float:
    """A partition decides its batch, then waits for the commit: it is one thread."""
    deciding_ms = batch * costs.partition_us / 1_000
    return deciding_ms + between(costs.commit_ms, batch) + REPLICA_MS


def batch_of(costs: Costs, rate: float) -> float:
    """What comes to one partition while it is busy with the batch before."""
    batch = 1.0
    for _ in range(200):  # each turn's batch makes the next turn longer, until both settle
        batch = min(max(1.0, rate * turn_ms(costs, batch) / 1_000), COMMANDS_PER_FRAME)
    return batch


def between(known: dict[int, float], rows: float) -> float:
    """Between what was measured, on a logarithmic scale; beyond it, the nearest."""
    sizes = sorted(known)
    low = max((size for size in sizes if size <= rows), default=sizes[0])
    high = min((size for size in sizes if size >= rows), default=sizes[-1])
    if low == high:
        return known[low]
    share = (log(rows) - log(low)) / (log(high) - log(low))
    return known[low] + share * (known[high] - known[low])


def carries(costs: Costs) -> dict[str, float]:
    """Payments a second that one of each carries when all of it is used."""
    by_cores = CORES_PER_NODE * 1e6 / between(costs.database_us, COMMANDS_PER_FRAME)
    return {
        GATEWAY: 1e6 / costs.gateway_us,
        PARTITION: COMMANDS_PER_FRAME / turn_ms(costs, COMMANDS_PER_FRAME) * 1_000,
        RELAY: 1e6 / costs.relay_us,
        DATABASE: min(by_cores, WAL_BYTES_PER_S / costs.wal_bytes),
    }


def first_to_saturate(costs: Costs, rate: int, before: Step | None) -> str:
    """Of what the step before had (one of each at first): what this rate asks too much of."""
    counts = dict.fromkeys(carries(costs), 1)
    if before:
        counts = {
            GATEWAY: before.gateways,
            PARTITION: before.partitions,
            RELAY: before.relays,
            DATABASE: before.databases,
        }
    use = {name: rate / (most * counts[name]) for name, most in carries(costs).items()}
    order = sorted(use, key=lambda name: -use[name])
    beyond = [f"{name} ({use[name]:.0%})" for name in order if use[name] > 1]
    return ", ".join(beyond) or f"nothing; {order[0]} is used to {use[order[0]]:.0%}"


def step_rows(costs: Costs) -> list[Row]:
    steps = [step(costs, rate) for rate in RATES]
    earlier = [None, *steps[:-1]]
    names: list[Row] = [("payments per second", *(f"{one.rate:,}" for one in steps))]
    first = [
        first_to_saturate(costs, one.rate, before)
        for one, before in zip(steps, earlier, strict=True)
    ]
    return [
        *names,
        ("**more than the step before has, of**", *first),
        ("gateway processes", *(f"{one.gateways:,}" for one in steps)),
        ("partitions", *(f"{one.partitions:,}" for one in steps)),
        ("relays", *(f"{one.relays:,}" for one in steps)),
        (f"nodes of {CORES_PER_NODE} cores for them", *(f"{one.nodes:,}" for one in steps)),
        (
            "PostgreSQL servers, each with a replica",
            *(f"{one.databases:,}" for one in steps),
        ),
        ("payments in a commit", *(f"{one.batch:,.0f}" for one in steps)),
        ("commits per second", *(f"{one.commits:,.0f}" for one in steps)),
        ("journal per day", *(_bytes(one.bytes_per_day) for one in steps)),
        (
            "USD per million payments: machines",
            *(f"{one.usd_per_million:.4f}" for one in steps),
        ),
        (
            "… and to keep them a year",
            *(f"{one.usd_kept_per_million:.2f}" for one in steps),
        ),
    ]


def part_rows(costs: Costs) -> list[Row]:
    own = {
        GATEWAY: f"{costs.gateway_us:.0f} µs",
        PARTITION: f"{costs.partition_us:.0f} µs, and the wait for its commit",
        RELAY: f"{costs.relay_us:.0f} µs",
        DATABASE: f"{costs.database_us[max(costs.database_us)]:.0f} µs,"
        f" {costs.wal_bytes:.0f} B of log",
    }
    rows: list[Row] = [("part", "costs per payment", "one of it carries, at most")]
    return rows + [
        (name, own[name], f"{most:,.0f}/s") for name, most in carries(costs).items()
    ]


def append_rows(found: Findings) -> list[Row]:
    rows: list[Row] = [
        (
            "entries in a commit",
            "per second",
            "p50 ms",
            "p99 ms",
            "server CPU",
            "log",
            "table",
        )
    ]
    for one in found.appends:
        timing = (
            f"{one.per_second:,.0f}",
            f"{one.p50_us / 1e3:.2f}",
            f"{one.p99_us / 1e3:.1f}",
        )
        sizes = (f"{one.wal_bytes:.0f} B", f"{one.table_bytes:.0f} B")
        rows.append((str(one.rows), *timing, f"{one.database_us:.0f} µs", *sizes))
    return rows


def _bytes(count: float) -> str:
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if count < 1_000 or unit == "TB":
            return f"{count:,.3g} {unit}"
        count /= 1_000
    raise AssertionError("the last unit takes all")
