"""`python -m benchmarks.zipf`: how evenly accounts that are hashed to partitions load them.

Who pays follows Zipf's law: of so many accounts, the k-th busiest makes payments in proportion to
k^-s. Nothing is drawn: the share of each account is known, its partition is the one that the map
gives to its id, so the share of each partition is a sum. Real ids, real slots, the real map.
"""

from collections.abc import Sequence
from functools import cache

import msgspec

from benchmarks.findings import TIMES
from benchmarks.report import Row, aligned
from ledger.ids import SLOT_COUNT, derive_account, slot_of

ACCOUNTS = 50_000
# What purchases at shops show lies around 1; the canonical workload has 1.1.
EXPONENTS = (0.8, 1.0, 1.1, 1.2)
PARTITIONS = (2, 8, 32, 128)
# Accounts with a partition of their own, the busiest first.
PINS = (0, 1, 8)


class Balance(msgspec.Struct, frozen=True):
    """Shares of all payments: of the busiest account, and of the busiest partition."""

    exponent: float
    partitions: int
    pinned: int
    account: float
    partition: float

    @property
    def skew(self) -> float:
        """The busiest partition against a mean one. At 2, half of the machines stand idle when the
        busiest partition can take no more.
        """
        return self.partition * (self.partitions + self.pinned)


@cache
def shares(accounts: int, exponent: float) -> tuple[float, ...]:
    """Of all payments, by account, the busiest first."""
    weights = [rank**-exponent for rank in range(1, accounts + 1)]
    total = sum(weights)
    return tuple(weight / total for weight in weights)


def slots(accounts: int) -> list[int]:
    """Of the same accounts: as good as random."""
    return [slot_of(derive_account("prn_bench", f"wallet-{n}")) for n in range(accounts)]


def loads(partitions: int, paid: Sequence[float], account_slots: list[int]) -> list[float]:
    """Shares of all payments, by partition, as Directory.partition_of places accounts."""
    found = [0.0] * partitions
    for share, slot in zip(paid, account_slots, strict=True):
        found[slot * partitions // SLOT_COUNT] += share
    return found


def balance(
    exponent: float, partitions: int, pinned: int, account_slots: list[int]
) -> Balance:
    """pinned: so many of the busiest accounts get a further partition each."""
    paid = shares(len(account_slots), exponent)
    others = loads(partitions, paid[pinned:], account_slots[pinned:])
    return Balance(exponent, partitions, pinned, paid[0], max([*others, *paid[:pinned]]))


def worth_pinning(exponent: float, partitions: int, accounts: int) -> int:
    """How many accounts make more payments than a mean partition should carry."""
    return sum(share > 1 / partitions for share in shares(accounts, exponent))


def rows(accounts: int = ACCOUNTS) -> list[Row]:
    placed = slots(accounts)
    pins = [f"{count} pinned" if count else "nobody pinned" for count in PINS]
    found: list[Row] = [
        ("s", "partitions", "busiest account", *pins, "accounts worth pinning")
    ]
    for exponent in EXPONENTS:
        for partitions in PARTITIONS:
            tried = [balance(exponent, partitions, count, placed) for count in PINS]
            shown = [f"{one.partition:.1%} ({one.skew:.1f} {TIMES})" for one in tried]
            worth = worth_pinning(exponent, partitions, accounts)
            busiest = f"{tried[0].account:.1%}"
            found.append((f"{exponent:g}", str(partitions), busiest, *shown, str(worth)))
    return found


if __name__ == "__main__":
    print(aligned(rows()))
