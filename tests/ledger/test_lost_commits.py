"""A commit on PostgreSQL whose answer was lost: happened, not happened, or honestly unknown.

Each test breaks the road or the server while one append is under way.
"""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import Any

import psycopg
import pytest

from ledger.entry import Sealed
from ledger.errors import AppendFailed, Fenced, Happened
from ledger.ids import AccountId
from ledger.journal import Image, Mark, Tip
from ledger.postgres_journal import PostgresJournal
from ledger.postgres_store import PostgresStore
from ledger.store_address import StoreAddress
from tests.contracts.test_journal_contract import chained
from tests.postgres_road import Break, Road
from tests.postgres_server import PostgresServer, the_server

# Looks at a server that has some 5 ms for each: then what a test waits for does not come.
LOOKS_MAX = 500
CANCEL_THE_WAIT = (
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
)


FIRST = chained(1)
IMAGE = Image(AccountId(b"a" * 16), 1, 0, b"body", b"hash")


@pytest.fixture
def server() -> PostgresServer:
    return the_server()


@pytest.fixture
def where(server: PostgresServer) -> StoreAddress:
    return server.empty_database()


@pytest.fixture
def road(server: PostgresServer) -> Iterator[Road]:
    with closing(Road(server)) as opened:
        yield opened


@pytest.fixture
def journal(
    server: PostgresServer, where: StoreAddress, road: Road
) -> Iterator[PostgresJournal]:
    """A writer on the road that breaks. It is patient: a busy machine takes its time to recover."""
    address = server.address(road.folder)
    store = PostgresStore(address, settle_ms=30_000)
    with closing(store.writer(0)) as opened:
        yield opened


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def written(where: StoreAddress) -> list[Sealed]:
    """What the journal holds, seen by somebody else."""
    with closing(PostgresStore(where).reader(0)) as reader:
        return reader.read(0, 100)


