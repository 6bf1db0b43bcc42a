"""The canonical workload has the shape that it is named for, and checks what it is told."""

from collections import Counter
from random import Random

import msgspec

from benchmarks.client import Load, Orders
from benchmarks.rounds import percentile
from benchmarks.workload import (
    APPROVED,
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


def body_of(attempt: Attempt) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = msgspec.json.decode(
        attempt.request.partition(b"\r\n\r\n")[2]
    )
    return found


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


def judge(attempt: Attempt, head: bytes, body: bytes) -> Load:
    orders = Orders(
        world=WORLD,
        run="x",
        seed=1,
        port=1,
        connections=1,
        warm_up_s=0,
        seconds=60,
        judged=True,
    )
    load = Load(orders)
    load.answered(attempt, head, body, started=0)
    return load


PAYMENT = b"pay_" + b"a" * 32
CREATED = b"HTTP/1.1 201 Created\r\nContent-Type: application/json"
REPLAYED = CREATED + b"\r\nIdempotent-Replayed: true"
BODY = b'{"id":"' + PAYMENT + b'"}'


def test_a_new_payment_is_counted_once() -> None:
    tally = judge(Attempt(b"", APPROVED, 500), CREATED, BODY).tally

    assert (tally.approved, tally.approved_minor, tally.mistakes) == (1, 500, 0)


def test_a_replay_is_not_counted_as_another_payment() -> None:
    tally = judge(Attempt(b"", APPROVED, 500, PAYMENT), REPLAYED, BODY).tally

    assert (tally.approved, tally.replayed, tally.mistakes) == (0, 1, 0)


def test_wrong_answers_are_mistakes() -> None:
    new, retry = Attempt(b"", APPROVED, 500), Attempt(b"", APPROVED, 500, PAYMENT)
    declined = Attempt(b"", DECLINED, 500)
    other = BODY.replace(b"a", b"b")
    wrong = [
        (declined, CREATED, BODY),  # approved without money
        (new, REPLAYED, BODY),  # a new key that was seen before
        (retry, CREATED, BODY),  # a retry that was run again
        (retry, REPLAYED, other),  # a retry that got another payment
        (new, CREATED, b"{}"),
    ]

    assert [judge(*case).tally.mistakes for case in wrong] == [1] * len(wrong)


def test_a_percentile_is_a_latency_that_was_measured() -> None:
    ordered = list(range(1, 101))

    assert [percentile(ordered, share) for share in (0.5, 0.99, 0.999, 1.0)] == [
        50,
        99,
        100,
        100,
    ]
    assert percentile([7], 0.5) == 7
