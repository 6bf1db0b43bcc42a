"""Every answer is judged while the clock runs, and a wrong one is never counted as a payment."""

import pytest

from benchmarks.judge import Answer, Judge
from benchmarks.orders import Orders, Phase
from benchmarks.workload import APPROVED, CAPTURED, DECLINED, Attempt, World, capture

PAYMENT = b"pay_" + b"a" * 32
BODY = b'{"id":"' + PAYMENT + b'"}'
WORLD = World(api_key="ak_test", wallets=["acc_1"], merchants=["mer_1"])


def judge(*, pairs: bool = False, refusals: bool = False, per_second: float = 0.0) -> Judge:
    phases = [Phase(seconds=seconds, per_second=per_second) for seconds in (0, 60)]
    return Judge(
        Orders(
            world=WORLD,
            run="x",
            seed=1,
            port=1,
            connections=1,
            phases=phases,
            pairs=pairs,
            refusals=refusals,
        )
    )


def new(status: int = APPROVED) -> Attempt:
    return Attempt(b"", status, 500)


def test_a_new_payment_is_counted_once() -> None:
    judged = judge()
    judged.answered(new(), Answer(201, replayed=False, body=BODY), judged.from_ns)

    tally = judged.tally
    assert (tally.approved, tally.approved_minor, tally.mistakes) == (1, 500, 0)
    assert sum(tally.phases[1].latencies.values()) == tally.phases[1].finished == 1


def test_a_replay_is_not_counted_as_another_payment() -> None:
    judged = judge()
    again = new().repeated(PAYMENT)
    judged.answered(again, Answer(201, replayed=True, body=BODY), judged.from_ns)

    assert (judged.tally.approved, judged.tally.replayed) == (0, 1)
    assert judged.tally.mistakes == 0


@pytest.mark.parametrize(
    ("attempt", "answer"),
    [
        (new(DECLINED), Answer(201, replayed=False, body=BODY)),  # without money
        (new(), Answer(201, replayed=True, body=BODY)),  # a new key that was seen before
        (new().repeated(PAYMENT), Answer(201, replayed=False, body=BODY)),  # run again
        (
            new().repeated(PAYMENT),
            Answer(201, replayed=True, body=BODY.replace(b"a", b"b")),
        ),
        (new(), Answer(201, replayed=False, body=b"{}")),
        (new(), Answer(503, replayed=False, body=b"{}")),
        (
            capture(b"", PAYMENT),
            Answer(CAPTURED, replayed=False, body=BODY.replace(b"a", b"b")),
        ),
    ],
)
def test_a_wrong_answer_is_a_mistake(attempt: Attempt, answer: Answer) -> None:
    judged = judge()
    judged.answered(attempt, answer, judged.from_ns)

    assert judged.tally.mistakes == 1
    assert judged.tally.approved == judged.tally.captured == judged.tally.replayed == 0


def test_a_pair_is_timed_from_its_hold_to_the_answer_of_its_capture() -> None:
    judged = judge(pairs=True)
    follow_up = judged.answered(new(), Answer(201, replayed=False, body=BODY), 0)
    assert follow_up is not None
    timed_after_hold = dict(judged.tally.phases[1].latencies)
    judged.answered(follow_up, Answer(CAPTURED, replayed=False, body=BODY), judged.from_ns)

    assert timed_after_hold == {}
    assert sum(judged.tally.phases[1].latencies.values()) == 1
    assert (judged.tally.approved, judged.tally.captured) == (1, 1)


def test_under_overload_a_refusal_is_an_answer_and_is_timed_apart() -> None:
    judged = judge(refusals=True, per_second=1.0)
    judged.answered(new(), Answer(503, replayed=False, body=b"{}"), judged.from_ns)

    assert (judged.tally.refused, judged.tally.mistakes) == (1, 0)
    assert judged.tally.phases[1].latencies == {}
    assert sum(judged.tally.phases[1].refusals.values()) == 1
    assert judged.tally.slices[0].refused == 1
