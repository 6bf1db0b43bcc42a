"""What PostgreSQL adds to the journal's contract: a schema, a server's settings, and sessions."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import LiteralString

import pytest

from actors.tail import Tail
from ledger import postgres_reader
from ledger.entry import Entry
from ledger.errors import (
    BadStoreAddress,
    SchemaTooNew,
    StoreNotDurable,
    StoreUnreachable,
    StoreUnreadable,
)
from ledger.journal import Mark, Tip
from ledger.postgres_schema import MIGRATIONS, migrate, version
from ledger.postgres_session import Session
from ledger.postgres_store import PostgresStore
from ledger.store_address import StoreAddress
from tests.contracts.test_journal_contract import chained
from tests.postgres_server import PostgresServer, the_server

# The server takes a new setting, or the end of a session, up a moment after it was told. Looks at
# it take some 5 ms each: after so many, what a test waits for does not come.
LOOKS_MAX = 1_000


@pytest.fixture
def server() -> PostgresServer:
    return the_server()


@pytest.fixture
def where(server: PostgresServer) -> StoreAddress:
    return server.empty_database()


@pytest.fixture
def store(where: StoreAddress) -> PostgresStore:
    return PostgresStore(where)


@contextmanager
def setting(server: PostgresServer, change: LiteralString) -> Iterator[None]:
    """ALTER … SET, for as long as this lasts."""
    subject, _, assignment = change.partition(" SET ")
    name = assignment.split()[0]
    with closing(server.session()) as session:
        session.execute(change.encode())
        session.execute("SELECT pg_reload_conf()")
        try:
            yield
        finally:
            session.execute(f"{subject} RESET {name}".encode())
            session.execute("SELECT pg_reload_conf()")


def test_a_schema_is_made_once_however_many_begin_together(
    where: StoreAddress, server: PostgresServer
) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: PostgresStore(where).prepare(), range(8)))

    rows = server.ask("SELECT version FROM airside.schema_version ORDER BY version")
    assert rows == [(number + 1,) for number in range(len(MIGRATIONS))]


def test_a_migration_runs_once_and_only_forward(where: StoreAddress) -> None:
    first = (
        "CREATE TABLE airside.notes (text text); INSERT INTO airside.notes VALUES ('first')"
    )
    second = "INSERT INTO airside.notes VALUES ('second')"
    with closing(Session(where, "test")) as session:
        assert version(session) == 0
        migrate(session, (first,))
        migrate(session, (first, second))
        migrate(session, (first, second))

        assert version(session, 2) == 2
        assert session.rows("SELECT text FROM airside.notes") == [("first",), ("second",)]
        with pytest.raises(SchemaTooNew):
            migrate(session, (first,))


def test_a_migration_that_fails_leaves_nothing_behind(where: StoreAddress) -> None:
    with closing(Session(where, "test")) as session:
        with pytest.raises(StoreUnreadable):
            migrate(session, ("CREATE TABLE airside.half (); SELECT 1 / 0",))

        assert version(session) == 0
        migrate(session)


def test_a_newer_schema_is_refused_with_its_reason(
    store: PostgresStore, server: PostgresServer
) -> None:
    store.writer(0).close()
    server.ask("INSERT INTO airside.schema_version VALUES (9)")

    for attempt in (
        store.prepare,
        store.partitions,
        lambda: store.writer(0),
        lambda: store.reader(0),
    ):
        with pytest.raises(
            SchemaTooNew, match=r"version 9.* knows versions up to 1.*upgrade"
        ):
            attempt()


def test_a_database_without_journals_is_empty_and_is_not_written_to(
    store: PostgresStore, server: PostgresServer
) -> None:
    assert store.partitions() == []
    with pytest.raises(StoreUnreadable, match="there are no journals"):
        store.reader(0)

    assert server.ask("SELECT to_regnamespace('airside')") == [(None,)]


def test_a_server_that_does_not_sync_is_refused(
    store: PostgresStore, server: PostgresServer
) -> None:
    store.prepare()
    with (
        setting(server, "ALTER SYSTEM SET fsync = off"),
        pytest.raises(StoreNotDurable, match="fsync=off"),
    ):
        prepare_on_and_on(store)


def prepare_on_and_on(store: PostgresStore) -> None:
    for _ in range(LOOKS_MAX):
        store.prepare()


@pytest.mark.parametrize(
    ("default", "used"),
    [("off", "on"), ("local", "on"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_commit_waits_for_the_disk_whatever_the_default_is(
    store: PostgresStore, server: PostgresServer, default: str, used: str
) -> None:
    change = f"ALTER DATABASE postgres SET synchronous_commit = {default}"
    with setting(server, change), closing(store.writer(0)) as journal:
        assert journal._session.rows("SHOW synchronous_commit") == [(used,)]


def test_the_fence_holds_whatever_the_default_isolation_is(
    store: PostgresStore, server: PostgresServer
) -> None:
    change: LiteralString = (
        "ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'"
    )
    with setting(server, change), closing(store.writer(0)) as journal:
        assert journal._session.rows("SHOW transaction_isolation") == [("read committed",)]


def test_a_tip_that_is_not_the_last_entry_is_damage(
    store: PostgresStore, server: PostgresServer
) -> None:
    with closing(store.writer(0)) as journal:
        journal.append(chained(2))
    server.ask("DELETE FROM airside.entries WHERE seq = 2")

    with pytest.raises(StoreUnreadable, match="entry 2 is the last, and that is 1"):
        store.writer(0)


def test_a_damaged_mark_is_not_read(store: PostgresStore, server: PostgresServer) -> None:
    with closing(store.writer(0)) as journal:
        journal.append(chained(1), mark=Mark(1))
        server.ask("UPDATE airside.mark SET body = 'x'")

        with pytest.raises(StoreUnreadable, match="partition 0: the mark"):
            journal.mark()


def test_readers_of_one_store_share_a_session_and_the_last_one_ends_it(
    store: PostgresStore, server: PostgresServer
) -> None:
    for number in range(3):
        store.writer(number).close()
    readers = [store.reader(number) for number in range(3)]
    [shared] = _sessions(server)

    for reader in readers[1:]:
        reader.close()
        reader.close()
    assert readers[0].tip() == Tip()
    assert _sessions(server) == [shared]
    readers[0].close()
    assert any(not _sessions(server) for _ in range(LOOKS_MAX))


def _sessions(server: PostgresServer) -> list[int]:
    """Of readers, by the process that each has on the server."""
    rows = server.ask(
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'airside reader'"
    )
    return [pid for (pid,) in rows]


@pytest.mark.slow
def test_a_reader_and_a_tail_outlive_a_restart_of_the_server(
    store: PostgresStore, server: PostgresServer
) -> None:
    with closing(store.writer(0)) as journal:
        journal.append(chained(2))
    tail = Tail(store, 0, 1)
    with closing(store.reader(0)) as reader, closing(tail):
        server.stop()
        with pytest.raises(StoreUnreachable):
            reader.tip()
        assert tail.next() == []
        tail.skip_to_end()
        assert tail.after == 1
        server.start()

        assert reader.tip().seq == 2
        assert _numbers(tail.next()) == [2]


@pytest.mark.slow
def test_a_reader_that_was_idle_during_a_restart_does_not_notice(
    store: PostgresStore, server: PostgresServer
) -> None:
    store.writer(0).close()
    with closing(store.reader(0)) as reader:
        server.stop()
        server.start()

        assert reader.tip() == Tip()


@contextmanager
def stopped(server: PostgresServer) -> Iterator[None]:
    """The server's process for the readers gets no time. Its kernel keeps the connection alive."""
    [pid] = _sessions(server)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_read_that_gets_no_answer_is_given_up_and_asked_anew(
    store: PostgresStore, where: StoreAddress, server: PostgresServer
) -> None:
    store.writer(0).close()
    with closing(PostgresStore(where, read_ms=300).reader(0)) as reader, stopped(server):
        assert reader.tip() == Tip()


