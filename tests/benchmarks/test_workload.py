"""The canonical workload has the shape that it is named for, and checks what it is told."""

from collections import Counter
from random import Random
from typing import Any

import msgspec

from benchmarks.workload import (
    CAPTURED,
    DECLINED,
    FUNDS_MINOR,
    Attempt,
    Workload,
    World,
    zipf,
)

WORLD = World(
    api_key="ak_test",
    wallets=[f"acc_{number}" for number in range(100)],
    merchants=[f"mer_{number}" for number in range(4)],
)
COUNT = 20_000


def body_of(attempt: Attempt) -> Any:
    return msgspec.json.decode(attempt.request.partition(b"\r\n\r\n")[2])


def key_of(attempt: Attempt) -> bytes:
    return attempt.request.partition(b"Idempotency-Key: ")[2].partition(b"\r\n")[0]


def day(seed: int = 1) -> list[Attempt]:
    """What the tills ask, when each gets its answer at once."""
    workload = Workload(WORLD, "day", seed)
    attempts = []
    for number in range(COUNT):
        attempt = workload.next()
        if not attempt.payment:
            workload.answered(attempt, b"pay_%d" % number)
        attempts.append(attempt)
    return attempts


def test_the_first_wallet_pays_as_often_as_zipf_says() -> None:
    random, shares = Random(1), zipf(100)
    drawn = Counter(shares.draw(random) for _ in range(COUNT))
    harmonic = sum(rank**-1.1 for rank in range(1, 101))

    assert abs(drawn[0] / COUNT - 1 / harmonic) < 0.02
    assert abs(drawn[0] / drawn[1] - 2**1.1) < 0.25
    assert set(drawn) <= set(range(100))


def test_one_request_in_twenty_asks_again_under_a_key_that_was_answered() -> None:
    attempts = day()
    firsts = {key_of(attempt): attempt for attempt in attempts if not attempt.payment}
    retries = [attempt for attempt in attempts if attempt.payment]

    assert 0.04 < len(retries) / COUNT < 0.06
    assert all(firsts[key_of(one)].request == one.request for one in retries)
    assert all(firsts[key_of(one)].status == one.status for one in retries)


def test_three_new_payments_in_a_hundred_ask_for_more_than_any_wallet_holds() -> None:
    new = [attempt for attempt in day() if not attempt.payment]
    declined = [attempt for attempt in new if attempt.status == DECLINED]

    assert 0.02 < len(declined) / len(new) < 0.04
    assert all(attempt.amount_minor > FUNDS_MINOR for attempt in declined)
    assert all(body_of(one)["amount"]["amount_minor"] == one.amount_minor for one in new)


def test_every_new_payment_has_a_key_of_its_own() -> None:
    new = [key_of(attempt) for attempt in day() if not attempt.payment]

    assert len(set(new)) == len(new)


def test_the_announced_length_is_the_length_of_the_body() -> None:
    head, _, body = day()[0].request.partition(b"\r\n\r\n")

    assert f"Content-Length: {len(body)}".encode() in head


def test_the_same_seed_asks_the_same() -> None:
    assert [one.request for one in day(7)] == [one.request for one in day(7)]


def test_an_approved_hold_is_followed_by_its_capture_under_another_key() -> None:
    workload = Workload(WORLD, "day", 1, pairs=True)
    hold = next(one for one in iter(workload.next, None) if one.status != DECLINED)
    capture = workload.answered(hold, b"pay_1")

    assert body_of(hold)["capture"] == "manual"
    assert capture is not None
    assert capture.request.startswith(b"POST /v1/payments/pay_1/capture HTTP/1.1")
    assert (capture.status, capture.payment) == (CAPTURED, b"pay_1")
    assert key_of(capture) != key_of(hold)


def test_a_declined_hold_is_not_captured() -> None:
    workload = Workload(WORLD, "day", 1, pairs=True)
    declined = next(one for one in iter(workload.next, None) if one.status == DECLINED)

    assert workload.answered(declined, b"pay_1") is None


def test_a_terminals_line_asks_what_http_asks() -> None:
    line = Workload(WORLD, "day", 1, lines=True).next()
    over_http = Workload(WORLD, "day", 1).next()
    asked = msgspec.json.decode(b'{"id":1,' + line.request)

    assert asked["body"] == body_of(over_http)
    assert asked["key"].encode() == key_of(over_http)
    assert asked["path"] == "/v1/payments"
