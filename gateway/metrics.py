"""Prometheus metrics: the only file that imports its client.

Labels are few and bounded (channels, decline reasons, routes); no id is ever a label. What a
partition counts comes from its own statistics (actors/frame.py), read when the page is scraped.
"""

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from actors.frame import BATCH_BUCKETS, COMMIT_BUCKETS_MS, Statistics

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
# Around the target of 300 ms from scan to approved, and the milliseconds where we usually are.
LATENCY_BUCKETS_S = (0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.3, 1.0, 4.0)


class Metrics:
    """One per gateway process."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self.latency = Histogram(
            "airside_authorisation_seconds",
            "From the request to its answer, authorisations only",
            buckets=LATENCY_BUCKETS_S,
            registry=self._registry,
        )
        self._outcomes = Counter(
            "airside_authorisations",
            "Authorisations by channel and outcome",
            ["channel", "outcome"],
            registry=self._registry,
        )
        self._answers = Counter(
            "airside_http_answers",
            "Answers by route and status",
            ["route", "status"],
            registry=self._registry,
        )
        self._mailboxes = Gauge(
            "airside_mailbox_depth",
            "Commands of this gateway that a partition has not answered yet",
            ["partition"],
            registry=self._registry,
        )
        self._subscribers = Gauge(
            "airside_event_streams",
            "Open event streams",
            registry=self._registry,
        )

    def authorised(self, channel: str, outcome: str, seconds: float) -> None:
        """outcome: `approved`, `unknown`, or the decline's reason."""
        self.latency.observe(seconds)
        self._outcomes.labels(channel, outcome).inc()

    def answered(self, route: str, status: int) -> None:
        self._answers.labels(route, str(status)).inc()

    def page(
        self, partitions: Sequence[Statistics], mailboxes: Sequence[int], streams: int
    ) -> bytes:
        for partition, depth in enumerate(mailboxes):
            self._mailboxes.labels(str(partition)).set(depth)
        self._subscribers.set(streams)
        scrape = CollectorRegistry()
        scrape.register(PartitionCollector(partitions))
        return generate_latest(self._registry) + generate_latest(scrape)


class PartitionCollector(Collector):
    """Turns the plain integers of partitions into metric families."""

    def __init__(self, partitions: Sequence[Statistics]) -> None:
        self._partitions = partitions

    def collect(
        self,
    ) -> Iterator[CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily]:
        yield self._counter("commands", "Commands handled", "commands")
        yield self._counter("batches", "Batches committed", "batches")
        yield self._counter("restarts", "Incarnations before this one", "restarts")
        yield self._gauge("entries", "Journal entries", "last_seq")
        yield self._gauge("resident_accounts", "Accounts in memory", "residents")
        yield self._gauge(
            "open_holds", "Open holds of the accounts in memory", "open_holds"
        )
        yield self._gauge(
            "quarantined_accounts", "Accounts with a broken promise", "quarantined"
        )
        yield self._histogram(
            "commit_seconds",
            "Deciding and committing one batch",
            [limit / 1_000 for limit in COMMIT_BUCKETS_MS],
            "commit_buckets",
        )
        yield self._histogram(
            "batch_size", "Commands in one batch", BATCH_BUCKETS, "batch_buckets"
        )

    def _counter(self, name: str, text: str, field: str) -> CounterMetricFamily:
        family = CounterMetricFamily(
            f"airside_partition_{name}", text, labels=["partition"]
        )
        for one in self._partitions:
            family.add_metric([str(one.partition)], getattr(one, field))
        return family

    def _gauge(self, name: str, text: str, field: str) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"airside_partition_{name}", text, labels=["partition"])
        for one in self._partitions:
            family.add_metric([str(one.partition)], getattr(one, field))
        return family

    def _histogram(
        self, name: str, text: str, limits: Iterable[float], field: str
    ) -> HistogramMetricFamily:
        family = HistogramMetricFamily(
            f"airside_partition_{name}", text, labels=["partition"]
        )
        edges = [str(limit) for limit in limits] + ["+Inf"]
        for one in self._partitions:
            total, buckets = 0, []
            for edge, count in zip(edges, getattr(one, field), strict=True):
                total += count
                buckets.append((edge, float(total)))
            sums = {"commit_buckets": one.commits_us / 1e6, "batch_buckets": one.commands}
            family.add_metric([str(one.partition)], buckets, sum_value=sums[field])
        return family