def test_a_server_that_kept_a_reader_waiting_is_left_alone_for_a_while(
    store: PostgresStore,
    where: StoreAddress,
    server: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a gateway would wait again for each of its journals, and serve nobody meanwhile."""
    store.writer(0).close()
    monkeypatch.setattr(postgres_reader, "SLOW_MS", 0)
    with closing(PostgresStore(where, read_ms=50).reader(0)) as reader, stopped(server):
        with pytest.raises(StoreUnreachable):
            reader.tip()
        with pytest.raises(StoreUnreachable, match="did not answer a moment ago"):
            reader.tip()

        monkeypatch.setattr(postgres_reader, "_now_ms", lambda: sys.maxsize)
        assert reader.tip() == Tip()


def _numbers(entries: list[Entry]) -> list[int]:
    return [entry.seq for entry in entries]


@pytest.mark.slow
def test_a_writer_does_not_outlive_a_restart_of_the_server(
    store: PostgresStore, server: PostgresServer
) -> None:
    """It cannot know who wrote meanwhile."""
    with closing(store.writer(0)) as journal:
        server.stop()
        server.start()

        with pytest.raises(StoreUnreachable):
            journal.tip()
        with pytest.raises(StoreUnreachable):
            journal.require_sole_writer()


def test_no_error_shows_the_password(tmp_path: Path) -> None:
    host = str(tmp_path).replace("/", "%2F")
    where = StoreAddress(f"postgresql://airside:SECRET@{host}/wallet?options=-cSECRET")

    for attempt in (
        lambda: PostgresStore(where).writer(0),
        PostgresStore(where).partitions,
    ):
        with pytest.raises(StoreUnreachable, match="airside:\\*\\*\\*\\*@") as caught:
            attempt()
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("query", ["SECRET", "nonsense=SECRET", "password=%ZZSECRET"])
def test_what_libpq_cannot_read_and_would_quote_is_not_repeated(query: str) -> None:
    store = PostgresStore(StoreAddress(f"postgresql://airside@db/wallet?{query}"))

    with pytest.raises(BadStoreAddress) as caught:
        store.partitions()

    assert "SECRET" not in "".join(traceback.format_exception(caught.value))
