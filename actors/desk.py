"""A partition behind its counter: frames in, frames out, and what it counts about itself.

Every road ends here (the socket, a plain Ray call, the in-process runtime), so all commands of
a partition pass one queue whatever road they came by.
"""

import os
import time
from bisect import bisect_left
from collections.abc import Sequence

from actors.frame import (
    BATCH_BUCKETS,
    COMMIT_BUCKETS_MS,
    Commands,
    Heartbeat,
    Request,
    Statistics,
    encode,
)
from actors.partition import Partition
from ledger.commands import Envelope
from ledger.replies import Reply


class Desk:
    def __init__(self, partition: Partition) -> None:
        self._partition = partition
        self._commands = 0
        self._batches = 0
        self._busy_us = 0
        self._by_time = [0] * (len(COMMIT_BUCKETS_MS) + 1)
        self._by_size = [0] * (len(BATCH_BUCKETS) + 1)

    def serve(self, requests: Sequence[Request]) -> list[bytes]:
        """The answers to frames that arrived together: one batch, one commit.

        Raises AppendFailed or Fenced; then no frame of these may be answered as done.
        """
        batch = [
            envelope
            for request in requests
            if isinstance(request, Commands)
            for envelope in request.envelopes
        ]
        replies = iter(self._handle(batch) if batch else [])
        answers = []
        for request in requests:
            match request:
                case Commands(envelopes=envelopes):
                    answers.append(encode([next(replies) for _ in envelopes]))
                case Heartbeat():
                    answers.append(encode(self.statistics()))
        return answers

    def _handle(self, batch: list[Envelope]) -> list[Reply]:
        started = time.perf_counter_ns()
        replies = self._partition.handle(batch)
        spent_us = (time.perf_counter_ns() - started) // 1_000
        self._commands += len(batch)
        self._batches += 1
        self._busy_us += spent_us
        self._by_time[bisect_left(COMMIT_BUCKETS_MS, spent_us / 1_000)] += 1
        self._by_size[bisect_left(BATCH_BUCKETS, len(batch))] += 1
        return replies

    def tick(self, *, idle: bool = True) -> bool:
        return self._partition.tick(idle=idle)

    def close(self) -> None:
        self._partition.close()

    def statistics(self) -> Statistics:
        partition = self._partition
        return Statistics(
            partition=partition.number,
            pid=os.getpid(),
            last_seq=partition.residents.last_seq,
            commands=self._commands,
            batches=self._batches,
            commits_us=self._busy_us,
            residents=len(partition.residents),
            open_holds=partition.residents.open_holds,
            quarantined=len(partition.quarantined),
            restarts=partition.residents.incarnation - 1,
            commit_buckets=tuple(self._by_time),
            batch_buckets=tuple(self._by_size),
            damage=partition.damage,
        )