@contextmanager
def holding_back(
    server: PostgresServer, seq: int
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """An append of entry seq halts in the midst of its transaction for as long as this lasts."""
    with closing(server.session()) as blocker:
        blocker.execute("BEGIN")
        blocker.execute("INSERT INTO airside.entries VALUES (0, %s, '', '')", (seq,))
        yield blocker


def until_waiting(server: PostgresServer, count: int) -> int:
    """Until so many processes of the server wait for a lock. The oldest is the append's."""
    for _ in range(LOOKS_MAX):
        waiting = server.ask(
            "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND wait_event_type = 'Lock' ORDER BY backend_start",
        )
        if len(waiting) >= count:
            return int(waiting[0][0])
    activity = server.ask(
        "SELECT pid, application_name, state, wait_event_type, wait_event, query"
        " FROM pg_stat_activity WHERE backend_type = 'client backend'"
    )
    pytest.fail(f"nobody waits: {activity}")


def append_cut_off(
    pool: ThreadPoolExecutor, journal: PostgresJournal, road: Road, server: PostgresServer
) -> Future[None]:
    """The first entry, from another thread. The way back is cut once the server is at work."""
    road.break_next(Break.HOLDS_ANSWER)
    append = pool.submit(journal.append, FIRST)
    until_waiting(server, 1)
    road.cut_off()
    return append


def outcome(append: Future[None]) -> Happened:
    with pytest.raises(AppendFailed) as caught:
        append.result()
    return caught.value.happened


def test_a_commit_whose_answer_was_lost_is_found_and_the_writer_goes_on(
    journal: PostgresJournal, road: Road, where: StoreAddress
) -> None:
    entries = chained(4)
    road.break_next(Break.LOSES_ANSWER)
    journal.append(entries[:2], [IMAGE], Mark(1))
    journal.require_sole_writer()
    journal.append(entries[2:])

    assert written(where) == entries
    assert journal.image(IMAGE.account) == IMAGE


def test_a_request_that_was_lost_has_not_happened_and_never_will(
    journal: PostgresJournal, road: Road, where: StoreAddress
) -> None:
    road.break_next(Break.LOSES_REQUEST)

    with pytest.raises(AppendFailed) as caught:
        journal.append(FIRST, [IMAGE], Mark(1))

    assert caught.value.happened is Happened.NO
    assert road.deliver_late()
    assert written(where) == []
    assert journal.image(IMAGE.account) is None


def test_a_lost_request_that_arrives_after_the_next_incarnation_does_nothing(
    journal: PostgresJournal, road: Road, where: StoreAddress
) -> None:
    road.break_next(Break.LOSES_REQUEST)
    with pytest.raises(AppendFailed):
        journal.append([], [IMAGE], Mark(1))

    with closing(PostgresStore(where).writer(0)) as next_one:
        next_one.append(FIRST)
        assert road.deliver_late()
        next_one.require_sole_writer()
        assert next_one.images(10) == []

    assert written(where) == FIRST


def test_a_commit_still_at_work_is_waited_for(
    journal: PostgresJournal,
    road: Road,
    where: StoreAddress,
    server: PostgresServer,
    pool: ThreadPoolExecutor,
) -> None:
    with holding_back(server, 1) as blocker:
        append = append_cut_off(pool, journal, road, server)
        until_waiting(server, 2)
        blocker.execute("ROLLBACK")
        append.result()

    assert written(where) == FIRST


def test_a_statement_that_the_server_had_not_begun_never_happens(
    journal: PostgresJournal,
    road: Road,
    where: StoreAddress,
    pool: ThreadPoolExecutor,
) -> None:
    """It lies in the buffer of a process that gets no time. The settlement does not wait for it."""
    slow = journal._session._connection.info.backend_pid
    os.kill(slow, signal.SIGSTOP)
    try:
        road.break_next(Break.HOLDS_ANSWER)
        append = pool.submit(journal.append, FIRST)
        road.cut_off()
        assert outcome(append) is Happened.NO
    finally:
        os.kill(slow, signal.SIGCONT)

    assert road.unheard()
    assert written(where) == []


def test_a_commit_still_at_work_when_patience_ends_is_unknown(
    road: Road, where: StoreAddress, server: PostgresServer, pool: ThreadPoolExecutor
) -> None:
    address = server.address(road.folder)
    with closing(PostgresStore(address, settle_ms=100).writer(0)) as journal:
        with holding_back(server, 1) as blocker:
            append = append_cut_off(pool, journal, road, server)
            assert outcome(append) is Happened.UNKNOWN
            blocker.execute("ROLLBACK")

        # The next incarnation waits for it, as every append does, and is told to look again.
        with closing(PostgresStore(where).writer(0)) as next_one:
            known = next_one.tip()
            assert known in {Tip(), Tip(1, FIRST[0].hash)}


@pytest.mark.slow
@pytest.mark.parametrize("end", ["pg_terminate_backend", "kill -9"])
def test_a_commit_whose_process_is_killed_has_not_happened(
    journal: PostgresJournal,
    road: Road,
    where: StoreAddress,
    server: PostgresServer,
    pool: ThreadPoolExecutor,
    end: str,
) -> None:
    """After a kill -9 the server ends all its processes and recovers from its log."""
    with holding_back(server, 1):
        append = append_cut_off(pool, journal, road, server)
        at_work = until_waiting(server, 2)
        if end == "kill -9":
            os.kill(at_work, signal.SIGKILL)
        else:
            server.ask(f"SELECT pg_terminate_backend({at_work})")
        assert outcome(append) is Happened.NO

    assert written(where) == []


@pytest.mark.slow
def test_a_server_that_restarts_in_the_midst_of_a_commit_says_what_became_of_it(
    journal: PostgresJournal,
    road: Road,
    where: StoreAddress,
    server: PostgresServer,
    pool: ThreadPoolExecutor,
) -> None:
    with holding_back(server, 1):
        append = pool.submit(journal.append, FIRST)
        until_waiting(server, 1)
        server.stop()
        server.start()
        assert outcome(append) is Happened.NO

    assert written(where) == []


@pytest.mark.slow
def test_a_server_that_stays_away_leaves_it_unknown(
    where: StoreAddress, server: PostgresServer, pool: ThreadPoolExecutor
) -> None:
    with (
        closing(PostgresStore(where, settle_ms=100).writer(0)) as journal,
        holding_back(server, 1),
    ):
        append = pool.submit(journal.append, FIRST)
        until_waiting(server, 1)
        server.stop()
        try:
            assert outcome(append) is Happened.UNKNOWN
        finally:
            server.start()


def test_a_writer_that_lost_its_answer_and_was_replaced_meanwhile_is_fenced(
    journal: PostgresJournal, road: Road, where: StoreAddress, server: PostgresServer
) -> None:
    road.break_next(Break.LOSES_REQUEST)
    with closing(PostgresStore(where).writer(0)) as other:
        other.append(chained(3))

        with pytest.raises(Fenced):
            journal.append(FIRST)


@pytest.mark.slow
def test_a_commit_that_no_replica_has_confirmed_is_unknown(
    where: StoreAddress, server: PostgresServer, pool: ThreadPoolExecutor
) -> None:
    """Someone cancels the wait for the replica: the server answers *committed*, with a warning."""
    with (
        closing(PostgresStore(where, settle_ms=100).writer(0)) as journal,
        waiting_for_a_replica(server),
    ):
        append = pool.submit(append_on_and_on, journal)
        assert any(server.ask(CANCEL_THE_WAIT) for _ in range(LOOKS_MAX))
        assert outcome(append) is Happened.UNKNOWN


def append_on_and_on(journal: PostgresJournal) -> None:
    """The server takes the new setting up a moment after it was told to."""
    while True:
        journal.append(chained(1, journal.tip()))


@contextmanager
def waiting_for_a_replica(server: PostgresServer) -> Iterator[None]:
    """Every commit waits for a replica that is not there."""
    name = "synchronous_standby_names"
    with closing(server.session()) as session:
        session.execute("SET synchronous_commit = local")
        session.execute(f"ALTER SYSTEM SET {name} = 'nobody'".encode())
        session.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            session.execute(f"ALTER SYSTEM RESET {name}".encode())
            session.execute("SELECT pg_reload_conf()")
