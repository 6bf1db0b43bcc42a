"""Prometheus metrics: the only file that imports its client.

Labels are few and bounded (channels, decline reasons, routes); no id is ever a label. The page is
made when it is scraped, from plain integers: the gateway's (gateway/tally.py) and those that each
partition counts about itself (actors/frame.py).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.registry import Collector

from actors.frame import BATCH_BUCKETS, COMMIT_BUCKETS_MS, Statistics
from gateway.tally import LATENCY_BUCKETS_S, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily


def page(
    tally: Tally, partitions: Sequence[Statistics], mailboxes: Sequence[int], streams: int
) -> bytes:
    """mailboxes: the depth of each partition's. streams: open event streams."""
    scrape = CollectorRegistry()
    scrape.register(GatewayCollector(tally, mailboxes, streams))
    scrape.register(PartitionCollector(partitions))
    return generate_latest(scrape)


class GatewayCollector(Collector):
    def __init__(self, tally: Tally, mailboxes: Sequence[int], streams: int) -> None:
        self._tally = tally
        self._mailboxes = mailboxes
        self._streams = streams

    def collect(self) -> Iterator[Family]:
        latency = HistogramMetricFamily(
            "airside_authorisation_seconds",
            "From the request to its answer, authorisations only",
        )
        buckets = _cumulated(LATENCY_BUCKETS_S, self._tally.latencies)
        latency.add_metric([], buckets, sum_value=self._tally.latency_sum_s)
        yield latency
        yield _counted(
            "airside_authorisations",
            "Authorisations by channel and outcome",
            ("channel", "outcome"),
            self._tally.outcomes,
        )
        yield _counted(
            "airside_http_answers",
            "Answers by route and status",
            ("route", "status"),
            self._tally.answers,
        )
        depths = GaugeMetricFamily(
            "airside_mailbox_depth",
            "Commands of this gateway that a partition has not answered yet",
            labels=["partition"],
        )
        for partition, depth in enumerate(self._mailboxes):
            depths.add_metric([str(partition)], depth)
        yield depths
        yield GaugeMetricFamily(
            "airside_event_streams", "Open event streams", self._streams
        )


def _counted(
    name: str,
    text: str,
    labels: Sequence[str],
    counts: Mapping[tuple[str, str], int] | Mapping[tuple[str, int], int],
) -> CounterMetricFamily:
    family = CounterMetricFamily(name, text, labels=labels)
    for values, count in counts.items():
        family.add_metric([str(value) for value in values], count)
    return family


def _cumulated(limits: Iterable[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Buckets as Prometheus wants them: each holds the smaller ones too."""
    total, buckets = 0, []
    edges = [str(limit) for limit in limits] + ["+Inf"]
    for edge, count in zip(edges, counts, strict=True):
        total += count
        buckets.append((edge, float(total)))
    return buckets


class PartitionCollector(Collector):
    """Turns the plain integers of partitions into metric families."""

    def __init__(self, partitions: Sequence[Statistics]) -> None:
        self._partitions = partitions

    def collect(self) -> Iterator[Family]:
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
        yield self._gauge("stopped", "1: its journal is damaged", "stopped")
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
        self, name: str, text: str, limits: Sequence[float], field: str
    ) -> HistogramMetricFamily:
        family = HistogramMetricFamily(
            f"airside_partition_{name}", text, labels=["partition"]
        )
        for one in self._partitions:
            buckets = _cumulated(limits, getattr(one, field))
            sums = {"commit_buckets": one.commits_us / 1e6, "batch_buckets": one.commands}
            family.add_metric([str(one.partition)], buckets, sum_value=sums[field])
        return family
