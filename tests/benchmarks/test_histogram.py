"""Latencies are counted in steps, and what is read from them is what was recorded."""

from random import Random

from benchmarks.histogram import Counts, curve, percentile, record


def test_a_percentile_is_the_smallest_value_that_so_many_do_not_exceed() -> None:
    counts = dict.fromkeys(range(1, 101), 1)

    shares = (0.01, 0.5, 0.99, 0.999, 1.0)
    assert [percentile(counts, share) for share in shares] == [1, 50, 99, 100, 100]
    assert percentile({7: 3}, 0.5) == 7


def test_short_latencies_are_kept_to_the_microsecond() -> None:
    counts = Counts()
    for value in range(256):
        record(counts, value)

    assert counts == dict.fromkeys(range(256), 1)


def test_long_ones_are_read_at_most_a_hundredth_below() -> None:
    random = Random(1)
    for _ in range(1_000):
        value, counts = random.randrange(1, 10_000_000), Counts()
        record(counts, value)
        [kept] = counts

        assert 0.99 * value < kept <= value


def test_a_million_different_latencies_take_few_steps() -> None:
    counts = Counts()
    for value in range(0, 10_000_000, 10):
        record(counts, value)

    assert len(counts) < 2_500


def test_a_curve_never_falls() -> None:
    counts, random = Counts(), Random(2)
    for _ in range(5_000):
        record(counts, int(random.expovariate(0.001)))

    values = list(curve(counts).values())
    assert values == sorted(values)
