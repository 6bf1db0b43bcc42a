"""Latencies, counted in steps that grow with them, so that a million cost a few kilobytes.

As HDR histograms do it: whole microseconds up to 256, then 128 steps for each doubling. So a
value that is read is at most 0.8 % below the one that was recorded.
"""

from collections.abc import Mapping

_EXACT_BITS = 8

# From the best to the worst, dense where a till would notice: what a curve is drawn from.
SHARES = (
    0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998,
    0.999, 0.9995, 0.9999, 1.0,
)  # fmt: skip

Counts = dict[int, int]
"""Values, in microseconds, and how often each was recorded."""


def record(counts: Counts, value_us: int) -> None:
    spare = value_us.bit_length() - _EXACT_BITS
    if spare > 0:
        value_us = value_us >> spare << spare
    counts[value_us] = counts.get(value_us, 0) + 1


def percentile(counts: Mapping[int, int], share: float) -> int:
    """The smallest value that at least this share of all does not exceed."""
    assert counts, "a round without answers is a failure, and was reported as one"
    # To the millionth: 0.999 of 1,000 is 999, whatever binary fractions make of it.
    wanted = max(1, -(-round(share * 1_000_000) * sum(counts.values()) // 1_000_000))
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if seen >= wanted:
            return value
    raise AssertionError("the last value covers all")


def curve(counts: Mapping[int, int]) -> dict[str, int]:
    """Microseconds by percentile, which is named as people write it: "99.9"."""
    return {f"{share * 100:g}": percentile(counts, share) for share in SHARES}


def mean(counts: Mapping[int, int]) -> float:
    return sum(value * count for value, count in counts.items()) / sum(counts.values())
