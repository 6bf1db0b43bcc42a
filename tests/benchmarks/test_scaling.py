"""The arithmetic of docs/scaling.md."""

import msgspec
import pytest

from benchmarks.scaling import (
    Costs,
    batch_of,
    between,
    carries,
    first_to_saturate,
    step,
    turn_ms,
)

COSTS = Costs(
    gateway_us=100.0,
    terminal_us=50.0,
    partition_us=40.0,
    relay_us=10.0,
    database_us={1: 200.0, 16: 40.0, 256: 20.0},
    commit_ms={1: 0.5, 16: 0.6, 256: 3.0},
    wal_bytes=400.0,
    table_bytes=350.0,
)


def test_what_was_measured_is_taken_and_what_lies_between_is_between() -> None:
    assert between(COSTS.commit_ms, 16) == 0.6
    assert 0.6 < between(COSTS.commit_ms, 64) < 3.0
    assert between(COSTS.commit_ms, 1_000) == 3.0


def test_a_batch_is_what_comes_while_the_one_before_is_at_work() -> None:
    batch = batch_of(COSTS, 5_000)

    assert batch == pytest.approx(5_000 * turn_ms(COSTS, batch) / 1_000, rel=0.01)
    assert batch_of(COSTS, 10) == 1.0
    assert batch_of(COSTS, 1e9) == 256


def test_ten_times_the_payments_need_about_ten_times_the_processes() -> None:
    small, large = step(COSTS, 100_000), step(COSTS, 1_000_000)

    assert large.gateways == pytest.approx(10 * small.gateways, rel=0.1)
    assert large.partitions == pytest.approx(10 * small.partitions, rel=0.1)
    assert large.bytes_per_day == 10 * small.bytes_per_day


def test_nothing_that_is_planned_is_used_to_more_than_it_carries() -> None:
    for rate in (1_000, 10_000, 100_000, 1_000_000):
        one, most = step(COSTS, rate), carries(COSTS)

        assert rate <= one.gateways * most["a gateway"] * 0.6
        assert rate <= one.partitions * most["a partition"] * 0.6
        assert rate <= one.databases * most["a PostgreSQL server"] * 0.6


def test_the_costliest_part_saturates_first() -> None:
    assert first_to_saturate(COSTS, 12_000, None).startswith("a gateway (120%)")
    assert first_to_saturate(COSTS, 1_000, None) == "nothing; a gateway is used to 10%"
    quick_gateway = msgspec.structs.replace(COSTS, gateway_us=1.0)
    assert first_to_saturate(quick_gateway, 50_000, None).startswith("a partition")
