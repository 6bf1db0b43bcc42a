"""What a gateway counts about itself while it serves: plain integers, nothing else.

A request adds to a few of them and goes on. Whatever a page of metrics needs beyond that is made
when somebody asks for the page (gateway/metrics.py): that is once in seconds, this thousands of
times in each.
"""

from bisect import bisect_left
from collections import Counter

# Around the target of 300 ms from scan to approved, and the milliseconds where we usually are.
LATENCY_BUCKETS_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.3, 1.0, 4.0)


class Tally:
    """One per gateway process. latencies: authorisations by the bucket that their time is in."""

    def __init__(self) -> None:
        self.answers: Counter[tuple[str, int]] = Counter()
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.latencies = [0] * (len(LATENCY_BUCKETS_S) + 1)
        self.latency_sum_s = 0.0

    def answered(self, route: str, status: int) -> None:
        self.answers[route, status] += 1

    def authorised(self, channel: str, outcome: str, seconds: float) -> None:
        """outcome: `approved`, `unknown`, or the decline's reason."""
        self.outcomes[channel, outcome] += 1
        self.latencies[bisect_left(LATENCY_BUCKETS_S, seconds)] += 1
        self.latency_sum_s += seconds
