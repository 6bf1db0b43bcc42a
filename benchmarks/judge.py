"""What all connections share: the clock, the workload, the tally, and what a right answer is."""

import time
from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple

from benchmarks.histogram import record
from benchmarks.orders import SLICE_MS, Orders, PhaseTally, Slice, Tally
from benchmarks.workload import APPROVED, REFUSED, UNKNOWN, Attempt, Workload

MISTAKES_SHOWN_MAX = 5

_ID_START = b'{"id":"'
# `pay_` and 32 characters.
_ID = slice(len(_ID_START), len(_ID_START) + 36)
_SLICE_NS = SLICE_MS * 1_000_000


class Answer(NamedTuple):
    """What came back, by whatever road."""

    status: int
    replayed: bool
    body: bytes


class Judge:
    def __init__(self, orders: Orders) -> None:
        self.workload = Workload(
            orders.world,
            orders.run,
            orders.seed,
            pairs=orders.pairs,
            lines=orders.pipelined > 0,
        )
        self.tally = Tally(phases=[PhaseTally() for _ in orders.phases])
        self._orders = orders
        self.from_ns = time.perf_counter_ns()
        spans = [int(phase.seconds * 1e9) for phase in orders.phases]
        self._ends_ns = [self.from_ns + passed for passed in accumulate(spans)]
        self.until_ns = self._ends_ns[-1]
        if orders.open_loop:
            self.tally.slices = [Slice() for _ in range(sum(spans) // _SLICE_NS + 1)]

    def over(self) -> bool:
        return time.perf_counter_ns() >= self.until_ns

    def phase_at(self, at_ns: int) -> int:
        """After the end there is one more, which nobody counts."""
        return bisect_right(self._ends_ns, at_ns)

    def answered(self, attempt: Attempt, answer: Answer, started_ns: int) -> Attempt | None:
        """Judge and count it. What must be asked next, in the same breath: a hold's capture."""
        self.tally.answers += 1
        if self._orders.refusals and answer.status in {REFUSED, UNKNOWN}:
            self._turned_away(answer.status, started_ns)
            return None
        follow_up = self._judge(attempt, answer)
        if follow_up is None:
            self._clock(started_ns)
        return follow_up

    def _judge(self, attempt: Attempt, answer: Answer) -> Attempt | None:
        if not self._orders.judged:
            if answer.status != APPROVED:
                self._mistake(answer)
            return None
        payment = answer.body[_ID]
        wanted = attempt.payment or payment
        right = answer.status == attempt.status and answer.body.startswith(_ID_START)
        if not right or payment != wanted or answer.replayed is not attempt.again:
            self._mistake(answer)
            return None
        return self._count(attempt, payment)

    def _count(self, attempt: Attempt, payment: bytes) -> Attempt | None:
        tally = self.tally
        if attempt.again:
            tally.replayed += 1
            return None
        if attempt.captures:
            tally.captured += 1
            return None
        if attempt.status == APPROVED:
            tally.approved += 1
            tally.approved_minor += attempt.amount_minor
        else:
            tally.declined += 1
        return self.workload.answered(attempt, payment)

    def _clock(self, started_ns: int) -> None:
        """In a closed loop an answer belongs to when it came, in an open one to when it was
        asked for: there, those that come late are the ones that matter.
        """
        now_ns = time.perf_counter_ns()
        phases, spent_us = self.tally.phases, (now_ns - started_ns) // 1_000
        came_in = self.phase_at(now_ns)
        if came_in < len(phases):
            phases[came_in].finished += 1
        if self.tally.slices:
            record(phases[self.phase_at(started_ns)].latencies, spent_us)
            slice_ = self._slice(started_ns)
            slice_.answered += 1
            slice_.spent_us += spent_us
            slice_.worst_us = max(slice_.worst_us, spent_us)
        elif came_in < len(phases):
            record(phases[came_in].latencies, spent_us)

    def _turned_away(self, status: int, started_ns: int) -> None:
        if status == UNKNOWN:
            self.tally.unknown += 1
            return
        self.tally.refused += 1
        spent_us = (time.perf_counter_ns() - started_ns) // 1_000
        record(self.tally.phases[self.phase_at(started_ns)].refusals, spent_us)
        if self.tally.slices:
            self._slice(started_ns).refused += 1

    def _slice(self, started_ns: int) -> Slice:
        return self.tally.slices[(started_ns - self.from_ns) // _SLICE_NS]

    def _mistake(self, answer: Answer) -> None:
        self.tally.mistakes += 1
        if len(self.tally.mistakes_shown) < MISTAKES_SHOWN_MAX:
            text = answer.body[:200].decode(errors="replace")
            self.tally.mistakes_shown.append(f"{answer.status} {text}")
