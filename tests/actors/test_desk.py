"""Frames that came together are one batch, and the desk counts what it did."""

import pytest

from actors.desk import Desk
from actors.frame import (
    BATCH_BUCKETS,
    COMMIT_BUCKETS_MS,
    Commands,
    Heartbeat,
    decode_replies,
    decode_statistics,
    encode,
)
from ledger.commands import Envelope, OpenAccount, ReadAccount
from ledger.errors import AppendFailed
from ledger.events import AccountKind
from ledger.replies import AccountReply
from ledger.sqlite_store import SqliteStore
from tests.books import OneDesk, account_of, asked, tip_of

AMIRA = account_of("amira")
OPENING = asked(OpenAccount(account=AMIRA, kind=AccountKind.WALLET, pots=("QAR",)), "open")
READ = Envelope(ReadAccount(account=AMIRA))


@pytest.fixture
def counter(desk: OneDesk) -> Desk:
    return Desk(desk.partition)


def test_frames_that_came_together_are_decided_in_their_order(counter: Desk) -> None:
    answers = counter.serve([Commands([OPENING]), Commands([]), Commands([READ, READ])])

    first, nothing, reads = [decode_replies(answer) for answer in answers]
    assert nothing == []
    assert [type(reply) for reply in first + reads] == [AccountReply] * 3


def test_frames_that_came_together_are_one_batch(counter: Desk) -> None:
    counter.serve([Commands([OPENING]), Commands([READ, READ])])

    found = counter.statistics()
    assert (found.commands, found.batches) == (3, 1)
    assert len(found.batch_buckets) == len(BATCH_BUCKETS) + 1
    assert found.batch_buckets[BATCH_BUCKETS.index(4)] == 1


def test_a_heartbeat_is_no_batch_and_counts_what_came_before_it(counter: Desk) -> None:
    *_, beat = counter.serve([Commands([OPENING]), Heartbeat()])

    found = decode_statistics(beat)
    assert (found.commands, found.batches, found.residents) == (1, 1, 1)
    assert found.last_seq == 2
    assert sum(found.commit_buckets) == 1
    assert len(found.commit_buckets) == len(COMMIT_BUCKETS_MS) + 1
    counter.serve([Heartbeat()])
    assert counter.statistics().batches == 1


def test_statistics_come_back_from_their_bytes(counter: Desk) -> None:
    assert decode_statistics(encode(counter.statistics())) == counter.statistics()


def test_of_a_batch_whose_append_failed_no_frame_is_answered(
    counter: Desk, desk: OneDesk, store: SqliteStore
) -> None:
    desk._journal._db.execute("PRAGMA query_only=ON")  # type: ignore[attr-defined]

    with pytest.raises(AppendFailed):
        counter.serve([Commands([OPENING]), Heartbeat()])

    assert tip_of(store).seq == 1
